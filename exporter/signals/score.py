"""The score: nine terms, a weighted sum, gates, and what each part adds beyond an ordinary minute.

x = x_calm + excess, where the excess is the sum of the contributions taken from left to right: they sum to it exactly,
bit for bit. The score is 100 / (1 + exp(-x)), and no more than `closed_score` while a gate is closed.
"""

import math
from typing import NamedTuple, TypeAlias

from exporter.signals.parameters import Parameters
from exporter.signals.readings import TERMS

Terms: TypeAlias = tuple[float, float, float, float, float, float, float, float, float]
Contributions: TypeAlias = tuple[float, float, float, float, float, float]

_SHARE_LEAST, _SHARE_MOST = 0.02, 0.98
_X_MOST = 700.0
"""Where the exponential ends."""


class Facts(NamedTuple):
    """What is measured of a coin and side at one moment, before logarithms."""

    scan: float
    cusum: float
    relative: float
    branching: float
    concentration: float
    share: float
    breadth: float
    orders: float
    seconds: float
    baseline_per_day: float


class Evaluation(NamedTuple):
    """A scored moment; `open` tells whether all gates hold."""

    score: float
    excess: float
    contributions: Contributions
    terms: Terms
    open: bool
    scan: float


class Model:
    """The weights, ready to use; `x_calm` is the logit of the calm reference."""

    __slots__ = ("_calm", "_gates", "_weights", "x_calm")

    def __init__(self, parameters: Parameters) -> None:
        weights, calm = parameters.weights, parameters.calm
        self._weights: tuple[float, ...] = tuple(getattr(weights, name) for name in TERMS)
        self._calm: tuple[float, ...] = tuple(getattr(calm, name) for name in TERMS)
        self._gates = parameters.gates
        ordinary = sum(weight * term for weight, term in zip(self._weights, self._calm, strict=True))
        self.x_calm = weights.intercept + ordinary

    def evaluate(self, facts: Facts, run_usd: float, floor_usd: float) -> Evaluation:
        """Score a moment."""
        terms = terms_of(facts)
        scan, cusum, relative, branching, concentration, share, breadth, persistence, baseline = (
            weight * (term - calm) for weight, term, calm in zip(self._weights, terms, self._calm, strict=True)
        )
        intensity, self_excitation = scan + relative + persistence, branching + cusum
        excess = intensity + self_excitation + share + breadth + concentration + baseline
        score = score_of(self.x_calm + excess)
        held = run_usd >= floor_usd and self._open(facts)
        if not held and score > self._gates.closed_score:
            score = self._gates.closed_score
        contributions = (intensity, self_excitation, share, breadth, concentration, baseline)
        return Evaluation(score, excess, contributions, terms, held, facts.scan)

    def _open(self, facts: Facts) -> bool:
        gates = self._gates
        return (
            facts.orders > gates.orders
            and facts.relative > gates.relative
            and facts.concentration < gates.concentration
            and facts.share > gates.share
            and facts.scan >= gates.scan
        )


def terms_of(facts: Facts) -> Terms:
    """Return the terms of the linear model."""
    share = facts.share
    if share < _SHARE_LEAST:
        share = _SHARE_LEAST
    elif share > _SHARE_MOST:
        share = _SHARE_MOST
    return (
        math.log(1.0 + facts.scan),
        math.log(1.0 + facts.cusum),
        math.log(1.0 + facts.relative),
        facts.branching,
        facts.concentration,
        math.log(share / (1.0 - share)),
        facts.breadth,
        math.log(facts.seconds) if facts.seconds > 1.0 else 0.0,
        math.log(1.0 + facts.baseline_per_day),
    )


def score_of(x: float) -> float:
    """Return the score of a logit."""
    return 100.0 / (1.0 + math.exp(-x)) if x > -_X_MOST else 0.0
