"""What an ordinary order of a coin and side is worth: mean and spread of ln USD, learned order by order."""

import math

from exporter.signals.state import State

PRIOR_DEVIATION = 2.1
"""Spread of ln USD of a coin nobody knows; measured on a full feed of BTC (median 921, 95 % 29,172 USD)."""
PRIOR_ORDERS = 10.0
MEMORY_ORDERS = 500.0
LEAST_DEVIATION = 0.3


class Sizes(State):
    """Mean and variance of ln USD; `clip_usd` is two deviations above the mean and the most an order can weigh.

    `typical_usd` is the mean of a log-normal order with this mean and spread, at most the clip.
    """

    __slots__ = ("clip_usd", "deviation", "mean", "orders", "typical_usd", "variance")

    def __init__(self, prior_usd: float) -> None:
        self.orders = PRIOR_ORDERS
        self.mean = math.log(prior_usd)
        self.variance = PRIOR_DEVIATION * PRIOR_DEVIATION
        self.settle()

    def learn(self, log_usd: float, weight: float) -> None:
        """Take an order; one during a burst counts less."""
        self.orders += weight
        memory = min(MEMORY_ORDERS, self.orders)
        gain = weight / memory
        off = log_usd - self.mean
        self.mean += gain * off
        self.variance += gain * ((1.0 - gain) * off * off - self.variance)

    def settle(self) -> None:
        """Derive deviation and clip from what was learned."""
        deviation = math.sqrt(self.variance)
        self.deviation = max(LEAST_DEVIATION, deviation)
        self.clip_usd = math.exp(self.mean + 2.0 * self.deviation)
        self.typical_usd = math.exp(self.mean + min(2.0, 0.5 * self.deviation) * self.deviation)
