"""The engine against the rules that trackers use: thresholds from train weeks, figures from test weeks."""

from collections.abc import Sequence

import msgspec

from benchmarks.cascade_lab.evaluation import Figures, Judged, Week, at_threshold, figures, threshold_for
from benchmarks.cascade_lab.rivals import BOTH, RIVALS, both
from benchmarks.cascade_lab.symbolweek import CUSUM, SCAN, SCORE
from benchmarks.cascade_lab.world import TIERS

COUNT, USD = list(RIVALS)[:2]
NAIVE = (COUNT, USD, BOTH)
DETECTORS = (*NAIVE, *list(RIVALS)[2:], CUSUM, SCAN, SCORE)
BY_TIER = f"{BOTH}, a threshold per class of coin"


class Tuned(msgspec.Struct, frozen=True):
    """A detector with a threshold for at most `allowed` false alarms a week on the train weeks, and what it reached."""

    detector: str
    allowed: float
    threshold: float | None
    train: Figures
    test: Figures


def with_both(weeks: Sequence[Week], units: tuple[float, float]) -> list[Week]:
    """Return the weeks with the combined naive rule, each part in its unit."""
    return [
        msgspec.structs.replace(
            week,
            points=week.points
            | {BOTH: tuple(both(week.points[COUNT][side], week.points[USD][side], *units) for side in (0, 1))},
        )
        for week in weeks
    ]


def units_of(train: Sequence[Week]) -> tuple[float, float]:
    """Return the thresholds of the two naive rules at one false alarm a week, the units of their combination."""
    return threshold_for(train, COUNT, 1.0), threshold_for(train, USD, 1.0)


def tuned(train: Sequence[Week], test: Sequence[Week], detector: str, allowed: float) -> Tuned:
    """Tune on the one and measure on the other."""
    threshold = threshold_for(train, detector, allowed)
    return Tuned(
        detector,
        allowed,
        threshold,
        figures(at_threshold(train, detector, threshold)),
        figures(at_threshold(test, detector, threshold)),
    )


def tuned_by_tier(train: Sequence[Week], test: Sequence[Week], allowed: float) -> Tuned:
    """Tune the combined naive rule for each class of coin alone, which no tracker does."""
    judged: tuple[Judged, Judged] = ([], [])
    for tier in TIERS:
        mine = [week for week in train if week.tier == tier.name]
        threshold = threshold_for(mine, BOTH, allowed)
        judged[0].extend(at_threshold(mine, BOTH, threshold))
        judged[1].extend(at_threshold([week for week in test if week.tier == tier.name], BOTH, threshold))
    return Tuned(BY_TIER, allowed, None, figures(judged[0]), figures(judged[1]))


def best_naive(test: Sequence[Week], false_per_week: float) -> tuple[str, Figures]:
    """Return the best naive rule with no more false alarms than this, its threshold chosen on these very weeks."""
    results = [(name, figures(at_threshold(test, name, threshold_for(test, name, false_per_week)))) for name in NAIVE]
    return max(results, key=lambda result: result[1].recall)
