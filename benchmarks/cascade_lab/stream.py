"""The true stream of one coin over a week and a day of warm-up: every order that was liquidated, and why."""

import math
from collections.abc import Iterator
from random import Random

import msgspec

from benchmarks.cascade_lab.draws import Chooser, Families, Offspring, Sizes, poisson
from benchmarks.cascade_lab.injections import Injector, Plan
from benchmarks.cascade_lab.regimes import activity, long_shares, times
from benchmarks.cascade_lab.world import DAY, LENGTH, Venue, World, venues_of

BACKGROUND, BURST, WHALE = -1, -2, -3
"""Why an order was liquidated; a number from 0 on is the cascade that it belongs to."""

FIRST_PRICE, MINUTE_SIGMA = 100.0, 0.0005
IMPACT, RECOVERY_SECONDS = 0.03, 300.0
"""Log price per mean day of USD liquidated at once, and how fast half of it is undone. No detector uses prices."""

Order = tuple[float, int, int, float, int, float]
"""Seconds since the start, exchange, side (0 long, 1 short), USD, cause, price."""


class Stream(msgspec.Struct, frozen=True):
    """All orders of a coin in time order, the exchanges they fell on, the cascades that were planned."""

    world: World
    venues: tuple[Venue, ...]
    mean_day: float
    plans: list[Plan]
    orders: list[Order]


def generate(world: World, seed: int) -> Stream:
    """Return the stream of a seed: the same one every time."""
    rng = Random(f"stream {seed}")
    venues, sizes = venues_of(world), Sizes(world)
    families = Families(world, sizes, rng)
    injector = Injector(families, sizes, venues, rng)
    orders: list[tuple[Offspring, int]] = [(order, BACKGROUND) for order in background(world, venues, families, rng)]
    plans = injector.plans()
    for index, plan in enumerate(plans):
        orders += [(order, index) for order in injector.cascade(plan)]
    for burst in injector.bursts():
        orders += [(order, BURST) for order in burst]
    orders += [(order, WHALE) for order in injector.whales()]
    return Stream(world, venues, sizes.mean_day, plans, list(priced(sorted(orders), sizes.mean_day, rng)))


def background(world: World, venues: tuple[Venue, ...], families: Families, rng: Random) -> list[Offspring]:
    """Return the everyday flow: families whose roots follow the regimes."""
    rates, shares = activity(rng), long_shares(rng)
    chooser = Chooser(venues, range(len(venues)), rng)
    roots = poisson(rng, world.tier.events_per_day * (1 - world.branching) * LENGTH / DAY)
    orders: list[Offspring] = []
    for time in times(rng, roots, rates):
        side = int(rng.random() >= shares[int(time / 60.0)])
        orders += families.tree((time, side), world.branching, LENGTH, chooser)
    return orders


def priced(orders: list[tuple[Offspring, int]], mean_day: float, rng: Random) -> Iterator[Order]:
    """Give each order a price: a random walk, pushed down by liquidated longs and up by shorts, half of it for good."""
    walk, push, latest = math.log(FIRST_PRICE), 0.0, 0.0
    for (time, venue, side, usd), cause in orders:
        elapsed = time - latest
        push *= math.exp(-elapsed / RECOVERY_SECONDS)
        move = IMPACT * usd / mean_day * (1 if side else -1)
        walk += rng.gauss(0.0, MINUTE_SIGMA * math.sqrt(elapsed / 60.0)) + move / 2
        push += move / 2
        latest = time
        yield time, venue, side, usd, cause, math.exp(walk + push)
