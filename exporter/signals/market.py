"""The market as a whole: the coins that cascade at the same time on the same side."""

from exporter.signals.parameters import Breadth
from exporter.signals.state import State

WARNING, CRITICAL = 2, 3
_STILL = -1


class Coins(State):
    """The coins of one side that are, or within the last minute were, at warning or above.

    `members` maps a coin to (level, since when it is below, -1 while it is not); `support` is the level that the
    market has by them alone.
    """

    __slots__ = ("members", "support")

    def __init__(self) -> None:
        self.members: dict[str, list[list[int]]] = {}
        self.support = 0

    def moved(self, base: str, level: int, now_ms: int) -> None:
        """Take a coin's change of level."""
        marks = self.members.setdefault(base, [[_STILL, 0], [_STILL, 0]])
        for mark, at in zip(marks, (WARNING, CRITICAL), strict=True):
            if level >= at:
                mark[0], mark[1] = 1, now_ms
            elif mark[0] == 1:
                mark[0], mark[1] = 0, now_ms

    def count(self, now_ms: int, rules: Breadth) -> int:
        """Forget those that left long ago; return the level of the market by the rest."""
        within_ms = rules.within_s * 1000.0
        warning = critical = 0
        for base, (at_warning, at_critical) in list(self.members.items()):
            if not _counts(at_warning, now_ms, within_ms):
                del self.members[base]
                continue
            warning += 1
            critical += _counts(at_critical, now_ms, within_ms)
        if critical >= rules.critical_coins or warning >= rules.critical_by_warning_coins:
            self.support = CRITICAL
        else:
            self.support = WARNING if warning >= rules.warning_coins else 0
        return self.support


def _counts(mark: list[int], now_ms: int, within_ms: float) -> bool:
    state, since_ms = mark
    return state == 1 or (state == 0 and now_ms - since_ms <= within_ms)
