"""What the last moments of one coin and side say: how much arrived, whether it excites itself, and how strongly.

**Counts** of orders fade with 3, 10, 30 and 90 s; USD, the largest order and USD per exchange with 30 s.

**Persistence** is the number of seconds in which an order came, fading with 90 s. An everyday cluster puts many orders
into few seconds, a cascade lasts; and a feed that shows one order per second shows every such second.

**Self-excitation** is a CUSUM between two Hawkes processes: H0 excites itself mildly (n 0.6) around the baseline, H1
strongly (n 0.95) around ten times the baseline. An order adds ln(l1 / l0), time takes away the integral of l1 - l0, and
what an order weighs against the coin's ordinary sizes adds a bounded mark. Wang, Xie, Xie, Cuozzo, Mak (Technometrics
2022), with a Hawkes process on both sides: a calm H0 would take every busy hour for a change.

**The branching ratio** n says how many liquidations a liquidation sets off. Each order is a child with probability
p = n*b*R / (n*b*R + (1 - n)*B), where R is the faded number of orders before it, b how fast it fades and B the rate
that the context explains; n follows p. The rate has to come from the context of about an hour: against a constant rate
every drift looks like self-excitation (Filimonov, Sornette, arXiv 1308.6756). An exchange that shows one order per
second hides most children (n 0.8 reads 0.5): only those which publish all are asked, as long as the coin has one.

Times are evidence clocks (ms): they stand still while the coin cannot be seen. Orders with one time do not excite each
other; they wait in `pending` until time moves on.
"""

from math import exp, log
from typing import TypeAlias

from exporter.signals.state import State

Counts: TypeAlias = tuple[float, float, float, float]
"""Counts with the time constants 3, 10, 30 and 90 s."""

EXCITATION_PER_S = 0.2
"""How fast the excitation by an order fades."""
CEILING = 400.0
"""The most that the CUSUM remembers."""
BRANCHING_GAIN = 0.01
"""How far one order moves the branching ratio: a memory of 100 orders."""
BRANCHING_START = 0.5

_CALM, _CRITICAL, _RATE_MULTIPLE = 0.6, 0.95, 10.0
_MU_CALM, _MU_CRITICAL = 1.0 - _CALM, _RATE_MULTIPLE * (1.0 - _CRITICAL)
_MU_GROWTH, _GROWTH = _MU_CRITICAL - _MU_CALM, _CRITICAL - _CALM
_EXCITED_CALM, _EXCITED_CRITICAL = _CALM * EXCITATION_PER_S, _CRITICAL * EXCITATION_PER_S
_MARK_SLOPE, _MARK_DRIFT, _MARK_CLIP = 0.5, 0.125, 2.5


