"""One cascade second by second as the engine sees it, for a picture and for the worked example."""

from collections.abc import Iterator, Sequence

import msgspec

from benchmarks.cascade_lab.detector import BASE, SIDES, START_MS, take
from benchmarks.cascade_lab.feeds import Seen, observe
from benchmarks.cascade_lab.stream import Stream, generate
from benchmarks.cascade_lab.truth import Cascade, truth_of
from benchmarks.cascade_lab.world import world_of
from exporter.signals.engine import Engine
from exporter.signals.parameters import Parameters
from exporter.signals.readings import Reading

SHOWN_SEED = 5000
BEFORE_S, AFTER_S = 120, 300
SIZE = (0.3, 1.0)
"""The first cascade of this many mean days is shown."""


class Second(msgspec.Struct, frozen=True):
    """What was seen in a second (true and observed USD on the cascade's side, last price), and the engine's reading."""

    at: int
    true_usd: float
    usd: float
    price: float
    reading: Reading


class Shown(msgspec.Struct, frozen=True):
    """A cascade of a stream, second by second."""

    stream: Stream
    cascade: Cascade
    seconds: list[Second]


def show(seed: int, parameters: Parameters) -> Shown:
    """Return the first cascade of a middling size; raises `StopIteration` for a seed without one."""
    stream = generate(world_of(seed), seed)
    cascade = next(each for each in truth_of(stream).cascades if SIZE[0] <= each.days < SIZE[1])
    seen = observe(stream, seed)
    return Shown(stream, cascade, list(seconds(stream, seen, cascade, parameters)))


def seconds(stream: Stream, seen: Sequence[Seen], cascade: Cascade, parameters: Parameters) -> Iterator[Second]:
    """Run the engine up to the cascade and then look at it after each second."""
    engine = Engine(parameters, {venue.name: venue.delivery for venue in stream.venues})
    for venue in stream.venues:
        engine.feed(venue.name, True, START_MS)
    first, last = int(cascade.start) - BEFORE_S, int(cascade.end) + AFTER_S
    side, index, price = cascade.side, 0, 0.0
    true_usd = per_second([(int(order[0]), order[3]) for order in stream.orders if order[2] == side])
    usd = per_second([(each.applied // 1000, each.usd) for each in seen if each.side == side])
    for at in range(first, last):
        while index < len(seen) and seen[index].applied < (at + 1) * 1000:
            take(engine, seen[index], stream.venues[seen[index].venue].name)
            price = seen[index].price or price
            index += 1
        engine.advance(START_MS + (at + 1) * 1000)
        reading = engine.reading(BASE, SIDES[side])
        if reading is not None:
            yield Second(at + 1, true_usd.get(at, 0.0), usd.get(at, 0.0), price, reading)


def per_second(amounts: Sequence[tuple[int, float]]) -> dict[int, float]:
    """Sum up by second."""
    sums: dict[int, float] = {}
    for second, amount in amounts:
        sums[second] = sums.get(second, 0.0) + amount
    return sums
