"""At which prices the chosen coin was liquidated: where it happened, which says nothing about where it will."""

from grafana import sql_profiles as sql
from grafana.builder.colours import LONG, SHORT
from grafana.builder.layout import Row
from grafana.builder.panels import Panel, heatmap
from grafana.builder.tables import Column, sql_table
from grafana.builder.targets import Sql
from grafana.looks import COUNT, MONEY, MONEY_SHORT
from grafana.market.history import NOTHING

REALISED = "Realised: where liquidations happened. Nothing here is a forecast of where they will."
STEPS = f"The prices of the time range in up to {sql.RUNGS} equal steps of at least 0.1 %, each by its lower end."


def _over_time() -> Panel:
    return heatmap(
        "Realised levels over time · $coin",
        f"{REALISED} USD, longs and shorts together, by time and price. {STEPS}",
        [Sql(query=sql.heatmap(), shape="time_series")],
        MONEY.but(decimals=1, nothing=NOTHING),
        scheme="Cividis",
        shortest="1m",
        points=120,
    )


def _ladder() -> Panel:
    def usd(side: str) -> str:
        return f"coalesce(sum(notional_usd) FILTER (WHERE side = '{side}'), 0)"

    columns = {
        "Price from": "price",
        "Long USD": usd("long"),
        "Short USD": usd("short"),
        "Orders": "count(orders.level)",
    }
    return sql_table(
        "Realised levels · $coin",
        f"{REALISED} What was liquidated in the time range at each price, all exchanges together. {STEPS}",
        sql.levels(columns),
        [
            Column(title="Price from", left=True, width=96),
            Column(title="Long USD", look=MONEY_SHORT.but(colour=LONG), cell="gauge"),
            Column(title="Short USD", look=MONEY_SHORT.but(colour=SHORT), cell="gauge"),
            Column(title="Orders", look=COUNT, width=70),
        ],
        nothing=NOTHING,
    )


def realised() -> Row:
    """Return the row with the levels, over time and in all."""
    return Row(15, [(14, _over_time()), (10, _ladder())])
