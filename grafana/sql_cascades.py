"""SQL on the episodes of the history. Base `*` is the market as a whole."""

from grafana.sql import Titles, listed

MARKET = "*"
IN_RANGE = "start_time <= $__timeTo() AND last_time >= $__timeFrom()"
CHOSEN = "level >= ${level:sqlstring}::int AND ('*' IN (${coins:sqlstring}) OR base IN (${coins:sqlstring}))"


def episodes(columns: Titles, limit: int) -> str:
    """Return the query for the newest chosen episodes of the time range."""
    return f"""SELECT
{listed(columns)}
FROM cascades
WHERE {IN_RANGE} AND {CHOSEN}
ORDER BY start_time DESC
LIMIT {limit}"""


def by_coin(columns: Titles, limit: int) -> str:
    """Return the query for sums over the chosen episodes of the time range, for each coin and side."""
    return f"""SELECT
{listed(columns)}
FROM cascades
WHERE {IN_RANGE} AND {CHOSEN}
GROUP BY base, side
ORDER BY sum(notional_usd) DESC
LIMIT {limit}"""


def by_exchange(columns: Titles, limit: int) -> str:
    """Return the query for figures of each `exchange` over the chosen episodes, of which it `began` some."""
    return f"""SELECT
{listed(columns)}
FROM (
    SELECT exchange, (exchange = first_exchange)::int AS began
    FROM cascades CROSS JOIN unnest(exchanges) AS exchange
    WHERE {IN_RANGE} AND {CHOSEN}
) AS parts
GROUP BY exchange
ORDER BY sum(began) DESC, count(*) DESC, exchange
LIMIT {limit}"""


REASONS = """(
        SELECT
            string_agg(replace(key, '_', ' ') || ' ' || round(value::numeric, 1), ', ' ORDER BY value DESC)
        FROM (
            SELECT key, value::float8 AS value FROM jsonb_each_text(contributions) ORDER BY value::float8 DESC LIMIT 2
        ) AS part
        WHERE value > 0
    )"""
"""The two parts that added most to the highest score, as text."""
