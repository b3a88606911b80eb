"""The figures of a detector over many symbol-weeks: recall, false alarms, precision, delays; and its thresholds."""

import math
import statistics
from collections.abc import Iterable, Sequence

import msgspec

from benchmarks.cascade_lab.alarms import Points, Run, Verdict, judge, runs_of
from benchmarks.cascade_lab.truth import Truth

SIZES = ((0.0, 0.10, "under 10 %"), (0.10, 0.30, "10-30 %"), (0.30, 1.0, "30-100 %"), (1.0, 1e9, "over 100 %"))
"""Classes of cascades by USD in mean days."""
RATIO = 1.25
"""Thresholds are tried at ranks that grow by this factor."""


class Week(msgspec.Struct, frozen=True):
    """A judged symbol-week: what there was, and the values of each statistic on both sides."""

    seed: int
    tier: str
    truth: Truth
    points: dict[str, tuple[Points, Points]]
    levels: dict[str, list[tuple[int, Run]]]


class Figures(msgspec.Struct, frozen=True):
    """What a detector reached; delays in seconds, median and 90th percentile."""

    weeks: int
    cascades: int
    recall: float
    false_per_week: float
    precision: float
    from_start: tuple[float, float]
    from_eligible: tuple[float, float]
    by_size: dict[str, float]
    by_tier: dict[str, tuple[float, float]]


Judged = list[tuple[str, Verdict]]
"""Tier and verdict of each week."""


def at_threshold(weeks: Iterable[Week], statistic: str, threshold: float) -> Judged:
    """Judge a statistic at a threshold."""
    return [(week.tier, judge(week.truth, runs(week, statistic, threshold))) for week in weeks]


def runs(week: Week, statistic: str, threshold: float) -> list[tuple[int, Run]]:
    """Return the alarms of a statistic in a week."""
    return [(side, run) for side in (0, 1) for run in runs_of(week.points[statistic][side], threshold)]


def at_level(weeks: Iterable[Week], level: str) -> Judged:
    """Judge the level that the engine itself publishes."""
    return [(week.tier, judge(week.truth, week.levels[level])) for week in weeks]


def figures(judged: Judged) -> Figures:
    """Sum verdicts up."""
    found = [one for _, verdict in judged for one in verdict.found]
    right = sum(verdict.right for _, verdict in judged)
    false = sum(len(verdict.false) for _, verdict in judged)
    starts = [one.from_start for one in found if one.from_start is not None]
    eligible = [one.from_eligible for one in found if one.from_eligible is not None]
    sizes = {name: [one.at is not None for one in found if low <= one.cascade.days < high] for low, high, name in SIZES}
    return Figures(
        weeks=len(judged),
        cascades=len(found),
        recall=len(starts) / max(1, len(found)),
        false_per_week=false / max(1, len(judged)),
        precision=right / max(1, right + false),
        from_start=quantiles(starts),
        from_eligible=quantiles(eligible),
        by_size={name: statistics.fmean(hits) for name, hits in sizes.items() if hits},
        by_tier={tier: of_tier(judged, tier) for tier in dict.fromkeys(tier for tier, _ in judged)},
    )


def of_tier(judged: Judged, tier: str) -> tuple[float, float]:
    """Return recall and false alarms a week of a tier."""
    verdicts = [verdict for name, verdict in judged if name == tier]
    hits = [one.at is not None for verdict in verdicts for one in verdict.found]
    return statistics.fmean(hits or [0.0]), statistics.fmean(len(verdict.false) for verdict in verdicts)


def quantiles(values: Sequence[float]) -> tuple[float, float]:
    """Return the median and the 90th percentile; nan where there is nothing."""
    if len(values) < 2:
        return (values[0], values[0]) if values else (float("nan"), float("nan"))
    return statistics.median(values), statistics.quantiles(values, n=10, method="inclusive")[8]


def threshold_for(weeks: Sequence[Week], statistic: str, false_per_week: float) -> float:
    """Return the lowest threshold with at most this many false alarms a week, as all above it have.

    It is looked for from above: far below, alarms run into each other until there is a single, right one.
    """
    allowed = false_per_week * len(weeks)
    values = occurring(weeks, statistic)

    def few(rank: int) -> bool:
        return sum(len(verdict.false) for _, verdict in at_threshold(weeks, statistic, values[rank])) <= allowed

    good, bad = 0, len(values)
    for rank in ranks(len(values)):
        if not few(rank):
            bad = rank
            break
        good = rank
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if few(middle) else (good, middle)
    return values[good]


def occurring(weeks: Iterable[Week], statistic: str) -> list[float]:
    """Return the values of a statistic that occur, the highest first and one above it."""
    values = sorted({value for week in weeks for side in (0, 1) for _, value in week.points[statistic][side]})
    return [*([values[-1] + 1e-9] if values else [0.0]), *reversed(values)]


def ranks(count: int) -> list[int]:
    """Return ranks to try from the top, each further by a constant factor."""
    return sorted({round(RATIO**step) - 1 for step in range(int(math.log(count + 1, RATIO)) + 1)})


def curve(weeks: Sequence[Week], statistic: str, most: float) -> list[tuple[float, float]]:
    """Return (false alarms a week, recall) of a statistic from its highest threshold down to `most` false alarms."""
    values, drawn = occurring(weeks, statistic), []
    for rank in ranks(len(values)):
        result = figures(at_threshold(weeks, statistic, values[rank]))
        if result.false_per_week > most:
            break
        drawn.append((result.false_per_week, result.recall))
    return drawn
