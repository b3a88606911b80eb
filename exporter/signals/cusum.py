"""Evidence that liquidations have begun to set each other off: a CUSUM between two Hawkes processes.

H0 excites itself mildly (n 0.6) around the baseline, H1 strongly (n 0.95) around ten times the baseline. An order adds
ln(l1 / l0), time takes away the integral of l1 - l0, and what an order weighs against the coin's ordinary sizes adds a
bounded mark. Wang, Xie, Xie, Cuozzo, Mak (Technometrics 2022), with a Hawkes process on both sides: H0 too calm would
take every busy hour for a change.
"""

import math

from exporter.signals.state import State

DECAY_PER_S = 0.2
"""How fast the excitation by an order fades."""
CEILING = 400.0

_CALM, _CRITICAL = 0.6, 0.95
_RATE_MULTIPLE = 10.0
_MU_CALM = 1.0 - _CALM
_MU_CRITICAL = _RATE_MULTIPLE * (1.0 - _CRITICAL)
_MU_GROWTH = _MU_CRITICAL - _MU_CALM
_GROWTH = _CRITICAL - _CALM
_MARK_SLOPE, _MARK_DRIFT, _MARK_CLIP = 0.5, 0.125, 2.5


class Cusum(State):
    """The statistic `evidence`, never below 0 and never above 400.

    Orders with one time do not excite each other: `pending` waits until time moves on.
    """

    __slots__ = ("clock", "evidence", "excitation", "pending")

    def __init__(self, clock: int) -> None:
        self.clock = clock
        self.evidence = 0.0
        self.excitation = 0.0
        self.pending = 0.0

    def order(self, clock: int, rate: float, mark: float) -> None:
        """Take an order: `rate` is the baseline per second, `mark` its size in standard deviations of ln USD."""
        evidence = self.evidence
        if clock > self.clock:
            dt = (clock - self.clock) * 0.001
            fading = math.exp(-DECAY_PER_S * dt)
            excitation = self.excitation + self.pending
            evidence -= _MU_GROWTH * rate * dt + _GROWTH * excitation * (1.0 - fading)
            if evidence < 0.0:
                evidence = 0.0
            self.excitation = excitation * fading
            self.pending = 0.0
            self.clock = clock
        excited = DECAY_PER_S * self.excitation
        ratio = (_MU_CRITICAL * rate + _CRITICAL * excited) / (_MU_CALM * rate + _CALM * excited)
        if mark > _MARK_CLIP:
            mark = _MARK_CLIP
        elif mark < -_MARK_CLIP:
            mark = -_MARK_CLIP
        evidence += math.log(ratio) + mark * _MARK_SLOPE - _MARK_DRIFT
        self.evidence = 0.0 if evidence < 0.0 else min(evidence, CEILING)
        self.pending += 1.0

    def at(self, clock: int, rate: float) -> float:
        """Return the evidence at a later moment, changing nothing."""
        if clock <= self.clock:
            return self.evidence
        dt = (clock - self.clock) * 0.001
        excitation = self.excitation + self.pending
        expected = _MU_GROWTH * rate * dt + _GROWTH * excitation * (1.0 - math.exp(-DECAY_PER_S * dt))
        return self.evidence - expected if self.evidence > expected else 0.0
