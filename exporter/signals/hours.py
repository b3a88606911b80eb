"""The hour of the day: when a coin and side is busy, compared with the time it was observed at that hour (UTC).

Counts fade with a half-life of two weeks. They are kept multiplied by a gain that grows instead, so that nothing has to
be touched when an hour begins.
"""

from exporter.signals.state import State

LEAST, MOST = 0.4, 3.0
"""The factor never leaves this range."""
HALF_LIFE_MS = 14 * 86_400_000.0
_PSEUDO_ORDERS = 20.0
_PSEUDO_SHARE = 0.03


class Exposure(State):
    """How many minutes were observed at each hour of the day, and the gain of this moment."""

    __slots__ = ("gain", "minutes", "origin_ms", "total")

    def __init__(self, now_ms: int) -> None:
        self.origin_ms = now_ms
        self.gain = 1.0
        self.minutes = [0.0] * 24
        self.total = 0.0

    def minute(self, now_ms: int, observed: bool) -> None:
        """Count the minute that ends at `now_ms`."""
        self.gain = 2.0 ** ((now_ms - self.origin_ms) / HALF_LIFE_MS)
        if observed:
            self.minutes[hour_of(now_ms - 1)] += self.gain
            self.total += self.gain


class Hours(State):
    """The orders of a coin and side by hour of the day."""

    __slots__ = ("orders", "total")

    def __init__(self) -> None:
        self.orders = [0.0] * 24
        self.total = 0.0

    def learn(self, hour: int, weight: float) -> None:
        """Take orders; the weight is multiplied by the gain of the moment."""
        self.orders[hour] += weight
        self.total += weight

    def factor(self, hour: int, exposure: Exposure) -> float:
        """Return how busy an hour of the day is against the mean hour, shrunk towards 1 while little is known."""
        gain, total, observed = exposure.gain, self.total, exposure.total
        if not total or not observed:
            return 1.0
        expected = total * exposure.minutes[hour] / observed / gain
        pseudo = max(_PSEUDO_ORDERS, _PSEUDO_SHARE * total / gain)
        factor = (self.orders[hour] / gain + pseudo) / (expected + pseudo)
        return LEAST if factor < LEAST else min(factor, MOST)


def hour_of(now_ms: int) -> int:
    """Return the hour of the day, UTC."""
    return now_ms // 3_600_000 % 24
