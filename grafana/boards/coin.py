"""Coin: everything about the chosen coin, in the order of the overview."""

from grafana.annotations import OF_THE_COIN
from grafana.boards import choices
from grafana.builder import variables
from grafana.builder.board import Board
from grafana.builder.layout import Row, Section
from grafana.cascades.coin import score_over_time
from grafana.market import history
from grafana.market.balance import balance
from grafana.market.exchanges import exchanges, sides
from grafana.market.levels import realised
from grafana.market.totals import per_minute, totals
from grafana.queries import COIN
from grafana.signals import COIN_SIGNALS, levels_now
from grafana.strip import feeds

GRAPH = per_minute(COIN, "liquidation_asset_notional_usd_total", COIN.selector)

COIN_BOARD = Board(
    file="coin",
    title="Coin",
    about="Everything about one coin: which side, where, at which prices, at what times, by what kind of order.",
    variables=[
        variables.source("prometheus"),
        variables.source("timescale"),
        choices.COIN,
        choices.WINDOW,
        choices.BY,
    ],
    sections=[
        Section("", [feeds()]),
        Section(
            "$coin, last $window",
            [
                balance(COIN),
                Row(10, [(24, GRAPH)]),
                Row(7, [(15, totals(COIN)), (3, levels_now(COIN_SIGNALS, 18)), (6, score_over_time(COIN_SIGNALS))]),
            ],
        ),
        Section("By exchange, last $window", [Row(15, [(12, exchanges(COIN)), (12, sides(COIN))])]),
        Section("Realised levels, from the history (needs TimescaleDB)", [realised()]),
        Section("When and how large, from the history (needs TimescaleDB)", history.profile(history.COIN)),
    ],
    span="now-6h",
    refresh="5s",
    annotations=OF_THE_COIN,
)
