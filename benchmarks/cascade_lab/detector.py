"""The project's engine over an observed stream: its levels, and the terms of its score wherever the gates are open."""

from collections.abc import Sequence

import msgspec

from benchmarks.cascade_lab.alarms import HOLD_MS, Run
from benchmarks.cascade_lab.feeds import Seen
from benchmarks.cascade_lab.world import Venue
from exporter.model import LONG, SHORT
from exporter.signals.engine import Engine
from exporter.signals.parameters import Parameters
from exporter.signals.readings import CRITICAL, WARNING, WATCH, Episode, LevelChange

START_MS = 1_760_054_400_000
"""A midnight in UTC, the start of every stream."""
BASE = "COIN"
SIDES = (LONG, SHORT)
LEVELS = {"watch": WATCH, "warning": WARNING, "critical": CRITICAL}
CALM_EVERY = 500
"""Of so many orders one is looked at whatever the gates say, to learn what an ordinary moment is."""

Terms = tuple[float, ...]


class Watched(msgspec.Struct):
    """What the engine made of a stream; times in milliseconds since its start.

    `open` has the terms per side wherever all gates hold, `ordinary` those of arbitrary orders.
    """

    open: tuple[list[tuple[int, Terms]], list[tuple[int, Terms]]]
    ordinary: list[Terms]
    changes: list[LevelChange]
    episodes: list[Episode]


def watch(seen: Sequence[Seen], venues: Sequence[Venue], parameters: Parameters) -> Watched:
    """Run the engine over an observed stream of one coin."""
    engine = Engine(parameters, {venue.name: venue.delivery for venue in venues})
    for venue in venues:
        engine.feed(venue.name, True, START_MS)
    result = Watched(([], []), [], [], [])
    for index, record in enumerate(seen):
        take(engine, record, venues[record.venue].name)
        last_of_batch = index + 1 == len(seen) or seen[index + 1].applied > record.applied
        if last_of_batch and record.up is None:
            note(engine, record, result, ordinary=index % CALM_EVERY == 0)
    engine.advance(engine.now_ms + HOLD_MS * 2)
    result.changes += [change for change in engine.take_changes() if change.base == BASE]
    result.episodes += [episode for episode in engine.take_episodes() if episode.id.startswith(BASE)]
    return result


def take(engine: Engine, record: Seen, exchange: str) -> None:
    """Show the engine a record."""
    applied = START_MS + record.applied
    if record.up is not None:
        engine.feed(exchange, record.up, applied)
    else:
        side = SIDES[record.side]
        engine.order(BASE, side, exchange, record.usd, record.price, START_MS + record.time, applied)


def note(engine: Engine, record: Seen, result: Watched, *, ordinary: bool) -> None:
    """Keep the terms of the side that was just hit."""
    sample = engine.sample(BASE, SIDES[record.side])
    if sample is None:
        return
    if sample.open and not sample.warmup:
        result.open[record.side].append((record.applied, sample.terms))
    if ordinary:
        result.ordinary.append(sample.terms)


def level_runs(changes: Sequence[LevelChange], level: int) -> list[tuple[int, Run]]:
    """Return the alarms of a level with their sides: from reaching it to leaving it; short breaks do not count."""
    runs: list[tuple[int, Run]] = []
    for index, side in enumerate(SIDES):
        mine: list[Run] = []
        for change in (change for change in changes if change.side == side):
            at = change.time_ms - START_MS
            if change.level >= level > change.previous:
                first = mine.pop()[0] if mine and at - mine[-1][1] <= HOLD_MS else at
                mine.append((first, at))
            elif change.previous >= level > change.level:
                mine[-1] = (mine[-1][0], at)
        runs += [(index, run) for run in mine]
    return runs
