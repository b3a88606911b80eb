"""Market overview, the trading board: the whole market first, then the chosen coin, then exchange by exchange."""

from grafana.builder import variables
from grafana.builder.board import Board
from grafana.builder.fields import for_name, looks
from grafana.builder.layout import Row, Section
from grafana.builder.panels import Panel, over_time, stat
from grafana.builder.tables import Column, prometheus_table
from grafana.builder.targets import now, series
from grafana.links import EVENTS_OF_ROW, EVENTS_OF_ROW_AND_COIN
from grafana.looks import (
    AMOUNT,
    COUNT,
    HOURS_AS_WINDOW,
    IMBALANCE,
    LONG_SHARE,
    LONG_SIDE,
    MONEY,
    PRICE,
    PUBLISHES,
    RATIO,
    SENTIMENT,
    SHARE,
    SHORT_SIDE,
    STATE,
)
from grafana.queries import CHOSEN_WINDOW, COIN, COMPLETENESS, HOURS, LONG, MARKET, SHORT, Windows, coded, with_all
from grafana.queries import sentiment as sentiment_of
from grafana.strip import FEED_STATE, feeds

BY = "$by"
"""The figure that shares, ratio, imbalance, sentiment and dominance refer to: `notional_usd` or `events`."""
DOWN = {"custom.transform": "negative-Y"}
PRICE_LINE = {
    "custom.drawStyle": "line",
    "custom.lineWidth": 1,
    "custom.fillOpacity": 0,
    "custom.axisPlacement": "right",
    "custom.axisCenteredZero": False,
}
STEP = "15s"
SAMPLE_NOTE = "A feed that publishes a sample shows less than was liquidated there."


def _balance(scope: Windows) -> Row:
    """Return one line of figures: which side is liquidated, by how much, and where most of it happens."""
    long, short = (scope.total(BY, where=f"{side}, {CHOSEN_WINDOW}") for side in (LONG, SHORT))
    long_share = scope.share(BY, LONG, where=CHOSEN_WINDOW)
    short_share = scope.share(BY, SHORT, where=CHOSEN_WINDOW)
    by_exchange = f"{scope.total(BY, 'exchange', CHOSEN_WINDOW)} / scalar({scope.total(BY, where=CHOSEN_WINDOW)})"
    where = f"{scope.name}, last $window"
    sentiment = stat(
        "Sentiment",
        "BEARISH when longs are at least the configured share of what was liquidated (55 % unless changed), BULLISH "
        f"when they are at most the lower one (45 %): {where}. It describes the window and predicts nothing.",
        [now(sentiment_of(long_share))],
        SENTIMENT,
        size=26,
    )
    shares = stat(
        "Long and short",
        f"Shares of liquidated longs and shorts: {where}, by what is chosen above.",
        [now(long_share, "longs"), now(short_share, "shorts")],
        SHARE,
        text="value_and_name",
        size=22,
        overrides=[for_name("longs", looks(LONG_SIDE)), for_name("shorts", looks(SHORT_SIDE))],
    )
    ratio = stat(
        "Long / short",
        f"Liquidated longs divided by liquidated shorts: {where}.",
        [now(f"{long} / {short}")],
        RATIO,
        size=22,
    )
    imbalance = stat(
        "Imbalance",
        f"Share of longs minus 50 %: above zero toward longs, below zero toward shorts: {where}.",
        [now(f"{long_share} - 0.5")],
        IMBALANCE,
        size=22,
    )
    dominance = stat(
        "Dominance",
        f"The exchange with the largest share: {where}. {SAMPLE_NOTE}",
        [now(f"topk(1, {by_exchange})", "{{exchange}}")],
        SHARE,
        text="value_and_name",
        size=22,
    )
    largest = stat(
        "Largest",
        f"The largest single liquidation: {where}.",
        [now(scope.largest("side", CHOSEN_WINDOW), "{{side}}")],
        MONEY,
        text="value_and_name",
        size=22,
        overrides=[for_name("long", looks(LONG_SIDE)), for_name("short", looks(SHORT_SIDE))],
    )
    return Row(3, [(3, sentiment), (6, shares), (3, ratio), (3, imbalance), (4, dominance), (5, largest)])


def _totals(scope: Windows) -> Panel:
    usd, events = (scope.total(figure, "window") for figure in ("notional_usd", "events"))
    amount = [Column(title="$coin", expr=scope.total("quantity", "window"), look=AMOUNT)] if scope is COIN else []
    return prometheus_table(
        f"Totals · {scope.name}",
        "Exact sums by exchange time, up to the running minute. Per h: events per hour of the window, or of the time "
        f"since the first event where that is shorter. {SAMPLE_NOTE}",
        [],
        [
            Column(title="Last", expr=HOURS, look=HOURS_AS_WINDOW, left=True, width=52),
            Column(title="USD", expr=usd, look=MONEY, width=84),
            *amount,
            Column(title="Long", expr=scope.total("notional_usd", "window", LONG), look=MONEY, cell="long"),
            Column(title="Short", expr=scope.total("notional_usd", "window", SHORT), look=MONEY, cell="short"),
            Column(title="Long %", expr=scope.share("notional_usd", LONG, "window"), look=SHARE, cell="long"),
            Column(title="Events", expr=events, look=COUNT),
            Column(title="Per h", expr=scope.per_hour("events"), look=COUNT),
            Column(title="Average", expr=f"{usd} / {events}", look=MONEY),
            Column(title="Largest", expr=scope.largest("window"), look=MONEY),
        ],
        hidden=["window"],
        sort="Last",
    )


