"""When unusable frames become a flood, or most of what arrives."""

from collections import deque

WINDOW_S = 2.0
LEAST = 10
"""Fewer malformed frames than this in a window prove nothing."""


class JunkMeter:
    """Tells when more than `per_second` unusable frames came within any one second."""

    def __init__(self, per_second: int) -> None:
        self._times: deque[float] = deque(maxlen=per_second + 1)

    def flooded(self, now: float) -> bool:
        """Count one unusable frame at `now` (seconds); return whether it is one too many."""
        times = self._times
        times.append(now)
        return len(times) == times.maxlen and now - times[0] < 1.0


class GarbleMeter:
    """Tells when most frames of `WINDOW_S` seconds were malformed: what speaks another language is no feed."""

    def __init__(self, opened: float) -> None:
        self._since = opened
        self._frames = 0
        self._malformed = 0

    def garbled(self, now: float, frames: int) -> bool:
        """Count one malformed frame at `now` (seconds), among `frames` in all; return whether it is one too many."""
        self._malformed += 1
        if now - self._since < WINDOW_S:
            return False
        mostly = self._malformed >= LEAST and 2 * self._malformed > frames - self._frames
        self._since, self._frames, self._malformed = now, frames, 0
        return mostly
