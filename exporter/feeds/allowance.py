"""How much one address may say to an exchange, over all sockets of a feed."""

from collections import deque

from exporter.exchanges.base import Quota

RETRY_S = 0.05
"""Answers that free a place come on any socket; the others look again after this."""


class Allowance:
    """Keeps the sockets of a feed inside its quota together; times are seconds of a monotonic clock.

    An earlier run may have used all of it up to the moment at which this one begins (`now`), so that the first stretch
    is paced evenly; from then on whatever is left of a stretch can be used at once.
    """

    def __init__(self, quota: Quota | None, now: float) -> None:
        self.unanswered = 0
        """Requests of all sockets that wait for their answer."""
        self._quota = quota
        self._times: deque[float] = deque()
        if quota:
            pace = quota.seconds / quota.messages
            begun = now - quota.seconds
            self._times = deque((begun + number * pace for number in range(1, quota.messages + 1)), quota.messages)

    def wait(self, now: float) -> float:
        """Return how long it takes until the next request may be sent."""
        if self._quota is None:
            return 0.0
        if self.unanswered >= self._quota.unanswered:
            return RETRY_S
        return max(0.0, self._times[0] + self._quota.seconds - now)

    def spend(self, now: float) -> None:
        """Take note of a message that is sent."""
        if self._quota:
            self._times.append(now)
