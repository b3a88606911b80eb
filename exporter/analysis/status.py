"""What the signals say at this moment, for everything that renders it. Nothing here acts."""

from collections.abc import Iterable

import msgspec

from exporter.analysis.tallies import Tallies
from exporter.model import SIDES, Side
from exporter.signals import Engine
from exporter.signals.readings import MARKET, UNKNOWN, Episode, Pair, Reading
from exporter.signals.stress import WINDOWS, Window

STALE_MS = 60_000
"""When time has not passed for the engine for so long (the journal fails), nothing it says is of the present."""
EPISODES_KEPT = 200


class CoinPresent(msgspec.Struct, frozen=True):
    """One coin, or the market; a side without orders so far has no reading: it is calm when the coin can be seen."""

    coverage: float
    warmup: bool
    sides: dict[Side, Reading | None]


class Present(msgspec.Struct, frozen=True):
    """One moment of the engine: the coins that are shown, the market, what the exchanges have in common."""

    now_ms: int
    blind: float
    """Below this coverage a coin that nothing is known of is unknown, and not calm."""
    coins: dict[str, CoinPresent]
    market: CoinPresent
    stress: dict[tuple[Side, Window], float | None]
    pairs: tuple[Pair, ...] = ()

    def stale(self, now_ms: int) -> bool:
        """Tell whether this moment is long gone."""
        return now_ms - self.now_ms > STALE_MS


class SignalsStatus:
    """What is known of the signals at this moment; before there is anything, `bases` are shown as unknown."""

    def __init__(self, bases: Iterable[str] = ()) -> None:
        self.forget(bases)
        self.tallies = Tallies()
        self.counted = False
        """Whether the tallies are those of the journal; until then counters are absent, and not lower than before."""
        self.episodes: dict[str, Episode] = {}
        """The newest episodes by id, the one that was told of last at the end."""
        self.wanted: frozenset[str] = frozenset()
        """Coins that are to be shown besides the main ones and those at a level."""

    def forget(self, bases: Iterable[str]) -> None:
        """Say that nothing is known of this moment, and show these coins as unknown."""
        unknown = CoinPresent(0.0, True, dict.fromkeys(SIDES))
        self.present = Present(0, 1.0, dict.fromkeys(bases, unknown), unknown, {})

    def tell(self, episode: Episode) -> None:
        """Take what is now known of an episode."""
        self.episodes.pop(episode.id, None)
        self.episodes[episode.id] = episode
        while len(self.episodes) > EPISODES_KEPT:
            del self.episodes[next(iter(self.episodes))]


def present(engine: Engine, bases: Iterable[str], blind: float, pairs: tuple[Pair, ...]) -> Present:
    """Look at the engine; `pairs` are those of the last minute."""
    stress = {(side, window): engine.stress(side, window) for side in SIDES for window in WINDOWS}
    coins = {base: _coin(engine, base) for base in bases}
    return Present(engine.now_ms, blind, coins, _coin(engine, MARKET), stress, pairs)


def _coin(engine: Engine, base: str) -> CoinPresent:
    sides = {side: engine.reading(base, side) for side in SIDES}
    return CoinPresent(engine.coverage(base), any(each is None or each.warmup for each in sides.values()), sides)


def shown_level(reading: Reading | None, coverage: float, blind: float, *, stale: bool) -> int:
    """Return the level to show: -1 for unknown, which a level of 1 or more never turns into."""
    if reading is None:
        return UNKNOWN if stale or coverage < blind else 0
    return UNKNOWN if stale and reading.level < 1 else reading.level


def shown_score(reading: Reading | None, coverage: float, blind: float, *, stale: bool) -> float | None:
    """Return the score to show, None for unknown."""
    if stale:
        return None
    if reading is None:
        return None if coverage < blind else 0.0
    return reading.score
