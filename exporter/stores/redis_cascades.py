"""The cascade signals in Redis: a hash per coin with its present state, and a message for every change of level."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from exporter.journal import Database, Telling
from exporter.signals.readings import COMPONENTS, LEVEL_NAMES, Episode, LevelChange
from exporter.stores.redis_contents import REPLACE, Hash

PAGE = 5000


class Message(msgspec.Struct, frozen=True):
    """What is published on `liq:cascades`; base `*` is the market, contributions add up to a logit."""

    time_ms: int
    base: str
    side: str
    level: int
    level_name: str
    previous: int
    score: float
    contributions: dict[str, float]
    coverage: float
    by_breadth: bool


class CascadeStates:
    """The state of every coin that was ever at a level, up to the telling `number`."""

    def __init__(self) -> None:
        self.number = 0
        self._fields: dict[str, dict[str, str]] = {}

    def take(self, tellings: Iterable[Telling]) -> set[str]:
        """Take the next tellings; returns the coins whose state changed."""
        changed: set[str] = set()
        for number, news in tellings:
            self.number = number
            fields = self._fields.setdefault(news.base, {})
            if isinstance(news, Episode):
                fields[f"{news.side}:episode"] = msgspec.json.encode(news).decode()
            else:
                fields |= {
                    f"{news.side}:level": str(news.level),
                    f"{news.side}:level_name": LEVEL_NAMES[news.level],
                    f"{news.side}:score": repr(news.score),
                    f"{news.side}:since_ms": str(news.time_ms),
                }
            changed.add(news.base)
        return changed

    def hashes(self, bases: Iterable[str] | None = None) -> list[Hash]:
        """Return the hashes of some coins, or of all."""
        wanted = self._fields if bases is None else sorted(bases)
        return [
            (cascade_key(base), REPLACE, [text for pair in self._fields[base].items() for text in pair])
            for base in wanted
        ]

    def keys(self) -> set[str]:
        """Return the names of all hashes."""
        return set(map(cascade_key, self._fields))


def states_at(path: Path, number: int | None) -> CascadeStates:
    """Return the states up to a telling, or the newest; reads a file: runs in a thread."""
    states = CascadeStates()
    database = Database(path, readonly=True)
    try:
        while page := database.tellings(states.number, PAGE):
            wanted = [each for each in page if number is None or each.number <= number]
            states.take(wanted)
            if len(wanted) < len(page):
                break
    finally:
        database.close()
    if number is not None:
        states.number = number
    return states


def messages(tellings: Sequence[Telling]) -> list[str]:
    """Return a message for every change of level."""
    return [msgspec.json.encode(_message(news)).decode() for _, news in tellings if isinstance(news, LevelChange)]


def cascade_key(base: str) -> str:
    """Name the hash of a coin's cascade signals."""
    return f"liq:cascade:{base}"


def _message(change: LevelChange) -> Message:
    contributions = dict(zip(COMPONENTS, change.contributions, strict=True))
    return Message(
        change.time_ms,
        change.base,
        change.side,
        change.level,
        LEVEL_NAMES[change.level],
        change.previous,
        change.score,
        contributions,
        change.coverage,
        change.by_breadth,
    )
