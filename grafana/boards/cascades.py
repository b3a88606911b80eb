"""Cascades: what is running now and why, what has been, and what the exchanges have in common."""

from grafana.annotations import OF_THE_COIN
from grafana.boards import choices
from grafana.builder import variables
from grafana.builder.board import Board
from grafana.builder.layout import Row, Section
from grafana.cascades.coin import levels_over_time, parts, score_over_time
from grafana.cascades.coins import coins, levels
from grafana.cascades.episodes import by_coin, by_exchange, episodes
from grafana.cascades.pairs import correlation, leads, synchrony
from grafana.cascades.present import present
from grafana.signals import COIN_SIGNALS, MARKET_SIGNALS
from grafana.strip import feeds, history

CASCADES = Board(
    file="cascades",
    title="Cascades",
    about="Liquidations that set off liquidations: what runs now and why, what has been, who comes first.",
    variables=[
        variables.source("prometheus"),
        variables.source("timescale"),
        choices.COIN,
        variables.one_of(
            "level",
            "Episodes from",
            "The lowest level that an episode must have reached.",
            [("warning", "2"), ("critical", "3")],
            "2",
        ),
        choices.coins("of", "The coins whose episodes are listed; All has the market as well."),
        variables.one_of(
            "pairs", "Exchanges by", "The side that the exchanges are compared by.", ["long", "short"], "long"
        ),
    ],
    sections=[
        Section("", [feeds(), present(), Row(14, [(24, coins())])]),
        Section(
            "Over time",
            [
                Row(8, [(12, score_over_time(MARKET_SIGNALS)), (12, score_over_time(COIN_SIGNALS))]),
                Row(10, [(10, levels()), (7, levels_over_time()), (7, parts())]),
            ],
        ),
        Section(
            "Episodes, from the history (needs TimescaleDB)",
            [Row(12, [(24, episodes())]), Row(8, [(3, history()), (21, by_coin())])],
        ),
        Section(
            "Exchanges",
            [Row(14, [(12, correlation()), (12, synchrony())]), Row(14, [(12, leads()), (12, by_exchange())])],
        ),
    ],
    span="now-1h",
    refresh="5s",
    annotations=OF_THE_COIN,
)
