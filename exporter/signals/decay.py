"""The last moments of one coin and side as exponentially decayed sums, brought up to date only when something arrives.

Times are evidence clocks (ms): they stand still while the coin cannot be seen.
"""

import math
from typing import TypeAlias

from exporter.signals.state import State

Counts: TypeAlias = tuple[float, float, float, float]
"""Counts with the time constants 3, 10, 30 and 90 s."""


class Recent(State):
    """Decayed counts at four time constants; at 30 s also USD, the largest order and USD per exchange.

    `squares` is the sum over the exchanges of their decayed USD, squared: it decays twice as fast, and an order of u
    USD on an exchange with v adds (v + u)**2 - v**2. That keeps the effective number of exchanges O(1).
    """

    __slots__ = ("by_exchange", "clock", "counts", "largest", "squares", "touched", "usd")

    def __init__(self, exchanges: int, clock: int) -> None:
        self.clock = clock
        self.counts: Counts = (0.0, 0.0, 0.0, 0.0)
        self.usd = 0.0
        self.largest = 0.0
        self.squares = 0.0
        self.by_exchange = [0.0] * exchanges
        self.touched = [clock] * exchanges

    def decay(self, clock: int) -> None:
        """Bring everything up to `clock`."""
        if clock <= self.clock:
            return
        dt = (clock - self.clock) * 0.001
        slow = math.exp(dt / -90.0)
        mid = slow * slow * slow
        c3, c10, c30, c90 = self.counts
        self.counts = (c3 * math.exp(dt / -3.0), c10 * mid * mid * mid, c30 * mid, c90 * slow)
        self.usd *= mid
        self.largest *= mid
        self.squares *= mid * mid
        self.clock = clock

    def add(self, exchange: int, usd: float) -> None:
        """Count an order at the clock of the last `decay`."""
        c3, c10, c30, c90 = self.counts
        self.counts = (c3 + 1.0, c10 + 1.0, c30 + 1.0, c90 + 1.0)
        self.usd += usd
        if usd > self.largest:
            self.largest = usd
        held = self.by_exchange[exchange]
        if held:
            held *= math.exp((self.clock - self.touched[exchange]) / -30_000.0)
        self.squares += usd * (held + held + usd)
        self.by_exchange[exchange] = held + usd
        self.touched[exchange] = self.clock

    def usd_at(self, clock: int) -> float:
        """Return the decayed USD of 30 s at a later moment, changing nothing."""
        if clock <= self.clock:
            return self.usd
        return self.usd * math.exp((clock - self.clock) / -30_000.0)

    def widen(self, exchanges: int) -> None:
        """Make room for exchanges that are new."""
        self.by_exchange += [0.0] * (exchanges - len(self.by_exchange))
        self.touched += [self.clock] * (exchanges - len(self.touched))
