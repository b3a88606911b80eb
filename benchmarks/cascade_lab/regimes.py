"""How busy a market is and which side it hits, minute by minute."""

import math
from collections.abc import Sequence
from itertools import accumulate
from random import Random

from benchmarks.cascade_lab.draws import poisson
from benchmarks.cascade_lab.world import DAY, LENGTH

MINUTE = 60.0
MINUTES = round(LENGTH / MINUTE)
REGIME_SD, REGIME_HOURS = 0.6, 6.0
SIDE_SD, SIDE_HOURS = 0.8, 12.0
BLOCKS_PER_DAY, BLOCK_HOURS, BLOCK_FACTOR = 0.5, (1.0, 6.0), 3.0
DIURNAL = 0.6
"""Amplitude of the log activity over the day; the peak hour differs from coin to coin."""


def activity(rng: Random) -> list[float]:
    """Return the rate of each minute against its mean: hour of the day, a wandering regime, volatile blocks."""
    peak = rng.uniform(0.0, 24.0)
    regime = wander(rng, REGIME_SD, REGIME_HOURS)
    blocks = volatile_blocks(rng)
    rates = [
        math.exp(regime[minute] + DIURNAL * math.cos((minute / 60.0 - peak) * math.tau / 24.0)) * blocks[minute]
        for minute in range(MINUTES)
    ]
    mean = sum(rates) / MINUTES
    return [rate / mean for rate in rates]


def wander(rng: Random, sd: float, hours: float) -> list[float]:
    """Return an Ornstein-Uhlenbeck path of standard deviation `sd` that forgets in `hours`."""
    keep = math.exp(-1.0 / (60.0 * hours))
    kick = sd * math.sqrt(1.0 - keep**2)
    return list(
        accumulate(
            (rng.gauss(0.0, kick) for _ in range(MINUTES - 1)),
            lambda at, by: at * keep + by,
            initial=rng.gauss(0.0, sd),
        )
    )


def volatile_blocks(rng: Random) -> list[float]:
    """Return a factor for each minute, above 1 in blocks of some hours."""
    factors = [1.0] * MINUTES
    for _ in range(poisson(rng, BLOCKS_PER_DAY * LENGTH / DAY)):
        start = rng.randrange(MINUTES)
        for minute in range(start, min(MINUTES, start + round(60.0 * rng.uniform(*BLOCK_HOURS)))):
            factors[minute] = BLOCK_FACTOR
    return factors


def long_shares(rng: Random) -> list[float]:
    """Return for each minute the share of longs among orders that nothing has set off."""
    return [1.0 / (1.0 + math.exp(-at)) for at in wander(rng, SIDE_SD, SIDE_HOURS)]


def times(rng: Random, count: int, rates: Sequence[float]) -> list[float]:
    """Draw `count` instants in seconds by the rates of the minutes."""
    cumulated = list(accumulate(rates))
    minutes = rng.choices(range(MINUTES), cum_weights=cumulated, k=count)
    return [(minute + rng.random()) * MINUTE for minute in minutes]
