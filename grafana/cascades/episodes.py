"""The episodes that are over or still open, from the history."""

from grafana import sql_cascades as sql
from grafana.builder import units
from grafana.builder.colours import PLAIN
from grafana.builder.fields import Look
from grafana.builder.panels import Panel
from grafana.builder.tables import Column, sql_table
from grafana.links import EXCHANGE_OF_ROW
from grafana.looks import COUNT, DURATION, MONEY_SHORT, SHARE, SIDE
from grafana.signals import LEVEL, SCORE
from grafana.strip import NO_HISTORY

LIMIT = 200
COIN = Look(texts={sql.MARKET: ("ALL", PLAIN)})
NOTHING = f"No episode in the time range that the choices above leave, {NO_HISTORY}"
SPAN = "from=${__data.fields.Zoom_from}&to=${__data.fields.Zoom_to}"
"""The time from a few minutes before the episode until a few after it."""
ITS_COIN = "var-coin=${__data.fields.Main}"
LINKS = [
    (
        "Its orders, one by one",
        f"/d/liq-live?{SPAN}&var-coins=${{__data.fields.Coins}}&var-side=${{__data.fields.Side}}",
    ),
    ("Score and levels at that time", f"/d/liq-cascades?{SPAN}&{ITS_COIN}"),
    ("Price and liquidations at that time", f"/d/liq-coin?{SPAN}&{ITS_COIN}"),
]
MARGIN_S = 180


def _zoom(time: str, sign: str) -> str:
    return f"(1000 * (extract(epoch FROM {time}) {sign} {MARGIN_S}))::bigint"


COLUMNS = {
    "Start": "start_time",
    "Coin": "base",
    "Side": "side",
    "Level": "level",
    "Score": "max_score",
    "USD": "notional_usd",
    "Orders": "events",
    "Lasted": "extract(epoch FROM last_time - start_time)::float8",
    "Most in 10 s": "peak_notional_usd",
    "Largest": "largest_usd",
    "Price": "peak_price / start_price - 1",
    "Exchanges": "cardinality(exchanges) || ': ' || array_to_string(exchanges, ', ')",
    "Why": sql.REASONS,
    "Notes": "concat_ws(', ', CASE WHEN end_time IS NULL THEN 'open' END, nullif(array_to_string(flags, ', '), ''))",
    "Coins": f"CASE base WHEN '{sql.MARKET}' THEN '$' || '__all' ELSE base END",
    "Main": f"CASE base WHEN '{sql.MARKET}' THEN 'BTC' ELSE base END",
    "Zoom_from": _zoom("start_time", "-"),
    "Zoom_to": _zoom("last_time", "+"),
}


def episodes() -> Panel:
    """Return the table of the newest episodes."""
    hidden = [Column(title=title, hidden=True) for title in ("Coins", "Main", "Zoom_from", "Zoom_to")]
    return sql_table(
        "Episodes",
        f"The newest {LIMIT} of the time range that the choices above leave. Coin ALL is the market. Score: the "
        "highest one, and why: what added most to it. Price: from the first order to the farthest one in the "
        "direction of the cascade. Exchanges: how many, and which, in the order in which they came in. A sampled feed "
        "shows a part, so USD and orders are lower bounds. Notes: open; gap: feeds were lost during it; warmup: the "
        "coin was not yet known; two_sided, prolonged, rolled_over: see docs/cascades.md. Click on a start for its "
        "orders.",
        sql.episodes(COLUMNS, LIMIT),
        [
            Column(title="Start", look=Look(unit=units.DAY_TO_SECOND), left=True, width=130, links=LINKS),
            Column(title="Coin", look=COIN, left=True, width=72),
            Column(title="Side", look=SIDE, cell="color-text", left=True, width=82),
            Column(title="Level", look=LEVEL, cell="color-text", left=True, width=100),
            Column(title="Score", look=SCORE, cell="color-text", width=60),
            Column(title="USD", look=MONEY_SHORT, width=80),
            Column(title="Orders", look=COUNT, width=68),
            Column(title="Lasted", look=DURATION.but(decimals=0), width=78),
            Column(title="Most in 10 s", look=MONEY_SHORT, width=96),
            Column(title="Largest", look=MONEY_SHORT, width=80),
            Column(title="Price", look=SHARE.but(decimals=2, minimum=None, maximum=None), width=76),
            Column(title="Exchanges", left=True),
            Column(title="Why", left=True),
            Column(title="Notes", left=True, width=85),
            *hidden,
        ],
        nothing=NOTHING,
    )


def by_exchange() -> Panel:
    """Return the table of the exchanges that episodes ran on."""
    columns = {
        "Exchange": "exchange",
        "Began": "sum(began)",
        "Share": "sum(began) / sum(sum(began)) OVER ()::float8",
        "Part of": "count(*)",
    }
    return sql_table(
        "Episodes by exchange",
        "How many episodes of the time range, of those that the choices above leave, had their first order on each "
        "exchange, which share of all that is, and how many it had a part in. What an exchange delays before it "
        "publishes counts as well.",
        sql.by_exchange(columns, LIMIT),
        [
            Column(title="Exchange", left=True, links=[EXCHANGE_OF_ROW]),
            Column(title="Began", look=COUNT),
            Column(title="Share", look=SHARE, cell="gauge"),
            Column(title="Part of", look=COUNT),
        ],
        nothing=NOTHING,
    )


def by_coin() -> Panel:
    """Return the table of the coins that had episodes."""
    seconds = "extract(epoch FROM {}(last_time - start_time))::float8"
    columns = {
        "Coin": "base",
        "Side": "side",
        "Warning": "count(*) FILTER (WHERE level < 3)",
        "Critical": "count(*) FILTER (WHERE level = 3)",
        "USD": "sum(notional_usd)",
        "Longest": seconds.format("max"),
        "Newest": "max(start_time)",
    }
    return sql_table(
        "Episodes by coin",
        "How many episodes of the time range each coin and side had, by the highest level that they reached, and "
        "what they liquidated. Coin ALL is the market.",
        sql.by_coin(columns, LIMIT),
        [
            Column(title="Coin", look=COIN, left=True),
            Column(title="Side", look=SIDE, cell="color-text", left=True, width=82),
            Column(title="Warning", look=COUNT, width=74),
            Column(title="Critical", look=COUNT, width=70),
            Column(title="USD", look=MONEY_SHORT),
            Column(title="Longest", look=DURATION.but(decimals=0)),
            Column(title="Newest", look=Look(unit=units.AGO), left=True),
        ],
        nothing=NOTHING,
    )
