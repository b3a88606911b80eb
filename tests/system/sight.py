"""What the boards show of a coin's cascade at a moment: the panels' own queries, asked of a real Prometheus."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from exporter.signals.parameters import Levels
from grafana.signals import NOT_KNOWN
from tests.boards.committed import BOARDS, CommittedBoard, Panel
from tests.boards.frames import Moment, Rows, named, rows

CHOICE = {"window": "24h", "by": "notional_usd", "level": "2", "pairs": "long"}
SIDES = {"longs": "long", "shorts": "short"}
WARNING = Levels().warning.enter
RANKING = "Coins · all coins, last $window"


class Shown(NamedTuple):
    """A score and a level."""

    score: float
    level: float


@dataclass(frozen=True)
class Sight:
    """The boards with a chosen coin, at a moment."""

    base: str
    moment: Moment

    def overview(self, side: str) -> Shown:
        """The score in the coin's own section, the level in the ranking of the coins."""
        board = BOARDS["overview"]
        (row,) = (row for row in self._rows(board, board.panel(RANKING)) if row["Coin"] == self.base)
        *_, scores = (panel for panel in board.panels if panel.title == "Cascade score")
        return Shown(self._by_side(board, scores)[side], float(row["Level"]))

    def coin(self, side: str) -> Shown:
        """The two panels of the coin's board; a coin that was never seen is not known."""
        board = BOARDS["coin"]
        score, level = (self._by_side(board, board.panel(title)) for title in ("Cascade score", "Level · $coin"))
        return Shown(score.get(side, NOT_KNOWN), level.get(side, NOT_KNOWN))

    def cascades(self, side: str) -> Shown:
        """The row of the coin and side."""
        board = BOARDS["cascades"]
        found = self._rows(board, board.panel("Coins now"))
        (row,) = (row for row in found if (row["Coin"], row["Side"]) == (self.base, side))
        return Shown(float(row["Score"]), float(row["Level"]))

    def quick(self) -> tuple[str, str, float]:
        """The coin and side that lead, and their score."""
        board = BOARDS["quick"]
        ((name, score),) = self._named(board, board.panel("Highest score")).items()
        base, sides = name.split()
        return base, SIDES[sides], score

    def _by_side(self, board: CommittedBoard, panel: Panel) -> dict[str, float]:
        return {SIDES[name]: value for name, value in self._named(board, panel).items()}

    def _named(self, board: CommittedBoard, panel: Panel) -> dict[str, float]:
        return named(panel, self._answers(board, panel))

    def _rows(self, board: CommittedBoard, panel: Panel) -> Rows:
        return rows(panel, self._answers(board, panel))

    def _answers(self, board: CommittedBoard, panel: Panel) -> Mapping[str, list]:
        choice = CHOICE | {"coin": self.base}
        return {query.letter: self.moment.answer(query, choice, board.variables) for query in panel.queries}


def colour_level(score: float) -> int:
    """The level that the colour of a score on Quick look stands for."""
    steps = BOARDS["quick"].panel("Highest score").json["fieldConfig"]["defaults"]["thresholds"]["steps"]
    return sum(score >= step["value"] for step in steps[1:])
