"""What was liquidated in all, in every window and over time."""

from grafana.builder.fields import for_name, looks
from grafana.builder.panels import Panel, over_time
from grafana.builder.tables import Column, prometheus_table
from grafana.builder.targets import series
from grafana.looks import AMOUNT, COUNT, HOURS_AS_WINDOW, LONG_SIDE, MONEY, PRICE, SHARE, SHORT_SIDE
from grafana.market import SAMPLE_NOTE
from grafana.queries import COIN, HOURS, LONG, SHORT, Windows

DOWN = {"custom.transform": "negative-Y"}
PRICE_LINE = {
    "custom.drawStyle": "line",
    "custom.lineWidth": 1,
    "custom.fillOpacity": 0,
    "custom.axisPlacement": "right",
    "custom.axisCenteredZero": False,
}
STEP = "15s"


def totals(scope: Windows) -> Panel:
    """Return the table with a row for each window."""
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


def per_minute(scope: Windows, family: str, selector: str) -> Panel:
    """Return the graph of USD a minute: shorts up, longs down, over them the mark price of the chosen coin."""

    def rate(side: str) -> str:
        where = ", ".join(filter(None, (selector, side)))
        return f"60 * sum(rate({family}{{{where}}}[$__rate_interval]))"

    price = series('avg(liquidation_mark_price_usd{base="$coin"})', "mark price", interval=STEP)
    return over_time(
        f"USD per minute · {scope.name}" + (" and mark price" if scope is COIN else ""),
        "Liquidated shorts (up) and longs (down), as the exporter counted them."
        + (" The line is the mean mark price of the exchanges that send one, for main coins." if scope is COIN else ""),
        [
            series(rate(SHORT), "shorts", interval=STEP),
            series(rate(LONG), "longs", interval=STEP),
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
