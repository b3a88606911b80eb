"""Live events: the newest liquidations one by one, the largest ones, and how fast they come."""

from dataclasses import replace

from grafana import sql
from grafana.annotations import OF_THE_MARKET
from grafana.builder import units, variables
from grafana.builder.board import Board
from grafana.builder.colours import LONG, PLAIN, SHORT, UNKNOWN, WATCH
from grafana.builder.fields import Look, for_name, looks
from grafana.builder.layout import Row, Section
from grafana.builder.panels import Panel, over_time
from grafana.builder.tables import Column, sql_table
from grafana.builder.targets import Sql
from grafana.links import COIN_OF_ROW, EXCHANGE_OF_ROW
from grafana.looks import AMOUNT, LONG_SIDE, MONEY, PRICE, SHORT_SIDE
from grafana.strip import NO_HISTORY, feeds, history

NOTHING = f"Nothing was liquidated that the choices above leave, {NO_HISTORY}"
LIMIT = 200
LARGEST = 10
LATE_S = 60
"""From here on an event counts as late, as in `liquidation_exchange_late_events_total`."""

OVERVIEW = "/d/liq-overview?var-coin=${__data.fields.Coin}&${__url_time_range}"
ONLY_EXCHANGE = "/d/liq-live?var-exchange=${__data.fields.Exchange}&${__url_time_range}"

WHEN = Look(unit=units.TIME_OF_DAY)
SIDE = Look(words={-1: ("▼ long", LONG), 1: ("▲ short", SHORT)})
SIDE_CODE = "CASE side WHEN 'long' THEN -1 ELSE 1 END"
DELAY = Look(unit=units.SECONDS, minimum=0, steps=[(None, PLAIN), (LATE_S, WATCH)])
CAME = Look(
    words={
        0: ("live", PLAIN),
        1: ("late", WATCH),
        2: ("back-filled", WATCH),
        3: ("replayed", UNKNOWN),
    }
)
CAME_CODE = (
    "CASE origin WHEN 'backfill' THEN 2 WHEN 'replay' THEN 3"
    f" ELSE (received - time > interval '{LATE_S} seconds')::int END"
)

TIME = Column(title="Time", look=WHEN, left=True)
EXCHANGE = Column(title="Exchange", left=True, links=[EXCHANGE_OF_ROW, ("Only this exchange", ONLY_EXCHANGE)])
COIN = Column(title="Coin", left=True, links=[COIN_OF_ROW, ("This coin on the Market overview", OVERVIEW)])
CONTRACT = Column(title="Contract", left=True)
SIDE_OF = Column(title="Side", look=SIDE, cell="color-text", left=True)
USD = Column(title="USD", look=MONEY)


def _newest() -> Panel:
    columns = {
        "Time": "time",
        "Exchange": "exchange",
        "Coin": "base",
        "Contract": "instrument",
        "Side": SIDE_CODE,
        "USD": "notional_usd",
        "Amount": "base_quantity",
        "Price": "price",
        "Price is": "price_kind",
        "Delay": "extract(epoch FROM received - time)::float8",
        "Came": CAME_CODE,
    }
    return sql_table(
        "Newest liquidations",
        f"The newest {LIMIT} of the time range that the choices above leave. Side is that of the liquidated position; "
        "amount is in units of the coin; price is what the exchange publishes: the fill, the order's or the bankruptcy "
        f"price. Delay is from the exchange's time to ours; more than {LATE_S} s is late.",
        sql.newest(columns, LIMIT),
        [
            TIME,
            EXCHANGE,
            COIN,
            CONTRACT,
            SIDE_OF,
            USD,
            Column(title="Amount", look=AMOUNT),
            Column(title="Price", look=PRICE),
            Column(title="Price is", left=True),
            Column(title="Delay", look=DELAY, cell="color-text"),
            Column(title="Came", look=CAME, cell="color-text", left=True),
        ],
        nothing=NOTHING,
    )


