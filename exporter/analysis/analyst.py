"""The signals of a running exporter: takes what is committed, lets time pass, tells whoever wants to know."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
import structlog

from exporter.analysis.course import Outcomes
from exporter.analysis.saved import resume, save
from exporter.analysis.status import EPISODES_KEPT, SignalsStatus, present
from exporter.analysis.words import details, headline
from exporter.journal import Database, Saved
from exporter.model import Record
from exporter.signals import Parameters, Sampling
from exporter.signals.readings import Episode, LevelChange, Pair

log = structlog.get_logger()

SAVE_MS = 60_000
"""How often, in event time, the state goes into the journal."""
GROWN_MS = 5_000
"""How often, in event time, what an open episode has become is told."""
MINUTE_MS = 60_000
SECOND_MS = 1000


class Analyst:
    """Construction brings it to the journal's end; from then on `apply` takes every commit, `pass_time` every second.

    `keep` stores what is known of episodes; what is told before it is stored is told again after a crash.
    """

    def __init__(
        self,
        database: Database,
        parameters: Parameters,
        feeds: Mapping[str, Sampling],
        bases: Sequence[str],
        keep: Callable[[Sequence[Episode]], None],
    ) -> None:
        self.status = SignalsStatus()
        self._bases = bases
        self._keep = keep
        for episode in reversed(database.newest_episodes(EPISODES_KEPT)):
            self.status.tell(episode)
        found: list[Episode] = []
        self._course, self.status.tallies = resume(
            database, parameters, feeds, lambda outcomes: found.extend(outcomes.episodes)
        )
        self._tell_episodes(found)
        self._tell_growth()
        self._saved_ms = self._grown_ms = self._now_ms
        self._pairs: tuple[Pair, ...] = ()
        self._pairs_minute = -1
        self._show()

    def apply(self, records: Iterable[Record]) -> None:
        """Take what a commit added."""
        for record in records:
            self._course.apply(record)
        self._note(self._course.take())

    def pass_time(self, to_ms: int) -> None:
        """Let time pass up to a whole second; nothing before it may be applied afterwards."""
        self._course.advance(to_ms)
        self._note(self._course.take())
        if self._now_ms - self._grown_ms >= GROWN_MS:
            self._grown_ms = self._now_ms
            self._tell_growth()
        self._show()

    def configure(self, parameters: Parameters, feeds: Mapping[str, Sampling]) -> None:
        """Go on with other parameters or exchanges, at once."""
        self._course.configure(parameters, feeds)
        self.save_soon()
        self._show()

    def due(self) -> Saved | None:
        """Return the state when it is time to save it."""
        if self._now_ms - self._saved_ms < SAVE_MS:
            return None
        self._saved_ms = self._now_ms
        return save(self._course, self.status.tallies)

    def save_soon(self) -> None:
        """Have the state saved at the next opportunity."""
        self._saved_ms = self._now_ms - SAVE_MS

    @property
    def _now_ms(self) -> int:
        return self._course.engine.now_ms

    def _note(self, outcomes: Outcomes) -> None:
        self.status.tallies.count(outcomes)
        self._tell_episodes(outcomes.episodes)
        for change in outcomes.changes:
            self._log(change)
        if outcomes.changes:
            self._show()

    def _tell_episodes(self, episodes: Iterable[Episode]) -> None:
        last = {each.id: each for each in episodes}
        new = [each for each in last.values() if self.status.episodes.get(each.id) != each]
        for each in new:
            self.status.tell(each)
        self._keep(new)

    def _tell_growth(self) -> None:
        """Tell what the open episodes have become; the engine may have lost one, when its state could not be read."""
        told: list[Episode] = []
        for episode in self.status.episodes.values():
            if episode.state == "open":
                reading = self._course.engine.reading(episode.base, episode.side)
                now = reading.episode if reading else None
                told.append(now if now and now.id == episode.id else _abandoned(episode))
        self._tell_episodes(told)

    def _log(self, change: LevelChange) -> None:
        reading = self._course.engine.reading(change.base, change.side)
        log.info(headline(change), **details(change, reading))

    def _show(self) -> None:
        engine, status = self._course.engine, self.status
        minute = engine.now_ms // MINUTE_MS
        if minute != self._pairs_minute:
            self._pairs_minute, self._pairs = minute, tuple(engine.pairs())
        bases = dict.fromkeys((*self._bases, *engine.active(), *sorted(status.wanted)))
        status.present = present(engine, bases, self._course.parameters.coverage.blind, self._pairs)


def _abandoned(episode: Episode) -> Episode:
    """Close an episode that nobody follows any more, as of its last known order."""
    flags = tuple(sorted({*episode.flags, "interrupted"}))
    return msgspec.structs.replace(episode, state="closed", closed_ms=episode.end_ms, flags=flags)
