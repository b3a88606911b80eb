"""What the feeds show of a true stream: sampled, batched, late, interrupted; in the order in which it arrives."""

from collections.abc import Iterator
from random import Random

import msgspec

from benchmarks.cascade_lab.draws import poisson
from benchmarks.cascade_lab.injections import log_uniform
from benchmarks.cascade_lab.stream import Order, Stream
from benchmarks.cascade_lab.world import LENGTH, WEEK, Venue

LATENCY = (0.03, 0.15)
"""Seconds from an exchange to us; each exchange has its own."""
BATCH = 0.5
OUTAGES_PER_WEEK = 0.5
OUTAGE_SECONDS = (30.0, 7200.0)
LOST_BEFORE, LOST_AFTER = 20.0, 300.0
"""The leader's outage around each cascade, in the worlds that have it."""

Arrival = tuple[float, Order, bool | None]
"""When it reaches us, the order (or a blank one), and whether a feed went up or down instead."""


class Seen(msgspec.Struct, frozen=True, gc=False):
    """A record as a journal holds it: an order, or a feed going up or down (then without USD and price).

    `time` is its own, `applied` when the signals take it: its own time, but never before the record that came before
    it. Both are milliseconds since the start.
    """

    applied: int
    time: int
    venue: int
    side: int
    usd: float
    price: float
    up: bool | None = None


def observe(stream: Stream, seed: int) -> list[Seen]:
    """Return what the feeds of a stream deliver, in order of arrival."""
    rng = Random(f"feeds {seed}")
    arrivals: list[Arrival] = []
    for index, venue in enumerate(stream.venues):
        latency, outages = rng.uniform(*LATENCY), outages_of(stream, index, rng)
        for start, end in outages:
            arrivals += [(start, (start, index, 0, 0.0, 0, 0.0), False), (end, (end, index, 0, 0.0, 0, 0.0), True)]
        orders = [order for order in stream.orders if order[1] == index]
        for published, order in publish(orders, venue):
            if not down(published + latency, outages):
                arrivals.append((published + latency, order, None))
    arrivals.sort(key=lambda arrival: arrival[:2])
    return list(applied(arrivals))


def applied(arrivals: list[Arrival]) -> Iterator[Seen]:
    """Give each arrival its instant: its own time, but never earlier than the one before."""
    latest = 0
    for _, (seconds, venue, side, usd, _, price), up in arrivals:
        time = int(seconds * 1000.0)
        latest = max(latest, time)
        yield Seen(latest, time, venue, side, usd, price, up)


def publish(orders: list[Order], venue: Venue) -> Iterator[tuple[float, Order]]:
    """Yield what an exchange sends, and when: all of it at once, in batches, or the last order of each second."""
    if venue.delivery == "full":
        yield from ((order[0], order) for order in orders)
    elif venue.delivery == "batch":
        yield from ((BATCH * (order[0] // BATCH + 1.0), order) for order in orders)
    else:
        last = {int(order[0]): order for order in orders}
        yield from ((second + 1.0, order) for second, order in last.items())


def outages_of(stream: Stream, index: int, rng: Random) -> list[tuple[float, float]]:
    """Return when a feed is down, in order; two that touch are one."""
    spans = []
    for _ in range(poisson(rng, OUTAGES_PER_WEEK * LENGTH / WEEK)):
        start = rng.uniform(0.0, LENGTH)
        spans.append((start, min(LENGTH, start + log_uniform(rng, OUTAGE_SECONDS))))
    if stream.world.leader_lost and stream.venues[index].delivery == "batch":
        spans += [(plan.start - LOST_BEFORE, plan.start + LOST_AFTER) for plan in stream.plans]
    merged: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def down(at: float, outages: list[tuple[float, float]]) -> bool:
    """Say whether a feed is down at an instant."""
    return any(start <= at < end for start, end in outages)
