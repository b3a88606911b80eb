"""The state of the signals in the journal, and how a start goes on from it.

The journal keeps the state after some record, every minute or so. A start takes it and the records that follow, under
the configuration they were taken with, and ends where the last run ended, to the bit. Without a state, or with one that
this version cannot read, the newest part of the journal is played through instead, so that the baselines are warm.
"""

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from itertools import chain

import msgspec
import structlog

from exporter.analysis.course import Course, Outcomes
from exporter.analysis.tallies import Tallies
from exporter.journal import Database, Saved
from exporter.model import Record
from exporter.signals import Engine, Parameters, Sampling

log = structlog.get_logger()

WARM_RECORDS = 200_000
"""How much of the journal is played through when there is no state: some seconds' worth of work."""
STEP = 250
"""Records between two pauses for others: a few milliseconds."""


class State(msgspec.Struct, frozen=True):
    """Everything a course needs to go on, as of `now_ms`, when it let time pass last; so are the tallies."""

    now_ms: int
    parameters: Parameters
    feeds: dict[str, Sampling]
    heard: frozenset[str]
    tallies: Tallies
    engine: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(State).decode


def save(course: Course, tallies: Tallies) -> Saved:
    """Return the present state; what came out of the course has to be taken before."""
    state = State(
        course.engine.now_ms, course.parameters, course.feeds, course.heard, tallies, course.engine.snapshot()
    )
    return Saved(course.seq, _encode(state))


class Resumed(msgspec.Struct, frozen=True):
    """A course at the journal's end, and its tallies."""

    course: Course
    tallies: Tallies


def resume(
    database: Database,
    parameters: Parameters,
    feeds: Mapping[str, Sampling],
    note: Callable[[Outcomes], None],
) -> Generator[None, None, Resumed]:
    """Bring a course to the journal's end, a small step at a time.

    `note` is told what comes out of the records that no saved state holds. The journal may grow meanwhile: the last
    step takes everything that is there by then.
    """
    saved = database.saved_signals()
    state = _decoded(saved)
    course = _restored(state, saved.seq) if state and saved else None
    if course is None:
        course = Course.blank(parameters)
        records = _history(database)
        if state and saved:  # what it holds is counted and told already
            records = yield from _caught_up(course, records, saved.seq, state.now_ms)
    else:
        records = database.records(course.seq, STEP)
    tallies = state.tallies if state else Tallies()
    for number, record in enumerate(records, 1):
        course.apply(record)
        _tell(course, tallies, note)
        if number % STEP == 0:
            yield
    course.advance(database.reached_ms())
    _tell(course, tallies, note)
    course.configure(parameters, feeds)
    return Resumed(course, tallies)


def _tell(course: Course, tallies: Tallies, note: Callable[[Outcomes], None]) -> None:
    outcomes = course.take()
    tallies.count(outcomes)
    note(outcomes)


def _caught_up(
    course: Course, records: Iterator[Record], seq: int, now_ms: int
) -> Generator[None, None, Iterator[Record]]:
    """Let a course run to where another was, and return the records that follow."""
    rest: list[Record] = []
    for number, record in enumerate(records, 1):
        if record.seq > seq:
            rest.append(record)
            break
        course.apply(record)
        if number % STEP == 0:
            yield
    course.advance(now_ms)
    course.take()
    return chain(rest, records)


def _decoded(saved: Saved | None) -> State | None:
    try:
        return _decode(saved.state) if saved else None
    except msgspec.MsgspecError as error:
        log.warning("state of the signals unreadable", error=str(error))
        return None


def _restored(state: State, seq: int) -> Course | None:
    try:
        engine = Engine.restore(state.engine, state.parameters, state.feeds)
    except ValueError as error:
        log.warning("state of the signals unreadable", error=str(error))
        return None
    return Course(state.parameters, state.feeds, engine, state.heard, seq)


def _history(database: Database) -> Iterator[Record]:
    """Iterate over the newest records, and first over what was up by then."""
    started, after = time.monotonic(), max(0, database.last_seq - WARM_RECORDS)
    number = 0
    for number, record in enumerate(database.records(after, STEP), 1):
        if number == 1:
            for before in database.feed_states(record.seq):
                yield msgspec.structs.replace(before, applied_ms=record.applied_ms)
        yield record
    if number:
        seconds = round(time.monotonic() - started, 1)
        log.info("signals warmed up from the journal", records=number, seconds=seconds)
