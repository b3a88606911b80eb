"""Cumulative: everything since the first event; all coins on the left, the chosen coin on the right."""

from grafana.annotations import OF_THE_COIN
from grafana.boards.cumulative_tables import BY, by_exchange, by_exchange_and_side, by_side
from grafana.builder import Json, units, variables
from grafana.builder.board import Board
from grafana.builder.fields import Look, for_name, looks
from grafana.builder.layout import Row, Section
from grafana.builder.panels import Panel, bar_chart, bar_gauge, over_time, stat
from grafana.builder.targets import buckets, now, series, table
from grafana.looks import (
    AMOUNT,
    COUNT,
    IMBALANCE,
    LONG_SIDE,
    MONEY,
    RATIO,
    SHARE,
    SHORT_SIDE,
)
from grafana.market import SAMPLE_NOTE, STAR_NOTE
from grafana.queries import (
    CHOSEN_WINDOW,
    COIN,
    COIN_TOTALS,
    LONG,
    MARKET,
    MARKET_TOTALS,
    SHORT,
    Totals,
    Windows,
    marked,
)
from grafana.sizes import SIZE_NAMES
from grafana.strip import feeds

AXIS = MONEY.but(decimals=None)
"""Grafana chooses the decimals that tell the marks of an axis apart."""
SINCE = "All time: since the exporter's first start, through every restart."


def _headline(scope: Totals) -> Panel:
    number, figure, look = ("amount", "quantity", AMOUNT) if scope is COIN_TOTALS else ("events", "events", COUNT)
    return stat(
        f"All time · {scope.name}",
        f"Value, {number} and first event of what was liquidated, cascades that became critical and are over. {SINCE} "
        f"{SAMPLE_NOTE}",
        [
            now(scope.total("notional_usd"), "USD"),
            now(scope.total(figure), number),
            now(f"1000 * min({scope.first_event})", "since"),
            now(f"sum(liquidation_cascades_total{{{_critical(scope)}}}) or vector(0)", "critical cascades"),
        ],
        MONEY,
        text="value_and_name",
        overrides=[
            for_name(number, looks(look) | ({"displayName": "$coin"} if scope is COIN_TOTALS else {})),
            for_name("since", looks(Look(unit=units.AGO))),
            for_name("critical cascades", looks(COUNT)),
        ],
        size=18,
        below=True,
    )


def _critical(scope: Totals) -> str:
    return ", ".join(filter(None, (scope.selector, 'level="critical"')))


def _shares(scope: Totals) -> Panel:
    return bar_gauge(
        f"Shares · {scope.name}",
        f"Shares of liquidated longs and shorts, all time: {scope.name}, by what is chosen above.",
        [now(scope.share(BY, LONG), "long"), now(scope.share(BY, SHORT), "short")],
        SHARE,
        overrides=[for_name("long", looks(LONG_SIDE)), for_name("short", looks(SHORT_SIDE))],
    )


def _balance(scope: Totals) -> Panel:
    long, short = (scope.total(BY, where=side) for side in (LONG, SHORT))
    largest = f"topk(1, {scope.total(BY, 'exchange')} / scalar({scope.total(BY)}))"
    return stat(
        f"Balance · {scope.name}",
        "Liquidated longs divided by shorts; share of longs minus 50 %, above zero toward longs, below toward shorts; "
        f"the exchange with the largest share. All time: {scope.name}, by what is chosen above. {STAR_NOTE}",
        [
            now(f"{long} / {short}", "long / short"),
            now(f"{scope.share(BY, LONG)} - 0.5", "imbalance"),
            now(marked(largest), "largest: {{shown}}"),
        ],
        SHARE,
        text="value_and_name",
        overrides=[for_name("long / short", looks(RATIO)), for_name("imbalance", looks(IMBALANCE))],
        size=18,
        below=True,
    )


def _summary(scope: Totals) -> list[tuple[int, Panel]]:
    return [(4, _headline(scope)), (4, _shares(scope)), (4, _balance(scope))]


NO_AXIS = {"custom.axisPlacement": "hidden"}
"""Bars that are compared with each other; what they stand for is in the tooltip and in the table below."""


