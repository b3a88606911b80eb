"""A day without a cascade, as the detector and the alerts see it: whales, bursts of news, feeds that drop for seconds.

It is the laboratory's market, sixteen coins in one engine, played faster than time. The planned cascades are left out,
and so are the few clusters of everyday flow that meet the definition of a cascade (docs/cascades.md): they are some.
What the alerts make of it is decided by the code of the fast path, which opens by the condition of the rules.
"""

from collections import Counter
from heapq import merge
from random import Random

import pytest

from benchmarks.cascade_lab.detector import SIDES, START_MS
from benchmarks.cascade_lab.feeds import applied, down, publish
from benchmarks.cascade_lab.stream import BURST, WHALE, generate
from benchmarks.cascade_lab.truth import LEAST_DAYS, LEAST_USD, naturals
from benchmarks.cascade_lab.world import DAY, TIERS, WARM_UP, World
from exporter.alerts.roll import Roll
from exporter.analysis.status import present
from exporter.config import AlertsSection
from exporter.signals import Engine, Parameters

COINS = 16
VENUES = 6
DROPS_A_DAY = 6
DROP_SECONDS = (2.0, 45.0)
END = WARM_UP + DAY
COIN = 3
"""Where an arrival has its coin: after the instant, the order or the blank, and up or down."""


def drops(rng):
    """When each exchange drops out, on the second day."""
    starts = [[rng.uniform(WARM_UP, END) for _ in range(DROPS_A_DAY)] for _ in range(VENUES)]
    return [sorted((start, start + rng.uniform(*DROP_SECONDS)) for start in each) for each in starts]


def arrivals(seed, outages):
    """What the feeds deliver of a coin without planned cascades, and what it was made of."""
    stream = generate(World(TIERS[seed % len(TIERS)], VENUES), seed)
    least = max(LEAST_USD, LEAST_DAYS * stream.mean_day)
    clusters = [each for side in (0, 1) for each in naturals(stream.orders, side, least)]
    orders = [
        order
        for order in stream.orders
        if order[0] < END
        and order[4] < 0
        and not any(each.side == order[2] and each.start <= order[0] <= each.end for each in clusters)
    ]
    found = [
        (at, order, None)
        for index, venue in enumerate(stream.venues)
        for at, order in publish([order for order in orders if order[1] == index], venue)
        if not down(at, outages[index])
    ]
    found.sort(key=lambda arrival: arrival[:2])
    return stream.venues, found, Counter(order[4] for order in orders)


@pytest.mark.timeout(300)
def test_nobody_is_told_anything():
    rng = Random("quiet day")
    outages = drops(rng)
    coins = [arrivals(seed, outages) for seed in range(COINS)]
    venues = coins[0][0]
    causes = sum((each[2] for each in coins), Counter())
    assert causes[WHALE] >= COINS
    assert causes[BURST] >= 40 * COINS
    engine = Engine(Parameters(), {venue.name: venue.delivery for venue in venues})
    for venue in venues:
        engine.feed(venue.name, True, START_MS)
    blank = (0.0, 0, 0, 0.0, 0, 0.0)
    flips = sorted(
        (at, (at, index, *blank[2:]), up)
        for index, each in enumerate(outages)
        for start, end in each
        for at, up in ((start, False), (end, True))
    )
    streams = [[(*arrival, f"COIN{number}") for arrival in each[1]] for number, each in enumerate(coins)]
    everything = list(merge(*streams, [(*flip, "") for flip in flips], key=lambda arrival: arrival[0]))
    roll, opened, levels, told = Roll(), [], Counter(), 0
    for record, arrival in zip(applied([each[:COIN] for each in everything]), everything, strict=True):
        exchange, at = venues[record.venue].name, START_MS + record.applied
        if record.up is not None:
            engine.feed(exchange, record.up, at)
        else:
            side = SIDES[record.side]
            engine.order(arrival[COIN], side, exchange, record.usd, record.price, START_MS + record.time, at)
        changes = engine.take_changes()
        if changes and record.applied >= WARM_UP * 1000:
            levels.update(change.level for change in changes if change.level > change.previous)
            shown = present(engine, engine.bases(), 0.5, ())
            told += roll.look(shown, AlertsSection())
            opened += [change for change in changes if change.level == 3]
    assert sum(levels.values()) > 0, "nothing happened at all: the day proves nothing"
    assert not opened
    assert not told
