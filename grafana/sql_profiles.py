"""SQL that looks at a part of the history, a coin or an exchange, by price, by hour, by size.

`where` is a condition with the choice at the top of the board in it.
"""

from grafana.sizes import SPANS
from grafana.sql import Titles, listed

OF_COIN = "base = ${coin:sqlstring}"
OF_EXCHANGE = "exchange = ${venue:sqlstring}"

WEEKDAY_DAYS = 28
"""Whole weeks, so that every weekday is in them equally often."""
RUNGS = 24
"""So many steps the prices of the time range are divided into at most; none is finer than a level of 0.1 %."""

_LADDER = f"""WITH orders AS MATERIALIZED (
    SELECT time, side, level, notional_usd
    FROM liquidations
    WHERE $__timeFilter(time) AND {OF_COIN}
), ladder AS (
    SELECT
        min(level) AS low,
        max(level) AS high,
        ceil((max(level) - min(level) + 1) / {RUNGS}.0)::int AS width,
        greatest(0, 4 - floor(log(1.001::float8 ^ max(level)))::int) AS decimals
    FROM orders
), rungs AS (
    SELECT
        rung,
        lpad(round((1.001::float8 ^ (low + rung * width))::numeric, decimals)::text, 14) AS price
    FROM ladder CROSS JOIN generate_series(0, (high - low) / width) AS rung
)"""
"""The orders of a coin, and the steps of their prices by their lower ends; equally long texts sort as their numbers."""


def heatmap() -> str:
    """Return the query for USD by time and price."""
    return f"""{_LADDER}
SELECT
    $__timeGroupAlias(time, $__interval),
    price AS metric,
    sum(notional_usd) AS usd
FROM (
    SELECT time, (level - low) / width AS rung, notional_usd FROM orders CROSS JOIN ladder
    UNION ALL
    SELECT (SELECT min(time) FROM orders), rung, 0 FROM rungs
) AS parts JOIN rungs USING (rung)
GROUP BY 1, 2
ORDER BY 1, 2"""


def levels(columns: Titles) -> str:
    """Return the query for what was liquidated at each step of the price, the highest first."""
    return f"""{_LADDER}
SELECT
{listed(columns)}
FROM rungs CROSS JOIN ladder LEFT JOIN orders ON (orders.level - low) / width = rung
GROUP BY rung, price
ORDER BY rung DESC"""


def by_hour(columns: Titles, where: str, days: int) -> str:
    """Return the query for sums by the hour of the day, from 0 to 23 UTC, over the whole hours of so many days."""
    this_hour = "date_trunc('hour', now())"
    span = f"time >= {this_hour} - interval '{days} days' AND time < {this_hour}"
    return _profile("generate_series(0, 23)", "hour", columns, f"liquidations_1h WHERE {where} AND {span}")


def by_weekday(columns: Titles, where: str) -> str:
    """Return the query for sums by weekday, from Monday (1) to Sunday (7), UTC, the last day being today."""
    span = f"time >= date_trunc('day', now(), 'UTC') - interval '{WEEKDAY_DAYS - 1} days'"
    return _profile("generate_series(1, 7)", "isodow", columns, f"liquidations_1d WHERE {where} AND {span}")


def _profile(parts: str, field: str, columns: Titles, source: str) -> str:
    return f"""SELECT
{listed(columns)}
FROM {parts} AS part LEFT JOIN (
    SELECT extract({field} FROM time AT TIME ZONE 'UTC')::int AS part, side, sum(notional_usd) AS notional_usd
    FROM {source}
    GROUP BY 1, 2
) AS sums USING (part)
GROUP BY part
ORDER BY part"""


def sizes(columns: Titles, where: str) -> str:
    """Return the query for the sums of `events` of the time range by size; `span` is the size in words."""
    texts = [span.replace("$", "") for span in SPANS]  # Grafana would take it for the beginning of a variable
    spans = ", ".join(f"({number}, '{text}')" for number, text in enumerate(texts))
    return f"""SELECT
{listed(columns)}
FROM (VALUES {spans}) AS spans (bucket, span) LEFT JOIN (
    SELECT size_bucket(notional_usd) AS bucket, side, count(*) AS events
    FROM liquidations
    WHERE $__timeFilter(time) AND {where}
    GROUP BY 1, 2
) AS counted USING (bucket)
GROUP BY bucket, span
ORDER BY bucket"""


def largest(columns: Titles, where: str, limit: int) -> str:
    """Return the query for the largest orders of the time range."""
    return f"""SELECT
{listed(columns)}
FROM liquidations
WHERE $__timeFilter(time) AND {where}
ORDER BY notional_usd DESC
LIMIT {limit}"""
