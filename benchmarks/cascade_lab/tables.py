"""The result tables: texts from figures, nothing is computed here."""

from collections.abc import Mapping, Sequence

from benchmarks.cascade_lab.comparison import Tuned
from benchmarks.cascade_lab.evaluation import SIZES, Figures
from benchmarks.cascade_lab.grid import Grid
from benchmarks.cascade_lab.world import TIERS

HEAD = (
    "recall", "false alarms a week", "precision", "after first order", "against eligible",
    *(f"of a day: {name}" for _, _, name in SIZES),
)  # fmt: skip
NONE = "-"


def levels_table(levels: Mapping[str, tuple[float, Figures]]) -> Grid:
    """Return what each level of the engine is worth."""
    rows = [[name, f"{enter:.0f}", *cells(result)] for name, (enter, result) in levels.items()]
    return Grid("The levels as published", ["level", "from score", *HEAD], rows, DELAYS)


def detectors_table(results: Sequence[Tuned], allowed: float) -> Grid:
    """Return the detectors at a threshold for so many false alarms on the train weeks."""
    rows = [[result.detector, threshold(result), *cells(result.test)] for result in results]
    title = f"All detectors, tuned on the train weeks to at most {allowed:g} false alarms per symbol-week"
    return Grid(title, ["detector", "threshold", *HEAD], rows, DELAYS)


DELAYS = (
    "Delays are median / 90th percentile in seconds; a negative one against eligible is an alarm before that moment."
)


def tiers_table(results: Mapping[str, Figures]) -> Grid:
    """Return recall and false alarms for each class of coin."""
    names = [tier.name for tier in TIERS]
    rows = [
        [name, *(f"{share(result.by_tier[tier][0])} / {result.by_tier[tier][1]:.2f}" for tier in names)]
        for name, result in results.items()
    ]
    return Grid("By class of coin: recall / false alarms per symbol-week", ["", *names], rows)


def shifts_table(results: Mapping[str, tuple[Figures, Figures, Figures]]) -> Grid:
    """Return how the frozen engine does on markets that were changed."""
    head = ["market", "cascades", "warning: recall", "false alarms", "against eligible"]
    head += ["critical: recall", "false alarms", "best naive rule: recall", "false alarms"]
    rows = [
        [name, str(warning.cascades), *short(warning), delays(warning.from_eligible), *short(critical), *short(naive)]
        for name, (warning, critical, naive) in results.items()
    ]
    return Grid("Markets that the fit has not seen, everything frozen", head, rows)


def targets_table(rows: Sequence[tuple[str, str, str, bool]]) -> Grid:
    """Return what was asked for, what was measured, and whether it is enough."""
    texts = [[claim, target, measured, "met" if met else "MISSED"] for claim, target, measured, met in rows]
    return Grid("What was asked for", ["on the test weeks", "target", "measured", ""], texts)


def cells(result: Figures) -> list[str]:
    """Return the figures of a detector."""
    return [
        share(result.recall),
        f"{result.false_per_week:.2f}",
        share(result.precision),
        delays(result.from_start),
        delays(result.from_eligible),
        *(share(result.by_size[name]) if name in result.by_size else NONE for _, _, name in SIZES),
    ]


def short(result: Figures) -> list[str]:
    """Return recall and false alarms."""
    return [share(result.recall), f"{result.false_per_week:.2f}"]


def share(value: float) -> str:
    """Write a share without its leading zero, as is usual for recall."""
    return f"{value:.2f}".removeprefix("0") if value < 1 else "1.00"


def delays(values: tuple[float, float]) -> str:
    """Write median and 90th percentile."""
    return f"{values[0]:.1f} / {values[1]:.1f}" if values[0] == values[0] else NONE


def threshold(result: Tuned) -> str:
    """Write a threshold with three digits that count."""
    if result.threshold is None:
        return "four"
    return f"{result.threshold:,.0f}" if result.threshold >= 100 else f"{result.threshold:.2f}"
