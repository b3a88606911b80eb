"""What the counters of the cascade signals count."""

from collections.abc import Iterable

import msgspec

from exporter.analysis.course import Outcomes
from exporter.model import Side
from exporter.signals.readings import LEVEL_NAMES, MARKET, Episode, LargePrint


class Tallies(msgspec.Struct):
    """Cascades that are over, by (base, side, highest level), and large orders, by (exchange, base, side).

    A cascade counts when it is over, once, under the highest level it reached: all together they are the cascades. The
    market's are left out, because they are made of the same liquidations. Saved with the engine, so that no counter
    runs backwards.
    """

    cascades: dict[tuple[str, Side, str], int] = {}
    prints: dict[tuple[str, str, Side], int] = {}

    def count(self, outcomes: Outcomes) -> None:
        """Add what came out."""
        self._count_cascades(outcomes.episodes)
        self._count_prints(outcomes.prints)

    def _count_cascades(self, episodes: Iterable[Episode]) -> None:
        for episode in episodes:
            if episode.state == "closed" and episode.base != MARKET:
                key = (episode.base, episode.side, LEVEL_NAMES[episode.max_level])
                self.cascades[key] = self.cascades.get(key, 0) + 1

    def _count_prints(self, prints: Iterable[LargePrint]) -> None:
        for each in prints:
            key = (each.exchange, each.base, each.side)
            self.prints[key] = self.prints.get(key, 0) + 1
