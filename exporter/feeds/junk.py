"""When unusable frames become a flood."""

from collections import deque


class JunkMeter:
    """Tells when more than `per_second` unusable frames came within any one second."""

    def __init__(self, per_second: int) -> None:
        self._times: deque[float] = deque(maxlen=per_second + 1)

    def flooded(self, now: float) -> bool:
        """Count one unusable frame at `now` (seconds); return whether it is one too many."""
        times = self._times
        times.append(now)
        return len(times) == times.maxlen and now - times[0] < 1.0
