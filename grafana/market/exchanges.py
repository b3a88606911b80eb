"""What was liquidated on each exchange within the chosen window."""

from grafana.builder.panels import Panel
from grafana.builder.tables import Column, prometheus_table
from grafana.links import EVENTS_OF_ROW, EVENTS_OF_ROW_AND_COIN, EXCHANGE_OF_ROW
from grafana.looks import AMOUNT, COUNT, LONG_SHARE, MONEY, PUBLISHES, SHARE, SHOWS, STATE
from grafana.market import BY, SAMPLE_NOTE
from grafana.queries import CHOSEN_WINDOW, COIN, COMPLETENESS, LONG, MARKET, SHORT, Windows, published, with_all
from grafana.strip import FEED_STATE

SHOWS_NOTE = "Shows: all of its liquidations, a sample of them, a part, or ? where the exchange does not say."
EVENTS_WIDTH = 68


def shows(figure: str, *, with_sum: bool = False) -> Column:
    """Return the column that says how complete the figures of each exchange in the table are, and those of ALL."""
    each = published(figure)
    least = f"1 + {COMPLETENESS.index('partial')} * (max({each}) > bool 1)"
    return Column(title="Shows", expr=with_all(each, least) if with_sum else each, look=SHOWS, left=True, width=66)


def exchanges(scope: Windows) -> Panel:
    """Return the table of what each exchange published, how much of the whole that is, and how complete."""

    def each(figure: str) -> str:
        return scope.total(figure, "exchange", CHOSEN_WINDOW)

    state = Column(title="State", expr=FEED_STATE, look=STATE, cell="color-text", left=True, width=76)
    publishes = Column(
        title="Publishes",
        expr=published(),
        look=PUBLISHES,
        left=True,
        width=172,
    )
    share = f"{each(BY)} / scalar({scope.total(BY, where=CHOSEN_WINDOW)})"
    long_share = scope.share("notional_usd", LONG, "exchange", CHOSEN_WINDOW)
    return prometheus_table(
        f"Exchanges · {scope.name}, last $window",
        f"What each exchange published, and how complete that is. Share by what is chosen above. {SAMPLE_NOTE}"
        + (f" {SHOWS_NOTE}" if scope is COIN else ""),
        [
            Column(
                title="Exchange",
                source="exchange",
                left=True,
                width=84,
                links=[EXCHANGE_OF_ROW, EVENTS_OF_ROW_AND_COIN if scope is COIN else EVENTS_OF_ROW],
            )
        ],
        [
            *([state, publishes] if scope is MARKET else [shows(each("events"))]),
            Column(title="Events", expr=each("events"), look=COUNT, width=EVENTS_WIDTH),
            Column(title="USD", expr=each("notional_usd"), look=MONEY, width=90),
            *([Column(title="$coin", expr=each("quantity"), look=AMOUNT)] if scope is COIN else []),
            Column(title="Share", expr=share, look=SHARE, width=66),
            Column(title="Long %", expr=long_share, look=LONG_SHARE, cell="gauge"),
        ],
        sort="-USD",
    )


def sides(scope: Windows) -> Panel:
    """Return the table of liquidated longs and shorts of every exchange, and of all."""

    def column(title: str, figure: str, side: str) -> Column:
        where = f"{side}, {CHOSEN_WINDOW}"
        expr = with_all(scope.total(figure, "exchange", where), scope.total(figure, where=where))
        look = {"events": COUNT, "quantity": AMOUNT}.get(figure, MONEY)
        width = EVENTS_WIDTH if figure == "events" else None
        return Column(title=title, expr=expr, look=look, cell="long" if side == LONG else "short", width=width)

    figures = {"USD": "notional_usd"} | ({"$coin": "quantity"} if scope is COIN else {}) | {"events": "events"}
    return prometheus_table(
        f"Exchange × side · {scope.name}, last $window",
        "Liquidated longs and shorts of every exchange; ALL is their sum. The columns Longs and Shorts are numbers of "
        f"events. {SHOWS_NOTE}",
        [Column(title="Exchange", source="exchange", left=True, width=84)],
        [
            shows(scope.total("events", "exchange", CHOSEN_WINDOW), with_sum=True),
            *(
                column(f"{name}s" if title == "events" else f"{name} {title}", figure, side)
                for name, side in (("Long", LONG), ("Short", SHORT))
                for title, figure in figures.items()
            ),
        ],
        sort="Exchange",
    )
