"""What is ordinary for one coin and side: a slow baseline per exchange, a context of about an hour, sizes.

The baseline is the larger of the two, the slow one times the factor of the hour of the day. An order during a burst
counts little in both (winsorised), but never nothing: a baseline that stands still whenever the statistic is high, and
starts near zero, locks the detector on for good. Only the context stands still during an episode, for a bounded time.
"""

import math
from operator import mul

from exporter.signals.exchanges import Exchanges
from exporter.signals.state import State

DAY_S = 86_400.0
BURST_ORDERS = 5.0
BURST_MULTIPLE = 8.0
PRIOR_DEVIATION = 2.1
"""Spread of ln USD of a coin nobody knows; measured on a full feed of BTC (median 921, 95 % 29,172 USD)."""
PRIOR_ORDERS = 10.0
SIZE_MEMORY_ORDERS = 500.0

_LEAST_DEVIATION = 0.3
_LEAST_RATE = 1e-9


class Expectation(State):
    """What is believed of a coin right now without its own orders, the same for its two sides.

    `prior` is orders per second on exchanges that are up, `prior_trusted` on those whose orders the branching ratio
    trusts; these are all when none that is known publishes every order. All of it is as of `clock`.
    """

    __slots__ = ("all_trusted", "clock", "prior", "prior_trusted")

    def __init__(self, clock: int) -> None:
        self.clock = clock
        self.all_trusted = True
        self.prior = 0.0
        self.prior_trusted = 0.0


class Baseline(State):
    """Rates per second: `rate` (orders), `trusted_rate` (orders that the branching ratio learns from), `usd_rate`.

    `orders` and `usd` are sums in the exchanges' gains (USD clipped), `seen_usd` the same of plain USD, for dominance.
    `burst` is the number of orders in 30 s above which an order is winsorised. `fresh` is what the context takes in at
    the next refresh. `mean` and `variance` are of ln USD; `clip_usd` is two deviations above the mean and the most an
    order can weigh, `typical_usd` the mean of a log-normal order.
    """

    __slots__ = (
        "burst",
        "clip_usd",
        "clock",
        "context",
        "context_trusted",
        "context_usd",
        "deviation",
        "fresh",
        "fresh_trusted",
        "fresh_usd",
        "mean",
        "orders",
        "rate",
        "seen_usd",
        "sized",
        "trusted_rate",
        "typical_usd",
        "usd",
        "usd_rate",
        "variance",
    )

    def __init__(self, exchanges: int, clock: int, prior_size_usd: float) -> None:
        self.clock = clock
        self.orders = [0.0] * exchanges
        self.usd = [0.0] * exchanges
        self.seen_usd = [0.0] * exchanges
        self.context = self.context_trusted = self.context_usd = 0.0
        self.fresh = self.fresh_trusted = self.fresh_usd = 0.0
        self.rate = self.trusted_rate = self.usd_rate = _LEAST_RATE
        self.burst = BURST_ORDERS
        self.sized = PRIOR_ORDERS
        self.mean = math.log(prior_size_usd)
        self.variance = PRIOR_DEVIATION * PRIOR_DEVIATION
        self._settle_sizes()

    def learn(self, place: int, gain: float, usd: float, log_usd: float, weight: float) -> None:
        """Take an order: `gain` is its exchange's, `weight` how much of an order it counts."""
        clipped = self.clip_usd
        if usd < clipped:
            clipped = usd
        self.fresh += weight
        self.fresh_usd += clipped * weight
        self.seen_usd[place] += usd * gain
        gain *= weight
        self.orders[place] += gain
        self.usd[place] += clipped * gain
        sized = self.sized
        if sized < SIZE_MEMORY_ORDERS:
            sized += weight
            self.sized = sized
        step = weight / sized
        off = log_usd - self.mean
        self.mean += step * off
        self.variance += step * ((1.0 - step) * off * off - self.variance)

    def take_fresh(self, clock: int, per_ms: float, frozen: bool) -> float:
        """Move the orders since the last time into the context, or leave it as it is; returns their weight."""
        fresh = self.fresh
        if not frozen:
            kept = math.exp((self.clock - clock) * per_ms)
            self.context = self.context * kept + fresh
            self.context_trusted = self.context_trusted * kept + self.fresh_trusted
            self.context_usd = self.context_usd * kept + self.fresh_usd
        self.fresh = self.fresh_trusted = self.fresh_usd = 0.0
        self.clock = clock
        return fresh

    def refresh(self, exchanges: Exchanges, believed: Expectation, factor: float, context_s: float) -> None:
        """Derive the rates that hold until the next refresh: `factor` is the hour's.

        `context_s` is how many seconds the context's sums stand for.
        """
        self._settle_sizes()
        orders, per_s = self.orders, 1.0 / context_s
        slow = sum(map(mul, orders, exchanges.live_scales)) + believed.prior
        if believed.all_trusted:
            trusted = slow
        else:
            trusted = sum(map(mul, orders, exchanges.full_scales)) + believed.prior_trusted
        usd = sum(map(mul, self.usd, exchanges.live_scales)) + believed.prior * self.typical_usd
        self.rate = _larger(slow * factor, self.context * per_s)
        self.trusted_rate = _larger(trusted * factor, self.context_trusted * per_s)
        self.usd_rate = _larger(usd * factor, self.context_usd * per_s)
        self.burst = BURST_ORDERS + BURST_MULTIPLE * 30.0 * self.rate

    def widen(self, exchanges: int) -> None:
        """Make room for exchanges that are new."""
        for sums in (self.orders, self.usd, self.seen_usd):
            sums += [0.0] * (exchanges - len(sums))  # noqa: PLW2901 - the list itself grows

    def _settle_sizes(self) -> None:
        deviation = math.sqrt(self.variance)
        self.deviation = deviation = max(_LEAST_DEVIATION, deviation)
        above = 0.5 * deviation
        self.clip_usd = math.exp(self.mean + 2.0 * deviation)
        self.typical_usd = math.exp(self.mean + (min(2.0, above)) * deviation)


def _larger(slow: float, context: float) -> float:
    rate = max(context, slow)
    return max(_LEAST_RATE, rate)
