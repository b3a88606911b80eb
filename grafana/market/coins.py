"""Which coins were liquidated most within the chosen window: of all exchanges, or of the chosen one."""

from grafana.builder.panels import Panel
from grafana.builder.tables import Column, prometheus_table
from grafana.links import COIN_OF_ROW
from grafana.looks import COUNT, LONG_SHARE, MONEY, PRICE, SHARE
from grafana.market import SAMPLE_NOTE
from grafana.queries import CHOSEN_WINDOW, LONG, MARKET, SHORT, Windows
from grafana.signals import LEVEL, SCORE

SIGNALS = [
    Column(
        title="Level",
        expr="max by (base) (liquidation_cascade_level)",
        look=LEVEL,
        cell="color-text",
        left=True,
        width=105,
    ),
    Column(
        title="Score", expr="max by (base) (liquidation_cascade_risk_score)", look=SCORE, cell="color-text", width=70
    ),
]


def coins(scope: Windows) -> Panel:
    """Return the ranking of the coins."""
    each = Windows(scope.name, "liquidation_asset_window", scope.selector, "")
    usd, events = (each.total(figure, "base", CHOSEN_WINDOW) for figure in ("notional_usd", "events"))

    def side(title: str, which: str) -> Column:
        expr = each.total("notional_usd", "base", f"{which}, {CHOSEN_WINDOW}")
        return Column(title=title, expr=expr, look=MONEY, cell="long" if which == LONG else "short")

    long_share = each.share("notional_usd", LONG, "base", CHOSEN_WINDOW)
    return prometheus_table(
        f"Coins · {scope.name}, last $window",
        "The main coins, and those with the most USD in 24 hours. Share: of all coins' USD. Level and score: the "
        f"higher of both sides now, whatever the window. {SAMPLE_NOTE}",
        [Column(title="Coin", source="base", left=True, links=[COIN_OF_ROW])],
        [
            *(SIGNALS if scope is MARKET else []),
            Column(title="USD", expr=usd, look=MONEY),
            Column(
                title="Share",
                expr=f"{usd} / scalar({scope.total('notional_usd', where=CHOSEN_WINDOW)})",
                look=SHARE,
            ),
            side("Long USD", LONG),
            side("Short USD", SHORT),
            Column(title="Long %", expr=long_share, look=LONG_SHARE, cell="gauge", width=170),
            Column(title="Events", expr=events, look=COUNT),
            Column(title="Average", expr=f"{usd} / {events}", look=MONEY),
            Column(title="Largest", expr=each.largest("base", CHOSEN_WINDOW), look=MONEY),
            *(
                [Column(title="Price", expr="avg by (base) (liquidation_mark_price_usd)", look=PRICE)]
                if scope is MARKET
                else []
            ),
        ],
        sort="-USD",
    )