def _over_time(scope: Windows, family: str, selector: str) -> Panel:
    def per_minute(side: str) -> str:
        where = ", ".join(filter(None, (selector, side)))
        return f"60 * sum(rate({family}{{{where}}}[$__rate_interval]))"

    price = series('avg(liquidation_mark_price_usd{base="$coin"})', "mark price", interval=STEP)
    return over_time(
        f"USD per minute · {scope.name}" + (" and mark price" if scope is COIN else ""),
        "Liquidated shorts (up) and longs (down), as the exporter counted them."
        + (" The line is the mean mark price of the exchanges that send one, for main coins." if scope is COIN else ""),
        [
            series(per_minute(SHORT), "shorts", interval=STEP),
            series(per_minute(LONG), "longs", interval=STEP),
            *([price] if scope is COIN else []),
        ],
        MONEY.but(minimum=None, decimals=None),
        style="bars",
        zero=True,
        overrides=[
            for_name("shorts", looks(SHORT_SIDE)),
            for_name("longs", looks(LONG_SIDE) | DOWN),
            *([for_name("mark price", looks(PRICE) | PRICE_LINE)] if scope is COIN else []),
        ],
    )


def _exchanges(scope: Windows) -> Panel:
    def each(figure: str) -> str:
        return scope.total(figure, "exchange", CHOSEN_WINDOW)

    state = Column(title="State", expr=FEED_STATE, look=STATE, cell="color-text", left=True)
    publishes = Column(
        title="Publishes",
        expr=coded("liquidation_exchange_info", "completeness", COMPLETENESS),
        look=PUBLISHES,
        left=True,
        width=105,
    )
    share = f"{each(BY)} / scalar({scope.total(BY, where=CHOSEN_WINDOW)})"
    long_share = scope.share("notional_usd", LONG, "exchange", CHOSEN_WINDOW)
    return prometheus_table(
        f"Exchanges · {scope.name}, last $window",
        f"What each exchange published, and how complete that is. Share by what is chosen above. {SAMPLE_NOTE}",
        [
            Column(
                title="Exchange",
                source="exchange",
                left=True,
                width=90,
                links=[EVENTS_OF_ROW_AND_COIN if scope is COIN else EVENTS_OF_ROW],
            )
        ],
        [
            *([state, publishes] if scope is MARKET else []),
            Column(title="Events", expr=each("events"), look=COUNT),
            Column(title="USD", expr=each("notional_usd"), look=MONEY, width=90),
            *([Column(title="$coin", expr=each("quantity"), look=AMOUNT)] if scope is COIN else []),
            Column(title="Share", expr=share, look=SHARE),
            Column(title="Long %", expr=long_share, look=LONG_SHARE, cell="gauge", width=105),
        ],
        sort="-USD",
    )


def _sides(scope: Windows) -> Panel:
    def column(title: str, figure: str, side: str) -> Column:
        where = f"{side}, {CHOSEN_WINDOW}"
        expr = with_all(scope.total(figure, "exchange", where), scope.total(figure, where=where))
        look = {"events": COUNT, "quantity": AMOUNT}.get(figure, MONEY)
        return Column(title=title, expr=expr, look=look, cell="long" if side == LONG else "short")

    figures = {"USD": "notional_usd"} | ({"$coin": "quantity"} if scope is COIN else {}) | {"events": "events"}
    return prometheus_table(
        f"Exchange × side · {scope.name}, last $window",
        "Liquidated longs and shorts of every exchange; ALL is their sum.",
        [Column(title="Exchange", source="exchange", left=True)],
        [
            column(f"{name} {title}", figure, side)
            for name, side in (("Long", LONG), ("Short", SHORT))
            for title, figure in figures.items()
        ],
        sort="Exchange",
    )


def _scope(title: str, scope: Windows, family: str, selector: str) -> Section:
    """Return what is to be seen first of all coins, or of the chosen one."""
    return Section(title, [_balance(scope), Row(7, [(15, _totals(scope)), (9, _over_time(scope, family, selector))])])


OVERVIEW = Board(
    file="overview",
    title="Market overview",
    about="Who is being liquidated, how much and where: all coins, the chosen coin, exchange by exchange.",
    variables=[
        variables.source("prometheus"),
        variables.one_of("window", "Window", "The time that figures cover.", ["1h", "4h", "12h", "24h"], "24h"),
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
            "What shares, sentiment, ratio and dominance count.",
            [("USD", "notional_usd"), ("events", "events")],
            "notional_usd",
        ),
    ],
    sections=[
        Section("", [feeds()]),
        _scope("All coins, last $window", MARKET, "liquidation_notional_usd_total", ""),
        _scope("$coin, last $window", COIN, "liquidation_asset_notional_usd_total", 'base="$coin"'),
        Section(
            "By exchange, last $window",
            [
                Row(10, [(12, _exchanges(MARKET)), (12, _exchanges(COIN))]),
                Row(11, [(12, _sides(MARKET)), (12, _sides(COIN))]),
            ],
        ),
    ],
    span="now-1h",
)
