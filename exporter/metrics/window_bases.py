"""Which coins have windows of their own on the page."""

from collections.abc import Mapping, Sequence
from heapq import heapify, heappop, heappush

from exporter.cells import Cell
from exporter.stats import WINDOWS


class WindowBases:
    """The main coins, and besides them those with the most USD in 24 hours, up to `limit` coins in all.

    A coin that is shown leaves only when a larger one takes its place: one whose day has ended stays while there is
    room. They are ranked anew when a minute has begun, not more often.
    """

    def __init__(self, main: Sequence[str], limit: int) -> None:
        self._main = frozenset(main)
        self._room = max(0, limit - len(main))
        self._minute = -1
        self._known: dict[str, tuple[float, float]] = {}
        """Of a coin that was added up: the USD of its day at that time, and its USD of all time then."""
        self.chosen = self._main
        """The coins as of the last ranking."""

    def rank(self, minute: int, coins: Mapping[str, Sequence[Cell]]) -> bool:
        """Rank the coins, each with its cells, by the day that ends with `minute`; tells whether the choice changed."""
        if not self._room or minute == self._minute:
            return False
        self._minute = minute
        before, self.chosen = self.chosen, self._main.union(self._largest(minute - WINDOWS["24h"] + 1, coins))
        return self.chosen != before

    def _largest(self, oldest: int, coins: Mapping[str, Sequence[Cell]]) -> list[str]:
        """Return the largest of the coins since a minute.

        Adding up every day would take a fifth of a second for 1,000 coins on 12 exchanges. Since it was added up a day
        can have grown by no more than the coin's total: only coins that this brings among the largest are added up.
        """
        heap = [
            (-self._at_most(base, cells), base not in self.chosen, base, False)
            for base, cells in coins.items()
            if base not in self._main
        ]
        heapify(heap)
        largest: list[str] = []
        while heap and len(largest) < self._room:
            _, new, base, exact = heappop(heap)
            if exact:
                largest.append(base)
            elif (usd := self._add_up(oldest, base, coins[base])) or not new:
                heappush(heap, (-usd, new, base, True))
        return largest

    def _at_most(self, base: str, cells: Sequence[Cell]) -> float:
        day, total = self._known.get(base, (0.0, 0.0))
        return day + sum([cell.usd for cell in cells]) - total

    def _add_up(self, oldest: int, base: str, cells: Sequence[Cell]) -> float:
        total = sum([cell.usd for cell in cells])  # before the day: what comes meanwhile makes the bound no lower
        day = sum([cell.usd_since(oldest) for cell in cells])
        self._known[base] = (day, total)
        return day
