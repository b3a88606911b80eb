"""What is ordinary for one coin and side: a slow baseline per exchange, and a context of about an hour.

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
_LEAST_RATE = 1e-9


class Expectation(State):
    """What is believed of a coin right now without its own orders, the same for its two sides.

    `prior` is orders per second on exchanges that are up, `prior_trusted` on those whose orders the branching ratio
    trusts; these are all when none that is known publishes every order. `context_s` is how many seconds the context's
    sums stand for.
    """

    __slots__ = ("all_trusted", "clock", "context_s", "prior", "prior_trusted")

    def __init__(self) -> None:
        self.clock = 0
        self.all_trusted = True
        self.context_s = 1.0
        self.prior = 0.0
        self.prior_trusted = 0.0


class Baseline(State):
    """Rates per second: `rate` (orders), `trusted_rate` (orders that the branching ratio trusts), `usd_rate`.

    `orders` and `usd` are sums in the exchanges' gains (USD clipped), `seen_usd` the same of plain USD, for dominance.
    `burst` is the number of orders in 30 s above which an order is winsorised. `rates` are the slow rates per exchange,
    whether up or not, as of the last refresh. `fresh` is what the context takes in at the next one.
    """

    __slots__ = (
        "burst",
        "clock",
        "context",
        "context_trusted",
        "context_usd",
        "fresh",
        "fresh_trusted",
        "fresh_usd",
        "orders",
        "rate",
        "rates",
        "seen_usd",
        "trusted_rate",
        "usd",
        "usd_rate",
    )

    def __init__(self, exchanges: int, clock: int) -> None:
        self.clock = clock
        self.orders = [0.0] * exchanges
        self.usd = [0.0] * exchanges
        self.seen_usd = [0.0] * exchanges
        self.rates = [0.0] * exchanges
        self.context = 0.0
        self.context_trusted = 0.0
        self.context_usd = 0.0
        self.fresh = 0.0
        self.fresh_trusted = 0.0
        self.fresh_usd = 0.0
        self.rate = _LEAST_RATE
        self.trusted_rate = _LEAST_RATE
        self.usd_rate = _LEAST_RATE
        self.burst = BURST_ORDERS

    def learn(self, place: int, gain: float, usd: float, clipped: float, weight: float) -> None:
        """Take an order: `gain` is its exchange's, `clipped` what it may weigh in USD."""
        self.fresh += weight
        self.fresh_usd += clipped * weight
        self.seen_usd[place] += usd * gain
        gain *= weight
        self.orders[place] += gain
        self.usd[place] += clipped * gain

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

    def refresh(self, exchanges: Exchanges, believed: Expectation, factor: float, order_usd: float) -> None:
        """Derive the rates that hold until the next refresh: `factor` is the hour's, `order_usd` a typical order."""
        orders, per_s = self.orders, 1.0 / believed.context_s
        scales = exchanges.live_scales if believed.all_trusted else exchanges.full_scales
        self.rates = list(map(mul, orders, exchanges.scales))
        slow = sum(map(mul, orders, exchanges.live_scales)) + believed.prior
        trusted = sum(map(mul, orders, scales)) + believed.prior_trusted
        usd = sum(map(mul, self.usd, exchanges.live_scales)) + believed.prior * order_usd
        self.rate = _larger(slow * factor, self.context * per_s)
        self.trusted_rate = _larger(trusted * factor, self.context_trusted * per_s)
        self.usd_rate = _larger(usd * factor, self.context_usd * per_s)
        self.burst = BURST_ORDERS + BURST_MULTIPLE * 30.0 * self.rate

    def widen(self, exchanges: int) -> None:
        """Make room for exchanges that are new."""
        for sums in (self.orders, self.usd, self.seen_usd, self.rates):
            sums += [0.0] * (exchanges - len(sums))  # noqa: PLW2901 - the list itself grows


def _larger(slow: float, context: float) -> float:
    rate = max(context, slow)
    return max(_LEAST_RATE, rate)
