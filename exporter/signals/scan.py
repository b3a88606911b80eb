"""The scan statistic: how much more than the baseline has arrived, at the time scale that shows it best.

At each scale the deviance C ln(C/E) - (C - E) of the decayed count C against its expectation E is divided by the
dispersion that this coin shows there when nothing happens, so that a flow that always comes in clusters needs more.
"""

import math

from exporter.signals.evidence import Counts
from exporter.signals.state import State

LEAST_DISPERSION = 1.5
_LEAST_EXPECTED = 0.02
_PRIOR_WEIGHT = 0.01
_MEMORY_S = 43_200.0
_LONGEST_GAP_S = 600.0


class Scan(State):
    """The expectation at the four scales, and what the dispersions are learned from.

    A dispersion is a ratio of time-weighted means: squared deviation of the count over the variance E/2 of a decayed
    Poisson count. A sample is taken just before an order, at most once per refresh.
    """

    __slots__ = ("mean_rate", "rate", "squares")

    def __init__(self) -> None:
        self.rate = 0.0
        self.mean_rate = 0.0
        self.squares = (0.0, 0.0, 0.0, 0.0)

    def learn(self, counts: Counts, since_s: float) -> None:
        """Compare the counts with the expectation; a burst is clipped, so that it does not excuse itself."""
        gain = (min(_LONGEST_GAP_S, since_s)) / _MEMORY_S
        kept, rate = 1.0 - gain, self.rate
        self.mean_rate = kept * self.mean_rate + gain * rate
        c3, c10, c30, c90 = counts
        s3, s10, s30, s90 = self.squares
        self.squares = (
            kept * s3 + gain * _squared(c3, rate * 3.0 + _LEAST_EXPECTED),
            kept * s10 + gain * _squared(c10, rate * 10.0 + _LEAST_EXPECTED),
            kept * s30 + gain * _squared(c30, rate * 30.0 + _LEAST_EXPECTED),
            kept * s90 + gain * _squared(c90, rate * 90.0 + _LEAST_EXPECTED),
        )

    def statistic(self, counts: Counts) -> float:
        """Return the largest deviance over its dispersion; 0 where nothing is above its expectation."""
        c3, c10, c30, c90 = counts
        s3, s10, s30, s90 = self.squares
        short, long = self._deviance(c3, 3.0, s3), self._deviance(c10, 10.0, s10)
        best = max(long, short)
        short, long = self._deviance(c30, 30.0, s30), self._deviance(c90, 90.0, s90)
        if short > best:
            best = short
        return max(best, long)

    def ordinary(self, multiple: float) -> float:
        """Return that many times the orders that the baseline explains in 10 s."""
        return multiple * (self.rate * 10.0 + _LEAST_EXPECTED)

    def _deviance(self, count: float, scale: float, square: float) -> float:
        expected = self.rate * scale + _LEAST_EXPECTED
        if count <= expected:
            return 0.0
        variance = 0.5 * (self.mean_rate * scale + _LEAST_EXPECTED)
        dispersion = (square + _PRIOR_WEIGHT * LEAST_DISPERSION) / (variance + _PRIOR_WEIGHT)
        value = count * math.log(count / expected) - count + expected
        return value / (max(LEAST_DISPERSION, dispersion))


def _squared(count: float, expected: float) -> float:
    most = 5.0 + 8.0 * expected
    off = (min(most, count)) - expected
    return off * off
