"""Exchange: everything about the chosen exchange, in the order of the overview, and whether it can be trusted."""

from grafana.annotations import OF_THE_MARKET
from grafana.boards import choices
from grafana.builder import variables
from grafana.builder.board import Board
from grafana.builder.layout import Row, Section
from grafana.market import history
from grafana.market.balance import balance
from grafana.market.coins import coins
from grafana.market.feed import delay_over_time, feed
from grafana.market.totals import per_minute, totals
from grafana.queries import EXCHANGE
from grafana.strip import feeds

GRAPH = per_minute(EXCHANGE, "liquidation_notional_usd_total", EXCHANGE.selector)

EXCHANGE_BOARD = Board(
    file="exchange",
    title="Exchange",
    about="Everything about one exchange: which side, which coins, at what times, and how well its feed works.",
    variables=[
        variables.source("prometheus"),
        variables.source("timescale"),
        variables.labels_of(
            "venue",
            "Exchange",
            "The exchanges that are or were listened to.",
            "liquidation_window_events",
            "exchange",
            first="binance",
            several=False,
        ),
        choices.WINDOW,
        choices.BY,
    ],
    sections=[
        Section("", [feeds()]),
        Section(
            "$venue, last $window",
            [balance(EXCHANGE), feed(), Row(7, [(15, totals(EXCHANGE)), (9, GRAPH)])],
        ),
        Section("By coin, last $window", [Row(11, [(16, coins(EXCHANGE)), (8, delay_over_time())])]),
        Section(
            "When and how large, from the history (needs TimescaleDB)",
            history.profile(history.EXCHANGE),
        ),
    ],
    span="now-6h",
    annotations=OF_THE_MARKET,
)
