"""SQL on the history that boards use: over what the read-only role may read, and fast on ten million events.

Choices at the top of a board come as texts that Grafana has quoted (`:sqlstring`), so that nothing in an address is
SQL. `'*'` among them stands for all: PostgreSQL sees that such a condition is always true before it chooses its plan.
"""

from collections.abc import Mapping

EVERYTHING = "'*'"
"""What All of a variable stands for: a text in SQL, because Grafana passes it on as it is."""

LEAST = "${least:sqlstring}::float8"
"""The smallest order that is shown, in USD."""

CHOICES = {"exchange": "exchange", "side": "side", "base": "coins"}
"""Columns, and the variables that choose among their values."""

Titles = Mapping[str, str]
"""What a query selects: expressions by the titles of their columns."""


def newest(columns: Titles, limit: int) -> str:
    """Return the query for the newest chosen liquidations of the time range."""
    return f"""SELECT
{_listed(columns)}
FROM liquidations
WHERE $__timeFilter(time) AND notional_usd >= {LEAST} AND {_chosen()}
ORDER BY time DESC
LIMIT {limit}"""


def over_time(columns: Titles) -> str:
    """Return the query for figures of each interval of a graph, from sums by `side` of `notional_usd` and `events`.

    The aggregates know sums and no single orders, so they serve where no smallest order is chosen. PostgreSQL does not
    even look at the branches that the choices rule out.
    """
    return f"""SELECT
    $__timeGroupAlias(time, $__interval),
{_listed(columns)}
FROM (
    SELECT time, exchange, base, side, notional_usd, events
    FROM liquidations_1m WHERE {LEAST} <= 0 AND $__interval_ms < 3600000
    UNION ALL
    SELECT time, exchange, base, side, notional_usd, events
    FROM liquidations_1h WHERE {LEAST} <= 0 AND $__interval_ms >= 3600000
    UNION ALL
    SELECT time, exchange, base, side, notional_usd, 1
    FROM liquidations WHERE {LEAST} > 0 AND notional_usd >= {LEAST}
) AS parts
WHERE $__timeFilter(time) AND {_chosen()}
GROUP BY 1
ORDER BY 1"""


def largest_since(columns: Titles, span: str, limit: int) -> str:
    """Return the query for the largest chosen liquidations of the last `span`, such as `1 hour`."""
    return f"""SELECT
{_listed(columns)}
FROM liquidations
WHERE time > now() - interval '{span}' AND notional_usd >= {LEAST} AND {_chosen()}
ORDER BY notional_usd DESC
LIMIT {limit}"""


def largest_ever(columns: Titles, limit: int) -> str:
    """Return the query for the largest chosen liquidations of all time, which reads the days and not every event.

    The n largest happened on the n days (of an exchange, coin and side) that have the largest, there in such n hours,
    and there in such n minutes. Of what the retention has dropped only the largest of each minute is known.
    """
    return f"""WITH days AS (
    SELECT time, exchange, base, side, largest_usd
    FROM liquidations_1d WHERE largest_usd >= {LEAST} AND {_chosen()}
    ORDER BY largest_usd DESC LIMIT {limit}
), hours AS ({_largest_within("days", "1 day", "liquidations_1h", limit)}
), minutes AS ({_largest_within("hours", "1 hour", "liquidations_1m", limit)}
), orders AS (
    SELECT
        coalesce(event.time, whole.time) AS time,
        whole.exchange,
        whole.base,
        whole.side,
        coalesce(event.notional_usd, whole.largest_usd) AS notional_usd
    FROM minutes AS whole LEFT JOIN LATERAL (
        SELECT time, notional_usd FROM liquidations AS part
        WHERE {_inside("1 minute")}
        ORDER BY notional_usd DESC LIMIT {limit}
    ) AS event ON true
)
SELECT
{_listed(columns)}
FROM orders
WHERE notional_usd >= {LEAST}
ORDER BY notional_usd DESC
LIMIT {limit}"""


def gaps(columns: Titles, limit: int) -> str:
    """Return the query for the newest spans of the time range in which a feed was not live."""
    return f"""SELECT
{_listed(columns)}
FROM feed_gaps
WHERE from_time <= $__timeTo() AND coalesce(until_time, now()) >= $__timeFrom()
ORDER BY from_time DESC
LIMIT {limit}"""


def _largest_within(wholes: str, width: str, aggregate: str, limit: int) -> str:
    """Return the query that finds the parts with the largest orders within some wider parts."""
    return f"""
    SELECT part.* FROM {wholes} AS whole CROSS JOIN LATERAL (
        SELECT time, exchange, base, side, largest_usd FROM {aggregate} AS part
        WHERE {_inside(width)}
        ORDER BY largest_usd DESC LIMIT {limit}
    ) AS part
    ORDER BY largest_usd DESC LIMIT {limit}"""


def _inside(width: str) -> str:
    """Return the condition that a part is of the same exchange, coin and side, and in the time of the whole."""
    same = " AND ".join(f"part.{column} = whole.{column}" for column in ("exchange", "base", "side"))
    return f"{same} AND part.time >= whole.time AND part.time < whole.time + interval '{width}'"


def _chosen() -> str:
    """Return the condition that the choices of exchange, side and coin make."""
    lists = {column: f"${{{variable}:sqlstring}}" for column, variable in CHOICES.items()}
    return " AND ".join(f"({EVERYTHING} IN ({chosen}) OR {column} IN ({chosen}))" for column, chosen in lists.items())


def _listed(columns: Titles) -> str:
    return ",\n".join(f'    {expression} AS "{title}"' for title, expression in columns.items())
