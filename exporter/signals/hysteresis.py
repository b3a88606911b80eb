"""A level that rises at once and falls slowly, one step at a time, and never while the coin cannot be seen well."""

from exporter.signals.parameters import Levels
from exporter.signals.state import State

ABOVE = -1


class Hysteresis(State):
    """The level 0 to 3; `below` is the evidence clock since when the score is below the exit, -1 while it is not."""

    __slots__ = ("below", "level")

    def __init__(self) -> None:
        self.level = 0
        self.below = ABOVE

    def step(self, level: int, stays: bool, clock: int, dwell_ms: float) -> bool:
        """Take what the score asks for; return whether the level changed.

        `level` is the highest level whose entry is reached, `stays` tells that the present one must not fall.
        """
        if level > self.level:
            self.level = level
            self.below = ABOVE
            return True
        if stays or not self.level:
            self.below = ABOVE
        elif self.below == ABOVE:
            self.below = clock
        elif clock - self.below >= dwell_ms:
            self.level -= 1
            self.below = clock
            return True
        return False


def entered(score: float, levels: Levels) -> int:
    """Return the highest level whose entry a score reaches."""
    if score < levels.watch.enter:
        return 0
    if score < levels.warning.enter:
        return 1
    return 2 if score < levels.critical.enter else 3


def exit_score(level: int, levels: Levels) -> float:
    """Return the score below which a level may end."""
    if level == 3:
        return levels.critical.exit
    return levels.warning.exit if level == 2 else levels.watch.exit
