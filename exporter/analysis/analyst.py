"""The signals of a running exporter: takes what is committed, lets time pass, tells whoever wants to know."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import structlog

from exporter.analysis.course import Course, Outcomes
from exporter.analysis.saved import Resumed, resume, save
from exporter.analysis.status import EPISODES_KEPT, SignalsStatus, present
from exporter.analysis.words import details, headline
from exporter.journal import Database, JournalError, News, Saved
from exporter.model import Record
from exporter.signals import Parameters, Sampling
from exporter.signals.readings import Episode, Pair

log = structlog.get_logger()

SAVE_MS = 60_000
"""How often, in event time, the state goes into the journal."""
GROWN_MS = 5_000
"""How often, in event time, what an open episode has become is told."""
MINUTE_MS = 60_000
RETRY_S = 5.0


class Analyst:
    """Has to catch up with the journal first (`begin`); from then on `apply` takes commits, `pass_time` seconds.

    `tell` stores changes of level and what is known of episodes, for those who follow; what was not stored before a
    crash is told again after it. What is committed before it has caught up it finds in the journal.
    """

    def __init__(
        self,
        journal: Path,
        parameters: Parameters,
        feeds: Mapping[str, Sampling],
        bases: Sequence[str],
        tell: Callable[[Sequence[News]], None],
    ) -> None:
        self.status = SignalsStatus(bases)
        self._journal = journal
        self._parameters, self._feeds = parameters, feeds
        self._bases = bases
        self._tell = tell
        self._course: Course | None = None
        self._saved_ms = self._grown_ms = 0
        self._pairs: tuple[Pair, ...] = ()
        self._pairs_minute = -1

    async def begin(self) -> None:
        """Catch up, a little at a time, while everything else goes on."""
        while self._course is None:
            try:
                for _ in self.steps():
                    await asyncio.sleep(0)
            except (sqlite3.Error, JournalError) as error:
                log.warning("signals cannot read the journal", error=str(error), retry_in_s=RETRY_S)
                await asyncio.sleep(RETRY_S)

    def steps(self) -> Iterator[None]:
        """Catch up step by step."""
        database = Database(self._journal, readonly=True)
        try:
            for episode in reversed(database.newest_episodes(EPISODES_KEPT)):
                self.status.tell(episode)
            missed: list[News] = []
            resumed = yield from resume(
                database,
                self._parameters,
                self._feeds,
                lambda outcomes: missed.extend((*outcomes.changes, *outcomes.episodes)),
            )
            self._take_over(resumed, missed)
        finally:
            database.close()

    def apply(self, records: Iterable[Record]) -> None:
        """Take what a commit added."""
        course = self._course
        if course is None:
            return
        for record in records:
            if record.seq > course.seq:  # it may have been in the journal before the last step
                course.apply(record)
        self._note(course, course.take())

    def pass_time(self, to_ms: int) -> None:
        """Let time pass up to a whole second; nothing before it may be applied afterwards."""
        course = self._course
        if course is None:
            return
        course.advance(to_ms)
        self._note(course, course.take())
        now_ms = course.engine.now_ms
        if now_ms - self._grown_ms >= GROWN_MS:
            self._grown_ms = now_ms
            self._tell_growth(course)
        self._show(course)

    def configure(self, parameters: Parameters, feeds: Mapping[str, Sampling]) -> None:
        """Go on with other parameters or exchanges, at once."""
        self._parameters, self._feeds = parameters, feeds
        if self._course:
            self._course.configure(parameters, feeds)
            self.save_soon()
            self._show(self._course)

    def due(self) -> Saved | None:
        """Return the state when it is time to save it."""
        course = self._course
        if course is None or course.engine.now_ms - self._saved_ms < SAVE_MS:
            return None
        self._saved_ms = course.engine.now_ms
        return save(course, self.status.tallies)

    def save_soon(self) -> None:
        """Have the state saved at the next opportunity."""
        self._saved_ms = 0

    def _take_over(self, resumed: Resumed, missed: Sequence[News]) -> None:
        course = self._course = resumed.course
        self.status.tallies = resumed.tallies
        self._publish(missed)
        self._tell_growth(course)
        course.configure(self._parameters, self._feeds)
        self._saved_ms = self._grown_ms = course.engine.now_ms
        self._show(course)

    def _note(self, course: Course, outcomes: Outcomes) -> None:
        self.status.tallies.count(outcomes)
        self._publish((*outcomes.changes, *outcomes.episodes))
        for change in outcomes.changes:
            log.info(headline(change), **details(change, course.engine.reading(change.base, change.side)))
        if outcomes.changes:
            self._show(course)

    def _publish(self, news: Iterable[News]) -> None:
        """Tell the changes of level, and of each episode the last of what is not known yet."""
        told: dict[str, News] = {}
        for number, each in enumerate(news):
            told[each.id if isinstance(each, Episode) else str(number)] = each
        fresh = [each for each in told.values() if not self._is_known(each)]
        for each in fresh:
            if isinstance(each, Episode):
                self.status.tell(each)
        self._tell(fresh)

    def _is_known(self, news: News) -> bool:
        return isinstance(news, Episode) and self.status.episodes.get(news.id) == news

    def _tell_growth(self, course: Course) -> None:
        """Tell what the open episodes have become; the engine may have lost one, when its state could not be read."""
        told: list[News] = []
        for episode in self.status.episodes.values():
            if episode.state == "open":
                reading = course.engine.reading(episode.base, episode.side)
                now = reading.episode if reading else None
                told.append(now if now and now.id == episode.id else _abandoned(episode))
        self._publish(told)

    def _show(self, course: Course) -> None:
        engine, status = course.engine, self.status
        minute = engine.now_ms // MINUTE_MS
        if minute != self._pairs_minute:
            self._pairs_minute, self._pairs = minute, tuple(engine.pairs())
        bases = dict.fromkeys((*self._bases, *engine.active(), *sorted(status.wanted)))
        status.present = present(engine, bases, course.parameters.coverage.blind, self._pairs)


def _abandoned(episode: Episode) -> Episode:
    """Close an episode that nobody follows any more, as of its last known order."""
    flags = tuple(sorted({*episode.flags, "interrupted"}))
    return msgspec.structs.replace(episode, state="closed", closed_ms=episode.end_ms, flags=flags)
