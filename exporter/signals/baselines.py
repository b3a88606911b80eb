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

    __slots__ = ("all_trusted", "context_s", "prior", "prior_trusted")

    def __init__(self) -> None:
        self.all_trusted = True
        self.context_s = 1.0
        self.prior = 0.0
        self.prior_trusted = 0.0


class Baseline(State):
    """Rates per second: `rate` (orders), `trusted_rate` (orders that the branching ratio trusts), `usd_rate`.

    `orders` and `usd` are sums in the exchanges' gains (USD clipped), `seen_usd` the same of plain USD, for dominance.
    `burst` is the number of orders in 30 s above which an order is winsorised. `rates` are the slow rates per exchange,
    whether up or not, as of the last refresh.
    """

    __slots__ = (
        "burst",
        "clock",
        "context",
        "context_trusted",
        "context_usd",
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
        self.rate = _LEAST_RATE
        self.trusted_rate = _LEAST_RATE
        self.usd_rate = _LEAST_RATE
        self.burst = BURST_ORDERS

    def fade(self, clock: int, per_ms: float, frozen: bool) -> None:
        """Let the context decay up to `clock`; frozen, it stands still."""
        if clock > self.clock:
            if not frozen:
                kept = math.exp((self.clock - clock) * per_ms)
                self.context *= kept
                self.context_trusted *= kept
                self.context_usd *= kept
            self.clock = clock

    def learn(self, place: int, gain: float, usd: float, clipped: float, weight: float) -> None:
        """Take an order into the slow baseline: `gain` is its exchange's, `clipped` what it may weigh in USD."""
        self.seen_usd[place] += usd * gain
        gain *= weight
        self.orders[place] += gain
        self.usd[place] += clipped * gain

    def learn_context(self, clipped: float, weight: float, trusted: bool) -> None:
        """Take an order into the context, as of the last `fade`."""
        self.context += weight
        self.context_usd += clipped * weight
        if trusted:
            self.context_trusted += weight

    def refresh(self, exchanges: Exchanges, believed: Expectation, factor: float, order_usd: float) -> None:
        """Derive the rates that hold until the next refresh: `factor` is the hour's, `order_usd` a typical order."""
        orders, context_s = self.orders, believed.context_s
        self.rates = list(map(mul, orders, exchanges.scales))
        scales = exchanges.live_scales if believed.all_trusted else exchanges.full_scales
        slow = sum(map(mul, orders, exchanges.live_scales)) + believed.prior
        trusted = sum(map(mul, orders, scales)) + believed.prior_trusted
        usd = sum(map(mul, self.usd, exchanges.live_scales)) + believed.prior * order_usd
        self.rate = max(slow * factor, self.context / context_s, _LEAST_RATE)
        self.trusted_rate = max(trusted * factor, self.context_trusted / context_s, _LEAST_RATE)
        self.usd_rate = max(usd * factor, self.context_usd / context_s, _LEAST_RATE)
        self.burst = BURST_ORDERS + BURST_MULTIPLE * 30.0 * self.rate

    def widen(self, exchanges: int) -> None:
        """Make room for exchanges that are new."""
        for sums in (self.orders, self.usd, self.seen_usd, self.rates):
            sums += [0.0] * (exchanges - len(sums))  # noqa: PLW2901 - the list itself grows
