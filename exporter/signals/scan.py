"""The scan statistic: how much more than the baseline has arrived, at the time scale that shows it best.

At each scale the deviance C ln(C/E) - (C - E) of the decayed count C against its expectation E is divided by the
dispersion that this coin shows there when nothing happens, so that a flow that always comes in clusters needs more.
"""

import math

from exporter.signals.decay import SCALES_S
from exporter.signals.state import State

LEAST_DISPERSION = 1.5
_LEAST_EXPECTED = 0.02
_PRIOR_WEIGHT = 0.01
_MEMORY_S = 43_200.0
_LONGEST_GAP_S = 600.0


class Scan(State):
    """Expectations and dispersions at the four scales.

    The dispersion is a ratio of time-weighted means: squared deviation of the count over the variance E/2 of a decayed
    Poisson count. A sample is taken just before an order, at most every ten seconds.
    """

    __slots__ = ("dispersions", "expected", "squares", "variances")

    def __init__(self) -> None:
        self.expected = [_LEAST_EXPECTED] * len(SCALES_S)
        self.squares = [0.0] * len(SCALES_S)
        self.variances = [0.0] * len(SCALES_S)
        self.dispersions = [LEAST_DISPERSION] * len(SCALES_S)

    def expect(self, rate: float) -> None:
        """Take a new baseline, in orders per second."""
        self.expected = [rate * scale + _LEAST_EXPECTED for scale in SCALES_S]

    def learn(self, counts: tuple[float, ...], since_s: float) -> None:
        """Compare the counts with the expectation; a burst is clipped, so that it does not excuse itself."""
        gain = min(since_s, _LONGEST_GAP_S) / _MEMORY_S
        for i, count in enumerate(counts):
            expected = self.expected[i]
            off = min(count, 5.0 + 8.0 * expected) - expected
            self.squares[i] += gain * (off * off - self.squares[i])
            self.variances[i] += gain * (0.5 * expected - self.variances[i])
            learned = (self.squares[i] + _PRIOR_WEIGHT * LEAST_DISPERSION) / (self.variances[i] + _PRIOR_WEIGHT)
            self.dispersions[i] = max(LEAST_DISPERSION, learned)

    def statistic(self, counts: tuple[float, ...]) -> float:
        """Return the largest deviance over its dispersion; 0 where nothing is above its expectation."""
        best = 0.0
        for count, expected, dispersion in zip(counts, self.expected, self.dispersions, strict=True):
            if count > expected:
                value = (count * math.log(count / expected) - count + expected) / dispersion
                if value > best:
                    best = value
        return best
