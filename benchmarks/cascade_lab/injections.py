"""What is put into a stream on purpose: cascades to find, and news and whales to be confused by."""

import math
from collections.abc import Iterator, Sequence
from random import Random

import msgspec

from benchmarks.cascade_lab.draws import Chooser, Families, Offspring, Sizes, poisson
from benchmarks.cascade_lab.world import DAY, LENGTH, WARM_UP, Venue

CASCADES_PER_WEEK = 8.0
CASCADE_SECONDS = (20.0, 240.0)
CASCADE_DAYS = (0.02, 1.5)
"""USD of a cascade in mean days, log-uniform."""
CASCADE_BRANCHING = (0.78, 0.93)
CASCADE_SIZES = 1.8
LARGEST_PART = 0.25
"""No order is more than this part of the USD that its cascade wants: otherwise it were a whale."""
SPREAD = (1 / 3, 2 / 3, 1.0)
"""A cascade reaches a third, two thirds or all of the exchanges, each of them up to OFFSET seconds late."""
OFFSET = 3.0
APART = 900.0
"""Seconds between two cascades, so that each has its own truth."""
MOST_ORDERS = 20_000

BURSTS_PER_DAY, BURST_SECONDS, BURST_DAYS = 1.0, (10.0, 60.0), (0.005, 0.08)
WHALES_PER_DAY, WHALE_DAYS = 1.0, (0.02, 0.12)


class Plan(msgspec.Struct, frozen=True):
    """A cascade that will happen: when, how long at most, which side, how many USD it wants, on which exchanges."""

    start: float
    seconds: float
    side: int
    usd: float
    branching: float
    venues: list[int]


class Injector:
    """Draws the orders of cascades, news and whales for one coin."""

    def __init__(self, families: Families, sizes: Sizes, venues: Sequence[Venue], rng: Random) -> None:
        self._families = families
        self._sizes = sizes
        self._venues = venues
        self._all = Chooser(venues, range(len(venues)), rng)
        self._rng = rng

    def plans(self) -> list[Plan]:
        """Return the cascades of the week, in order and well apart."""
        rng = self._rng
        starts = sorted(rng.uniform(WARM_UP + APART, LENGTH - APART) for _ in range(poisson(rng, CASCADES_PER_WEEK)))
        kept: list[float] = []
        for start in starts:
            if not kept or start - kept[-1] >= APART:
                kept.append(start)
        return [self._plan(start) for start in kept]

    def cascade(self, plan: Plan) -> list[Offspring]:
        """Return the orders of a cascade: families until its USD are reached, each exchange with its own delay."""
        rng, families, end = self._rng, self._families, plan.start + plan.seconds
        late = {venue: rng.uniform(0.0, OFFSET) for venue in plan.venues}
        late[plan.venues[0]] = 0.0
        chooser = Chooser(self._venues, plan.venues, rng)
        orders: list[Offspring] = []
        total, at = 0.0, plan.start
        while total < plan.usd and len(orders) < MOST_ORDERS:
            for time, venue, side, usd in families.tree((at, plan.side), plan.branching, end, chooser, CASCADE_SIZES):
                size = min(usd, LARGEST_PART * plan.usd)
                orders.append((time + late[venue], venue, side, size))
                total += size * (side == plan.side)
            at = plan.start + rng.random() * 0.8 * plan.seconds
        return sorted(orders)

    def bursts(self) -> Iterator[list[Offspring]]:
        """Yield the orders of each piece of news: both sides at once, on all exchanges."""
        rng = self._rng
        for _ in range(poisson(rng, BURSTS_PER_DAY * LENGTH / DAY)):
            start, seconds = rng.uniform(0.0, LENGTH - 60.0), rng.uniform(*BURST_SECONDS)
            wanted, long_share = log_uniform(rng, BURST_DAYS) * self._sizes.mean_day, rng.uniform(0.4, 0.6)
            yield list(self._burst(start, seconds, wanted, long_share))

    def whales(self) -> Iterator[Offspring]:
        """Yield single large orders that set nothing off."""
        rng = self._rng
        for _ in range(poisson(rng, WHALES_PER_DAY * LENGTH / DAY)):
            usd = rng.uniform(*WHALE_DAYS) * self._sizes.mean_day
            yield rng.uniform(0.0, LENGTH), self._all.draw(), rng.randrange(2), usd

    def _plan(self, start: float) -> Plan:
        rng = self._rng
        return Plan(
            start=start,
            seconds=rng.uniform(*CASCADE_SECONDS),
            side=rng.randrange(2),
            usd=log_uniform(rng, CASCADE_DAYS) * self._sizes.mean_day,
            branching=rng.uniform(*CASCADE_BRANCHING),
            venues=self._reached(max(1, round(rng.choice(SPREAD) * len(self._venues)))),
        )

    def _reached(self, count: int) -> list[int]:
        """Draw `count` exchanges, large ones first more often than not."""
        reached: list[int] = []
        while len(reached) < count:
            left = [index for index in range(len(self._venues)) if index not in reached]
            reached.append(Chooser(self._venues, left, self._rng).draw())
        return reached

    def _burst(self, start: float, seconds: float, wanted: float, long_share: float) -> Iterator[Offspring]:
        rng, total = self._rng, 0.0
        while total < wanted:
            usd = self._sizes.usd(rng.gauss(0.0, 1.0))
            side = int(rng.random() >= long_share)
            yield start + rng.betavariate(1.0, 2.0) * seconds, self._all.draw(), side, usd
            total += usd


def log_uniform(rng: Random, bounds: tuple[float, float]) -> float:
    """Draw between the bounds, each factor as likely as any other."""
    return math.exp(rng.uniform(math.log(bounds[0]), math.log(bounds[1])))
