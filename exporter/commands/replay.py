"""`replay`: event files and journal dumps through ledger and signals, as the running exporter takes them."""

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from exporter.analysis import Course
from exporter.config import Config, load_parameters
from exporter.errors import UserError
from exporter.interchange import combined, read
from exporter.ledger import FUTURE_MS, Ledger
from exporter.model import Liquidation, Record, Side
from exporter.signals.readings import Episode
from exporter.stats import WINDOWS, Bands, CumulativeStats
from exporter.tables.console import console
from exporter.tables.episodes import episodes_table
from exporter.tables.stats import stats_sections
from exporter.web.answers import ApiError
from exporter.web.query import spellings

STDIN = "-"
TIDY_MS = 3_600_000
"""How often, in event time, old minutes are forgotten: years of events need no more memory than a day."""


def execute(options: Namespace, load: Callable[[], Config]) -> int:
    """Take the files' records and print figures and cascades as of the last one."""
    config = load()
    parameters = load_parameters(options.parameters) if options.parameters else config.signals
    if options.files.count(STDIN) > 1:
        raise UserError(f"{STDIN} (stdin) can be given once only")
    ledger = Ledger((), (), config.metrics.base_cap)
    cascades = Cascades(Course.blank(parameters))
    with ExitStack() as files:
        now_ms = count(ledger, cascades.seen(combined([_open(name, files) for name in options.files])))
    base = find_base(options.base, ledger.known_bases()) if options.base else None
    bands = Bands(config.stats.bearish_from, config.stats.bullish_to)

    def stats(window: str | None) -> CumulativeStats:
        return ledger.stats(base, window, now_ms, bands)

    if options.json:
        answer = {"stats": stats(None), "episodes": cascades.episodes(base), "levels": cascades.levels(base)}
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    else:
        for section in stats_sections(stats(None), [stats(window) for window in WINDOWS]):
            console().print(section, "", sep="\n")
        console().print(episodes_table(cascades.episodes(base)))
    return 0


class Level(msgspec.Struct, frozen=True):
    """A change of level; base `*` is the market as a whole."""

    time_ms: int
    base: str
    side: Side
    level: int
    score: float


class Cascades:
    """Lets records pass, and remembers the episodes and the changes of level that came out of them."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._episodes: dict[str, Episode] = {}
        self._levels: list[Level] = []

    def seen(self, records: Iterator[Record]) -> Iterator[Record]:
        """Show each record to the signals before it goes on."""
        for record in records:
            self._course.apply(record)
            self._take()
            yield record
        self._course.advance(self._course.engine.now_ms + 1000)  # judges what came last, up to the next whole second
        self._take()
        self._take_open()

    def episodes(self, base: str | None) -> list[Episode]:
        """Return the episodes of a coin, or all, by their start; the last ones may still be open."""
        found = [each for each in self._episodes.values() if base in (None, each.base)]
        return sorted(found, key=lambda each: (each.start_ms, each.id))

    def levels(self, base: str | None) -> list[Level]:
        """Return the changes of level of a coin, or all, in their order."""
        return [each for each in self._levels if base in (None, each.base)]

    def _take(self) -> None:
        outcomes = self._course.take()
        for change in outcomes.changes:
            self._levels.append(Level(change.time_ms, change.base, change.side, change.level, change.score))
        for episode in outcomes.episodes:
            self._episodes[episode.id] = episode

    def _take_open(self) -> None:
        """Bring the episodes that are open at the end up to date."""
        for episode in [each for each in self._episodes.values() if each.state == "open"]:
            reading = self._course.engine.reading(episode.base, episode.side)
            if reading and reading.episode:
                self._episodes[episode.id] = reading.episode


def count(ledger: Ledger, records: Iterator[Record]) -> int:
    """Apply the events; returns the instant at which the last of them has happened and arrived."""
    now_ms = tidy_ms = 0
    for record in records:
        event = record.entry
        now_ms = max(now_ms, record.applied_ms)
        if isinstance(event, Liquidation):
            now_ms = max(now_ms, min(event.time_ms, event.received_ms + FUTURE_MS))
            ledger.apply(record.seq, event)
        if now_ms >= tidy_ms:
            ledger.forget_minutes(now_ms)
            tidy_ms = now_ms + TIDY_MS
    return now_ms


def find_base(symbol: str, known: Sequence[str]) -> str:
    """Return the coin that a symbol means; raises `UserError` when the files hold none of it."""
    try:
        found = [name for name in spellings(symbol) if name in known]
    except ApiError as error:
        raise UserError(f"--base: {error.reason}") from None
    if not found:
        shown = ", ".join(known[:10]) + (", ..." if len(known) > 10 else "")
        raise UserError(f"--base {symbol}: these files hold no liquidation of it; they have {shown or 'none at all'}")
    return found[0]


def _open(name: str, files: ExitStack) -> Iterator[Record]:
    if name == STDIN:
        return read("stdin", sys.stdin.buffer)
    try:
        return read(name, files.enter_context(Path(name).open("rb")))
    except OSError as error:
        raise UserError(f"{name}: cannot be read: {error.strerror}") from None
