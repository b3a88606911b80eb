"""Market overview, the trading board: the market first, then the chosen coin, coin by coin, exchange by exchange."""

from grafana.annotations import OF_THE_COIN
from grafana.boards import choices
from grafana.builder import variables
from grafana.builder.board import Board
from grafana.builder.layout import Row, Section
from grafana.market.balance import balance
from grafana.market.coins import coins
from grafana.market.exchanges import exchanges, sides
from grafana.market.totals import per_minute, totals
from grafana.queries import COIN, MARKET, Windows
from grafana.strip import feeds


def _scope(title: str, scope: Windows, family: str, selector: str) -> Section:
    """Return what is to be seen first of all coins, or of the chosen one."""
    return Section(title, [balance(scope), Row(7, [(15, totals(scope)), (9, per_minute(scope, family, selector))])])


OVERVIEW = Board(
    file="overview",
    title="Market overview",
    about="Who is being liquidated, how much and where: all coins, the chosen coin, exchange by exchange.",
    variables=[
        variables.source("prometheus"),
        choices.WINDOW,
        choices.COIN,
        choices.BY,
    ],
    sections=[
        Section("", [feeds()]),
        _scope("All coins, last $window", MARKET, "liquidation_notional_usd_total", ""),
        _scope("$coin, last $window", COIN, "liquidation_asset_notional_usd_total", 'base="$coin"'),
        Section("By coin, last $window", [Row(12, [(24, coins(MARKET))])]),
        Section(
            "By exchange, last $window",
            [
                Row(14, [(12, exchanges(MARKET)), (12, exchanges(COIN))]),
                Row(15, [(12, sides(MARKET)), (12, sides(COIN))]),
            ],
        ),
    ],
    span="now-1h",
    refresh="5s",
    annotations=OF_THE_COIN,
)
