"""Whether a socket still delivers, judged by its control stream and never by the silence of liquidations."""

from enum import Enum, auto


class Verdict(Enum):
    """What the control stream says about its socket."""

    WAITING = auto()
    LIVE = auto()
    SILENT = auto()
    DEAD = auto()


class Liveness:
    """The control stream of one socket; times are seconds of a monotonic clock.

    Silent after `silent_after` seconds without a control message, dead after twice as long. The time before the first
    one counts from `opened`.
    """

    __slots__ = ("_proof", "_silent_after", "heard")

    def __init__(self, silent_after: float, opened: float) -> None:
        self._silent_after = silent_after
        self._proof = opened
        self.heard = False

    def hear(self, now: float) -> None:
        """Take note of a control message."""
        self._proof = now
        self.heard = True

    def verdict(self, now: float) -> Verdict:
        """Judge the socket at `now`."""
        silence = now - self._proof
        if silence > 2 * self._silent_after:
            return Verdict.DEAD
        if silence > self._silent_after:
            return Verdict.SILENT
        return Verdict.LIVE if self.heard else Verdict.WAITING
