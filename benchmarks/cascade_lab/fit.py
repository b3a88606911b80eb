"""The fit: a logistic regression on train seeds gives the weights, false alarms on train seeds give the levels."""

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from benchmarks.cascade_lab.detector import Terms
from benchmarks.cascade_lab.symbolweek import Done
from benchmarks.cascade_lab.truth import Truth
from exporter.signals.parameters import Calm, Weights

LEFT_OUT_AFTER = 120.0
"""Seconds after a cascade that teach nothing: its tail is neither calm nor cascade."""
EVERY_MS = 1000
"""At most one sample a second and side, so that busy coins do not outvote the others even more."""
RIDGE = 1.0
STEPS = 50


def weights_of(done: Sequence[Done]) -> tuple[Weights, int, int]:
    """Return the fitted weights, and how many samples were positive and negative."""
    rows, labels = zip(*(row for one in done for row in labelled(one)), strict=True)
    features, wanted = np.array(rows), np.array(labels, dtype=float)
    solution = logistic(features, wanted)
    return (
        Weights(**dict(zip(Weights.__struct_fields__, map(float, solution), strict=True))),
        int(wanted.sum()),
        int((1 - wanted).sum()),
    )


def calm_of(done: Sequence[Done]) -> Calm:
    """Return the terms of an ordinary order: their medians."""
    medians = np.median(np.array([terms for one in done for terms in one.ordinary]), axis=0)
    return Calm(**dict(zip(Calm.__struct_fields__, map(float, medians), strict=True)))


def labelled(done: Done) -> Iterator[tuple[Terms, bool]]:
    """Yield the samples of a symbol-week with whether they lie in a cascade; unclear ones are left out."""
    for side in (0, 1):
        latest = -EVERY_MS
        for at, terms in done.samples[side]:
            if at - latest < EVERY_MS:
                continue
            latest = at
            label = label_of(done.week.truth, side, at / 1000.0)
            if label is not None:
                yield terms, label


def label_of(truth: Truth, side: int, at: float) -> bool | None:
    """Return whether a moment lies in a cascade or a natural cluster; None shortly after, and in smaller cascades."""
    stretches = [(each.start, each.end, True) for each in truth.cascades if each.side == side]
    stretches += [(each.start, each.end, each.natural) for each in truth.neutral if each.side == side]
    if any(positive and start <= at <= end for start, end, positive in stretches):
        return True
    if any(start <= at <= end + LEFT_OUT_AFTER for start, end, _ in stretches):
        return None
    return False


def logistic(features: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return intercept and weights by Newton's method, with a small ridge on the standardised weights."""
    mean, spread = features.mean(axis=0), features.std(axis=0)
    design = np.column_stack([np.ones(len(features)), (features - mean) / spread])
    ridge = np.diag([0.0, *[RIDGE] * features.shape[1]])
    solution = np.zeros(design.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-design @ solution))
        gradient = design.T @ (wanted - chance) - ridge @ solution
        step = np.linalg.solve((design.T * (chance * (1 - chance))) @ design + ridge, gradient)
        solution += step
        if np.abs(step).max() < 1e-9:
            break
    slopes = solution[1:] / spread
    return np.array([solution[0] - slopes @ mean, *slopes])


def shifted(weights: Weights, by: float) -> Weights:
    """Return the weights with another intercept."""
    return msgspec.structs.replace(weights, intercept=weights.intercept + by)