class Evidence(State):
    """One object and one method, because this is what every order goes through: calls would double its cost.

    `squares` is the sum over the exchanges of their faded USD, squared: it fades twice as fast, and an order of u USD
    on an exchange with v adds (v + u)**2 - v**2; that keeps the effective number of exchanges O(1). `cusum` is never
    below 0 nor above 400. `excitation` counts all orders, `trusted_excitation` those that the ratio learns from.
    """

    __slots__ = (
        "branching",
        "by_exchange",
        "clock",
        "counts",
        "cusum",
        "excitation",
        "largest",
        "pending",
        "second",
        "seconds",
        "squares",
        "touched",
        "trusted_excitation",
        "trusted_pending",
        "usd",
    )

    def __init__(self, exchanges: int, clock: int) -> None:
        self.clock = clock
        self.counts: Counts = (0.0, 0.0, 0.0, 0.0)
        self.second = -1
        self.seconds = 0.0
        self.usd = 0.0
        self.largest = 0.0
        self.squares = 0.0
        self.by_exchange = [0.0] * exchanges
        self.touched = [clock] * exchanges
        self.cusum = 0.0
        self.branching = BRANCHING_START
        self.excitation = self.pending = 0.0
        self.trusted_excitation = self.trusted_pending = 0.0

    def order(self, clock: int, place: int, usd: float, mark: float, rate: float, trusted_rate: float | None) -> Counts:
        """Let time pass up to `clock` and take an order; returns the counts just before it.

        `mark` is its size in standard deviations of ln USD, `rate` the baseline per second. `trusted_rate` is what the
        context expects per second on the exchanges that the branching ratio learns from, None when this exchange is not
        one of them. All time constants divide 90 s, so that one exponential is enough: 30 s is its third power, 10 s
        the ninth, 5 s (that of the excitation) the eighteenth, 3 s the thirtieth.
        """
        before = c3, c10, c30, c90 = self.counts
        usd30, largest, squares, cusum, excitation = self.usd, self.largest, self.squares, self.cusum, self.excitation
        if clock > self.clock:
            dt = (clock - self.clock) * 0.001
            slow = exp(dt / -90.0)
            mid = slow * slow * slow
            short = mid * mid * mid
            fading = short * short
            before = c3, c10, c30, c90 = c3 * (fading * short * mid), c10 * short, c30 * mid, c90 * slow
            usd30, largest, squares = usd30 * mid, largest * mid, squares * (mid * mid)
            self.seconds *= slow
            excitation += self.pending
            cusum -= _MU_GROWTH * rate * dt + _GROWTH * excitation * (1.0 - fading)
            if cusum < 0.0:
                cusum = 0.0
            self.excitation = excitation = excitation * fading
            self.trusted_excitation = (self.trusted_excitation + self.trusted_pending) * fading
            self.pending = self.trusted_pending = 0.0
            self.clock = clock
        second = clock // 1000
        if second != self.second:
            self.second = second
            self.seconds += 1.0
        ratio = (_MU_CRITICAL * rate + _EXCITED_CRITICAL * excitation) / (_MU_CALM * rate + _EXCITED_CALM * excitation)
        if mark > _MARK_CLIP:
            mark = _MARK_CLIP
        elif mark < -_MARK_CLIP:
            mark = -_MARK_CLIP
        cusum += log(ratio) + mark * _MARK_SLOPE - _MARK_DRIFT
        self.cusum = 0.0 if cusum < 0.0 else min(cusum, CEILING)
        self.pending += 1.0
        if trusted_rate is not None:
            n = self.branching
            excited = n * EXCITATION_PER_S * self.trusted_excitation
            self.branching = n + BRANCHING_GAIN * (excited / (excited + (1.0 - n) * trusted_rate) - n)
            self.trusted_pending += 1.0
        self.counts = c3 + 1.0, c10 + 1.0, c30 + 1.0, c90 + 1.0
        self.usd = usd30 + usd
        self.largest = max(largest, usd)
        held = self.by_exchange[place]
        if held:
            held *= exp((clock - self.touched[place]) / -30_000.0)
        self.squares = squares + usd * (held + held + usd)
        self.by_exchange[place] = held + usd
        self.touched[place] = clock
        return before

    def usd_at(self, clock: int) -> float:
        """Return the faded USD at a later moment, changing nothing."""
        return self.usd * exp((self.clock - clock) / 30_000.0) if clock > self.clock else self.usd

    def seconds_at(self, clock: int) -> float:
        """Return the faded seconds at a later moment, changing nothing."""
        return self.seconds * exp((self.clock - clock) / 90_000.0) if clock > self.clock else self.seconds

    def counts_at(self, clock: int) -> Counts:
        """Return the counts at a later moment, changing nothing."""
        if clock <= self.clock:
            return self.counts
        dt = (clock - self.clock) * 0.001
        c3, c10, c30, c90 = self.counts
        return (
            c3 * exp(dt / -3.0),
            c10 * exp(dt / -10.0),
            c30 * exp(dt / -30.0),
            c90 * exp(dt / -90.0),
        )

    def cusum_at(self, clock: int, rate: float) -> float:
        """Return the CUSUM at a later moment, changing nothing."""
        if clock <= self.clock:
            return self.cusum
        dt = (clock - self.clock) * 0.001
        expected = _MU_GROWTH * rate * dt
        expected += _GROWTH * (self.excitation + self.pending) * (1.0 - exp(dt * -EXCITATION_PER_S))
        return self.cusum - expected if self.cusum > expected else 0.0

    def widen(self, exchanges: int) -> None:
        """Make room for exchanges that are new."""
        self.by_exchange += [0.0] * (exchanges - len(self.by_exchange))
        self.touched += [self.clock] * (exchanges - len(self.touched))
