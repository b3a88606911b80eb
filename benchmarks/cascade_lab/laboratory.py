"""The whole experiment: symbol-weeks simulated and judged, results collected for tables and plots."""

from collections.abc import Callable, Sequence

import msgspec

from benchmarks.cascade_lab.comparison import (
    BY_TIER,
    DETECTORS,
    NAIVE,
    Tuned,
    best_naive,
    tuned,
    tuned_by_tier,
    units_of,
    with_both,
)
from benchmarks.cascade_lab.detector import LEVELS
from benchmarks.cascade_lab.evaluation import Figures, Week, at_level, at_threshold, curve, figures
from benchmarks.cascade_lab.plan import Plan
from benchmarks.cascade_lab.symbolweek import SCORE, Done, Job
from benchmarks.cascade_lab.world import INFORMATION, SHIFTS
from exporter.signals.parameters import Parameters

LOOSE, TIGHT = 1.0, 0.2
"""False alarms per symbol-week on the train weeks."""
CURVE_MOST = 5.0

Runner = Callable[[str, Sequence[Job]], list[Done]]
"""Does the jobs under a name that is shown while they run."""


class Results(msgspec.Struct, frozen=True):
    """Everything that was measured; `shifts` holds warning, critical and the best naive rule per changed market."""

    plan: Plan
    events: int
    levels: dict[str, tuple[float, Figures]]
    loose: list[Tuned]
    tight: list[Tuned]
    rival: tuple[str, Figures]
    shifts: dict[str, tuple[Figures, Figures, Figures]]
    curves: dict[str, list[tuple[float, float]]]
    reentries: list[int]


def measure(plan: Plan, parameters: Parameters, run: Runner) -> Results:
    """Do the whole experiment with frozen parameters."""
    train_weeks = [done.week for done in run("train weeks", [Job(seed) for seed in plan.train_seeds])]
    units = units_of(train_weeks)
    train = with_both(train_weeks, units)
    tested = run("test weeks", [Job(seed) for seed in plan.test_seeds])
    test = with_both([done.week for done in tested], units)
    loose = [*(tuned(train, test, name, LOOSE) for name in DETECTORS), tuned_by_tier(train, test, LOOSE)]
    levels = levels_of(test, parameters)
    return Results(
        plan=plan,
        events=sum(done.events for done in tested),
        levels=levels,
        loose=loose,
        tight=[tuned(train, test, name, TIGHT) for name in DETECTORS],
        rival=best_naive(test, levels["warning"][1].false_per_week),
        shifts=shifted(plan, units, loose, run),
        curves={name: curve(test, name, CURVE_MOST) for name in DETECTORS},
        reentries=[count for done in tested for count in done.reentries],
    )


def levels_of(weeks: Sequence[Week], parameters: Parameters) -> dict[str, tuple[float, Figures]]:
    """Return what the engine's own levels reach, with the scores at which they begin."""
    return {name: (getattr(parameters.levels, name).enter, figures(at_level(weeks, name))) for name in LEVELS}


def shifted(
    plan: Plan, units: tuple[float, float], loose: Sequence[Tuned], run: Runner
) -> dict[str, tuple[Figures, Figures, Figures]]:
    """Return the figures of the changed markets, the naive rules at the thresholds of the train weeks."""
    thresholds = {result.detector: result.threshold for result in loose if result.threshold is not None}
    results = {}
    for name in SHIFTS:
        weeks = with_both([done.week for done in run(name, [Job(seed, name) for seed in plan.shifted_seeds])], units)
        naive = [figures(at_threshold(weeks, rule, thresholds[rule])) for rule in NAIVE]
        results[name] = (
            figures(at_level(weeks, "warning")),
            figures(at_level(weeks, "critical")),
            max(naive, key=lambda result: result.recall),
        )
    return results


def targets(results: Results) -> list[tuple[str, str, str, bool]]:
    """Return claim, target, measured and verdict of everything that the detector has to reach."""
    warning, critical = results.levels["warning"][1], results.levels["critical"][1]
    tight = next(result.test for result in results.tight if result.detector == SCORE)
    name, rival = results.rival
    large = warning.by_size.get("over 100 %", 0.0)
    recalls = {name: shift[0].recall for name, shift in results.shifts.items() if name not in INFORMATION}
    worst = min(recalls, key=lambda shift: recalls[shift])
    twice = sum(count > 1 for count in results.reentries)
    rows = [
        ("recall of warning", ">= .85", warning.recall, warning.recall >= 0.85),
        ("its false alarms per symbol-week", "<= 1", warning.false_per_week, warning.false_per_week <= 1.0),
        ("recall at the threshold for <= 0.2 false alarms", ">= .70", tight.recall, tight.recall >= 0.70),
        ("its false alarms per symbol-week", "<= 0.2", tight.false_per_week, tight.false_per_week <= 0.2),
        ("recall of warning, cascades above a mean day", ">= .95", large, large >= 0.95),
        (f"recall above the best naive rule ({name}) at equal false alarms", ">= .25", warning.recall - rival.recall,
         warning.recall - rival.recall >= 0.25),
        ("false alarms of critical per symbol-week", "<= 0.1", critical.false_per_week, critical.false_per_week <= 0.1),
        ("warning against eligible, median s", "<= 2", warning.from_eligible[0], warning.from_eligible[0] <= 2.0),
        ("warning against eligible, 90 % s", "<= 10", warning.from_eligible[1], warning.from_eligible[1] <= 10.0),
        (f"lowest recall of a changed market ({worst})", ">= .70", recalls[worst],
         recalls[worst] >= 0.70),
        ("episodes that came back to warning twice or more", "0", float(twice), twice == 0),
    ]  # fmt: skip
    return [(claim, target, f"{value:.2f}", met) for claim, target, value, met in rows]


def by_tier(results: Results) -> dict[str, Figures]:
    """Return the figures that are shown per class of coin."""
    shown = {f"{name} (engine)": figures for name, (_, figures) in results.levels.items()}
    return shown | {result.detector: result.test for result in results.loose if result.detector in {*NAIVE, BY_TIER}}