def _bars(scope: Totals) -> Panel:
    sides = [marked(scope.total("notional_usd", "exchange", side)) for side in (LONG, SHORT)]
    names = {"shown": "Exchange", "Value #A": "longs", "Value #B": "shorts"}
    changes: list[Json] = [
        {"id": "merge", "options": {}},
        {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": "Value #C", "desc": True}]}},
        {
            "id": "organize",
            "options": {
                "excludeByName": {"Time": True, "exchange": True, "Value #C": True},
                "indexByName": {name: index for index, name in enumerate(names)},
                "renameByName": names,
            },
        },
    ]
    return bar_chart(
        f"By exchange · {scope.name}",
        f"USD of liquidated longs and shorts, all time, the largest exchange first. {STAR_NOTE}",
        [*map(table, sides), table(marked(scope.total("notional_usd", "exchange")))],
        AXIS,
        x="Exchange",
        stack="normal",
        values="never",
        totals=["sum"],
        horizontal=True,
        overrides=[
            for_name("longs", looks(LONG_SIDE) | NO_AXIS),
            for_name("shorts", looks(SHORT_SIDE) | NO_AXIS),
        ],
        changes=changes,
    )


def _totals_over_time(scope: Totals) -> Panel:
    return over_time(
        f"Totals over time · {scope.name}",
        "All that had been liquidated up to each moment, longs and shorts, in USD. Only a first start begins at 0.",
        [
            series(scope.total("notional_usd", where=LONG), "longs", interval="15s"),
            series(scope.total("notional_usd", where=SHORT), "shorts", interval="15s"),
        ],
        AXIS.but(minimum=None),
        overrides=[for_name("longs", looks(LONG_SIDE)), for_name("shorts", looks(SHORT_SIDE))],
    )


def _graphs(scope: Totals) -> list[tuple[int, Panel]]:
    return [(5, _bars(scope)), (7, _totals_over_time(scope))]


def _growth(scope: Windows) -> Panel:
    long, short = (scope.total("notional_usd", where=f"{side}, {CHOSEN_WINDOW}") for side in (LONG, SHORT))
    return over_time(
        f"Growth per $window · {scope.name}",
        "By how much the totals grew in the $window before each moment, exactly: shorts up, longs down, in USD.",
        [series(short, "shorts", interval="15s"), series(f"-{long}", "longs", interval="15s")],
        AXIS.but(minimum=None),
        fill=25,
        zero=True,
        overrides=[for_name("shorts", looks(SHORT_SIDE)), for_name("longs", looks(LONG_SIDE))],
    )


def _sizes(side: str, name: str, look: Look) -> Panel:
    return bar_gauge(
        f"Sizes of liquidated {name} · all coins",
        f"How many liquidations of {name} were of which size in USD, all time.",
        [buckets(f"sum by (le) (liquidation_size_usd_bucket{{{side}}})")],
        COUNT.but(colour=look.colour),
        overrides=SIZE_NAMES,
    )


CUMULATIVE = Board(
    file="cumulative",
    title="Cumulative",
    about="Everything that was ever liquidated: all coins on the left, the chosen coin on the right.",
    variables=[
        variables.source("prometheus"),
        variables.labels_of(
            "coin",
            "Coin",
            "Main coins, and those with the most USD in 24 hours.",
            "liquidation_asset_window_events",
            "base",
            first="BTC",
            several=False,
        ),
        variables.one_of(
            "by",
            "Shares by",
            "What shares, ratio, imbalance and dominance count.",
            [("USD", "notional_usd"), ("events", "events")],
            "notional_usd",
        ),
        variables.one_of("window", "Growth per", "The time that growth covers.", ["1h", "4h", "12h", "24h"], "1h"),
    ],
    sections=[
        Section(
            "",
            [
                feeds(),
                Row(5, [*_summary(MARKET_TOTALS), *_summary(COIN_TOTALS)]),
                Row(6, [(12, by_side(MARKET_TOTALS)), (12, by_side(COIN_TOTALS))]),
                Row(10, [*_graphs(MARKET_TOTALS), *_graphs(COIN_TOTALS)]),
                Row(9, [(12, _growth(MARKET)), (12, _growth(COIN))]),
            ],
        ),
        Section(
            "Exchanges",
            [
                Row(14, [(12, by_exchange(MARKET_TOTALS)), (12, by_exchange(COIN_TOTALS))]),
                Row(15, [(12, by_exchange_and_side(MARKET_TOTALS)), (12, by_exchange_and_side(COIN_TOTALS))]),
            ],
        ),
        Section(
            "Order sizes",
            [Row(12, [(12, _sizes(LONG, "longs", LONG_SIDE)), (12, _sizes(SHORT, "shorts", SHORT_SIDE))])],
        ),
    ],
    annotations=OF_THE_COIN,
)
