"""How many liquidations a liquidation sets off: the branching ratio of a Hawkes process, learned order by order.

Each order is a child with probability p = n*b*R / (n*b*R + (1 - n)*B), where R is the decayed number of orders before
it, b the decay and B the rate that the context explains; n follows p slowly. The rate has to come from the context of
about an hour: against a constant rate every drift looks like self-excitation (Filimonov, Sornette, arXiv 1308.6756).

An exchange that shows one order per second hides most children (n 0.8 reads 0.5), so that only the exchanges which
publish everything are asked, as long as the coin has one.
"""

import math

from exporter.signals.cusum import DECAY_PER_S
from exporter.signals.state import State

GAIN = 0.01
"""How far one order moves the ratio: a memory of 100 orders."""
START = 0.5


class Branching(State):
    """The branching ratio `ratio`, between 0 and 1. Orders with one time do not excite each other."""

    __slots__ = ("clock", "excitation", "pending", "ratio")

    def __init__(self, clock: int) -> None:
        self.clock = clock
        self.ratio = START
        self.excitation = 0.0
        self.pending = 0.0

    def order(self, clock: int, rate: float) -> None:
        """Take an order; `rate` is what the context expects per second."""
        if clock > self.clock:
            fading = math.exp((clock - self.clock) * (-0.001 * DECAY_PER_S))
            self.excitation = (self.excitation + self.pending) * fading
            self.pending = 0.0
            self.clock = clock
        ratio = self.ratio
        excited = ratio * DECAY_PER_S * self.excitation
        self.ratio = ratio + GAIN * (excited / (excited + (1.0 - ratio) * rate) - ratio)
        self.pending += 1.0
