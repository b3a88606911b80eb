"""From values to alarms to verdicts: which cascades an alarm found, how fast, and which alarms were false."""

from collections.abc import Iterable

import msgspec

from benchmarks.cascade_lab.truth import AFTER, Cascade, Neutral, Truth
from benchmarks.cascade_lab.world import WARM_UP

HOLD_MS = 120_000
"""An alarm lasts until its statistic has been below the threshold for this long."""

Points = list[tuple[int, float]]
"""A statistic where it is worth keeping: milliseconds since the start and value, in time order."""
Run = tuple[int, int]
"""First and last millisecond of an alarm."""


class Found(msgspec.Struct, frozen=True):
    """A cascade of the truth, and when an alarm told of it (seconds; nothing when none did)."""

    cascade: Cascade
    at: float | None

    @property
    def from_start(self) -> float | None:
        """Seconds from the first order to the alarm."""
        return None if self.at is None else self.at - self.cascade.start

    @property
    def from_eligible(self) -> float | None:
        """Seconds from the moment at which the cascade met the definition to the alarm; negative when earlier."""
        return None if self.at is None else self.at - self.cascade.eligible


class Verdict(msgspec.Struct, frozen=True):
    """What the alarms of a detector were worth in a symbol-week."""

    found: list[Found]
    false: list[Run]
    right: int


def runs_of(points: Points, threshold: float) -> list[Run]:
    """Return the alarms of a statistic."""
    runs: list[Run] = []
    for at, value in points:
        if value < threshold:
            continue
        if runs and at - runs[-1][1] <= HOLD_MS:
            runs[-1] = (runs[-1][0], at)
        else:
            runs.append((at, at))
    return runs


def judge(truth: Truth, runs: Iterable[tuple[int, Run]]) -> Verdict:
    """Judge the alarms (side and run) of a symbol-week; what lies in the warm-up is not looked at."""
    alarms = [(side, run[0] / 1000.0, run[1] / 1000.0, run) for side, run in runs if run[1] / 1000.0 >= WARM_UP]
    found = []
    for cascade in truth.cascades:
        hits = [
            first
            for side, first, last, _ in alarms
            if side == cascade.side and first <= cascade.end + AFTER and last >= cascade.start
        ]
        found.append(Found(cascade, max(min(hits), cascade.start) if hits else None))
    false, right = [], 0
    for side, first, last, run in alarms:
        if touches(truth.cascades, side, first, last):
            right += 1
        elif not touches(truth.neutral, side, first, last):
            false.append(run)
    return Verdict(found, false, right)


def touches(stretches: Iterable[Cascade | Neutral], side: int, first: float, last: float) -> bool:
    """Say whether an alarm overlaps one of these stretches on its side."""
    return any(each.side == side and first <= each.end + AFTER and last >= each.start for each in stretches)
