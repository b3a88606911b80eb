"""The tables of the Cumulative board: by side, by exchange, and by exchange and side."""

from dataclasses import replace

from grafana.builder.fields import Look
from grafana.builder.panels import Panel
from grafana.builder.tables import Cell, Column, prometheus_table
from grafana.links import EVENTS_OF_ROW, EXCHANGE_OF_ROW
from grafana.looks import AMOUNT, COUNT, LONG_SHARE, MONEY_SHORT, SHARE
from grafana.market.exchanges import SHOWS_NOTE, shows
from grafana.queries import COIN, COIN_TOTALS, LONG, MARKET_TOTALS, SHORT, Totals, with_all

BY = "${by}"
"""The figure that shares, ratio, imbalance and dominance refer to: `notional_usd` or `events`."""
RATES_NOTE = "Rates count from the first event on."
DAY = 'window="24h"'
EXCHANGE = Column(title="Exchange", source="exchange", left=True, width=84)
AMOUNT_WIDTH = 86


def by_side(scope: Totals) -> Panel:
    """Return the table with every figure of longs, of shorts and of both."""

    def column(title: str, of: str, of_all: str, look: Look) -> Column:
        return Column(title=title, expr=with_all(of, of_all, "side"), look=look, width=_width(look))

    def total(title: str, figure: str, look: Look) -> Column:
        return column(title, scope.total(figure, "side"), scope.total(figure), look)

    def rate(title: str, figure: str, look: Look) -> Column:
        return column(title, scope.per_hour(figure, "side"), scope.per_hour(figure), look)

    # Of one coin only the largest orders within the windows are metrics.
    largest = (
        column("Largest", scope.largest("side"), scope.largest(), MONEY_SHORT)
        if scope is MARKET_TOTALS
        else column("24 h max", COIN.largest("side", DAY), COIN.largest(where=DAY), MONEY_SHORT)
    )
    return prometheus_table(
        f"Totals by side · {scope.name}",
        f"Exact sums of all time for liquidated longs, shorts and both. {RATES_NOTE}",
        [Column(title="Side", source="side", left=True, width=66)],
        [
            total("USD", "notional_usd", MONEY_SHORT),
            *([total("$coin", "quantity", AMOUNT)] if scope is COIN_TOTALS else []),
            total("Events", "events", COUNT),
            rate("Events/h", "events", COUNT),
            rate("USD/h", "notional_usd", MONEY_SHORT),
            column("Average", scope.average("side"), scope.average(), MONEY_SHORT),
            largest,
        ],
        sort="-Side",
    )


def by_exchange(scope: Totals) -> Panel:
    """Return the table with the figures of every exchange."""

    def total(title: str, figure: str, look: Look) -> Column:
        return Column(title=title, expr=scope.total(figure, "exchange"), look=look, width=_width(look))

    share = f"{scope.total(BY, 'exchange')} / scalar({scope.total(BY)})"
    largest = Column(title="Largest", expr=scope.largest("exchange"), look=MONEY_SHORT)
    return prometheus_table(
        f"Totals by exchange · {scope.name}",
        f"Exact sums of all time for every exchange. {RATES_NOTE} Share by what is chosen above. {SHOWS_NOTE}",
        [replace(EXCHANGE, links=[EXCHANGE_OF_ROW, EVENTS_OF_ROW])],
        [
            shows(scope.total("events", "exchange")),
            total("USD", "notional_usd", MONEY_SHORT),
            *([total("$coin", "quantity", AMOUNT)] if scope is COIN_TOTALS else []),
            Column(title="Share", expr=share, look=SHARE, width=62),
            Column(
                title="Long %",
                expr=scope.share("notional_usd", LONG, "exchange"),
                look=LONG_SHARE,
                cell="long",
                width=66,
            ),
            total("Events", "events", COUNT),
            Column(title="USD/h", expr=scope.per_hour("notional_usd", "exchange"), look=MONEY_SHORT),
            Column(title="Average", expr=scope.average("exchange"), look=MONEY_SHORT),
            *([largest] if scope is MARKET_TOTALS else []),
        ],
        sort="-USD",
    )


def by_exchange_and_side(scope: Totals) -> Panel:
    """Return the table with the longs and shorts of every exchange, and of all."""

    def columns(name: str, side: str, cell: Cell) -> list[Column]:
        def total(figure: str) -> str:
            return with_all(scope.total(figure, "exchange", side), scope.total(figure, where=side))

        mean = with_all(scope.average("exchange", side), scope.average(where=side))
        average = Column(title=f"{name} avg.", expr=mean, look=MONEY_SHORT, cell=cell)
        amount = Column(title=f"{name} $coin", expr=total("quantity"), look=AMOUNT, cell=cell)
        return [
            Column(title=f"{name} USD", expr=total("notional_usd"), look=MONEY_SHORT, cell=cell),
            amount if scope is COIN_TOTALS else average,
            Column(title=f"{name}s", expr=total("events"), look=COUNT, cell=cell, width=68),
        ]

    return prometheus_table(
        f"Exchange × side · {scope.name}",
        "What was liquidated of longs and shorts on every exchange, all time; ALL is the sum. "
        f"The columns Longs and Shorts are numbers of events. {SHOWS_NOTE}",
        [EXCHANGE],
        [
            shows(scope.total("events", "exchange"), with_sum=True),
            *columns("Long", LONG, "long"),
            *columns("Short", SHORT, "short"),
        ],
        sort="Exchange",
    )


def _width(look: Look) -> int | None:
    """Give amounts the room that they need; the other columns share what is left."""
    return AMOUNT_WIDTH if look is AMOUNT else None
