"""Random draws that the generator shares: counts, sizes, families of orders."""

import math
from collections.abc import Iterator, Sequence
from itertools import accumulate
from random import Random

from benchmarks.cascade_lab.world import Tier, Venue, World

PRODUCTIVITY = 0.6
"""How much more a large order sets off: children grow with exp(PRODUCTIVITY * z), z the standardised log size."""
FAST_SHARE = 0.85
"""Share of the children that follow by the fast part of the kernel."""
SIDE_FLIP = 0.07
"""Share of the orders on the other side than their family's."""
SAME_VENUE = 0.9
"""Share of the children on the exchange of their parent; the others fall by the exchanges' shares."""

MEDIAN_USD = 920.0
"""As measured on a full feed of BTC, with a log-normal sigma of 2.1."""

Offspring = tuple[float, int, int, float]
"""An order: seconds, exchange, side (0 long, 1 short), USD."""


def poisson(rng: Random, mean: float) -> int:
    """Draw a Poisson count."""
    if mean > 30.0:
        return poisson(rng, mean / 2) + poisson(rng, mean / 2)
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count


class Sizes:
    """Log-normal order sizes of a world, never above a mean day of the coin."""

    def __init__(self, world: World) -> None:
        tier: Tier = world.tier
        self.median = MEDIAN_USD * world.size_factor
        self.sigma = world.size_sigma
        self.mean = self.median * math.exp(self.sigma**2 / 2)
        self.mean_day = tier.events_per_day * self.mean

    def usd(self, z: float, scale: float = 1.0) -> float:
        """Return the size at `z` standard deviations, `scale` times the usual."""
        return min(self.median * scale * math.exp(self.sigma * z), self.mean_day)


class Chooser:
    """Draws an exchange by share, among some of them."""

    def __init__(self, venues: Sequence[Venue], among: Sequence[int], rng: Random) -> None:
        self._among = among
        self._cumulated = list(accumulate(venues[index].share for index in among))
        self._rng = rng

    def draw(self) -> int:
        """Draw one."""
        return self._rng.choices(self._among, cum_weights=self._cumulated)[0]


class Families:
    """Orders with everything that they set off: a Hawkes process, drawn as trees."""

    def __init__(self, world: World, sizes: Sizes, rng: Random) -> None:
        self._kernel = world.kernel
        self._sizes = sizes
        self._rng = rng

    def tree(
        self, root: tuple[float, int], branching: float, until: float, chooser: Chooser, scale: float = 1.0
    ) -> Iterator[Offspring]:
        """Yield an order at `root` (time, side) and its descendants before `until`."""
        rng, usd = self._rng, self._sizes.usd
        (start, family), mean = root, branching * math.exp(-(PRODUCTIVITY**2) / 2)
        parents = [(start, chooser.draw())]
        while parents:
            time, venue = parents.pop()
            z = rng.gauss(0.0, 1.0)
            yield time, venue, family ^ (rng.random() < SIDE_FLIP), usd(z, scale)
            for _ in range(poisson(rng, mean * math.exp(PRODUCTIVITY * z))):
                born = time + rng.expovariate(1.0) * self._kernel[rng.random() >= FAST_SHARE]
                if born < until:
                    parents.append((born, venue if rng.random() < SAME_VENUE else chooser.draw()))