def _usd_over_time() -> Panel:
    usd = "coalesce(sum(notional_usd) FILTER (WHERE side = '{}'), 0)"
    return over_time(
        "USD per interval",
        "USD of liquidated shorts (up) and longs (down) that the choices above leave, for each interval of the graph.",
        [
            Sql(
                query=sql.over_time({"shorts": usd.format("short"), "longs": f"-{usd.format('long')}"}),
                shape="time_series",
            )
        ],
        MONEY.but(minimum=None, decimals=None, nothing=NOTHING),
        style="bars",
        zero=True,
        shortest="1m",
        overrides=[for_name("shorts", looks(SHORT_SIDE)), for_name("longs", looks(LONG_SIDE))],
    )


def _events_per_minute() -> Panel:
    per_minute = "sum(events) FILTER (WHERE side = '{}') * 60000.0 / $__interval_ms"
    columns = {"longs": per_minute.format("long"), "shorts": per_minute.format("short")}
    return over_time(
        "Events per minute",
        "How many liquidations that the choices above leave there were per minute.",
        [Sql(query=sql.over_time(columns), shape="time_series")],
        Look(unit=units.COUNT, minimum=0, nothing=NOTHING),
        style="bars",
        stack=True,
        shortest="1m",
        overrides=[for_name("shorts", looks(SHORT_SIDE)), for_name("longs", looks(LONG_SIDE))],
    )


def _largest(of: str, query: str, time: Column, note: str = "") -> Panel:
    about = f"The {LARGEST} largest single orders of {of} that the choices above leave, whatever the time range.{note}"
    columns = [replace(USD, width=80), COIN, replace(SIDE_OF, width=72), replace(EXCHANGE, width=84), time]
    return sql_table(f"Largest of {of}", about, query, columns, nothing=NOTHING)


def _largest_ones() -> list[tuple[int, Panel]]:
    columns = {"USD": "notional_usd", "Coin": "base", "Side": SIDE_CODE, "Exchange": "exchange", "Time": "time"}

    def time(unit: str, width: int) -> Column:
        return Column(title="Time", look=Look(unit=unit), left=True, width=width)

    hour, day = (sql.largest_since(columns, span, LARGEST) for span in ("1 hour", "24 hours"))
    dropped = " Of events that the retention has dropped only the largest of each minute is known."
    return [
        (8, _largest("the last hour", hour, time(units.TIME_OF_DAY, 90))),
        (8, _largest("the last 24 hours", day, time(units.DAY_AND_MINUTE, 105))),
        (8, _largest("all time", sql.largest_ever(columns, LARGEST), time(units.DATE, 105), dropped)),
    ]


LIVE = Board(
    file="live",
    title="Live events",
    about="Every liquidation as it comes, from the history: needs TimescaleDB (or plain PostgreSQL).",
    variables=[
        variables.source("prometheus"),
        variables.source("timescale"),
        variables.one_of(
            "least",
            "Smallest order",
            "Orders below are left out.",
            [
                ("any size", "0"),
                ("1 k USD", "1000"),
                ("10 k USD", "10000"),
                ("100 k USD", "100000"),
                ("1 M USD", "1000000"),
            ],
            "0",
        ),
        variables.labels_of(
            "exchange",
            "Exchange",
            "The exchanges that are or were listened to.",
            "liquidation_window_events",
            "exchange",
            everything=sql.EVERYTHING,
        ),
        variables.one_of(
            "side",
            "Side",
            "The side of the liquidated position.",
            [("both", "*"), "long", "short"],
            "*",
        ),
        variables.labels_of(
            "coins",
            "Coin",
            "Every coin that was ever liquidated.",
            'liquidation_asset_events_total{base!="other"}',
            "base",
            everything=sql.EVERYTHING,
        ),
    ],
    sections=[
        Section(
            "",
            [
                feeds(),
                Row(13, [(24, _newest())]),
                Row(7, [(3, history()), (13, _usd_over_time()), (8, _events_per_minute())]),
                Row(12, _largest_ones()),
            ],
        )
    ],
    span="now-1h",
    refresh="5s",
    annotations=OF_THE_MARKET,
)
