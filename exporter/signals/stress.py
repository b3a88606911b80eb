"""The slow gauge beside the episodes: how the last 1 h and 24 h compare with the last 30 days.

A day of steady heavy liquidations never looks like a cascade of seconds. The reading is a rank between 0 and 1: the
share of the last 30 days in which such a window held fewer USD, ties counting half. Every ten minutes the window's USD
go into a histogram with buckets 10 % wide, from which the sample of 30 days before is taken out.
"""

import math
from array import array
from typing import ClassVar, Literal

from exporter.signals.state import State, doubles, small_numbers

Window = Literal["1h", "24h"]
WINDOWS: dict[Window, int] = {"1h": 60, "24h": 1440}
"""Minutes of each window."""
SAMPLE_MINUTES = 10
SAMPLES = 30 * 24 * 6
LEAST_SAMPLES = 24 * 6
_BUCKETS = 256
_LN_RATIO = math.log(1.1)


class Ranks(State):
    """The last 30 days of one window, as buckets."""

    __slots__ = ("counts", "next", "ring")
    PARTS: ClassVar = {"ring": small_numbers}

    def __init__(self) -> None:
        self.ring = array("B")
        self.next = 0
        self.counts = [0] * _BUCKETS

    def sample(self, usd: float) -> None:
        """Take the window's USD of this moment."""
        bucket = _bucket(usd)
        if len(self.ring) < SAMPLES:
            self.ring.append(bucket)
        else:
            self.counts[self.ring[self.next]] -= 1
            self.ring[self.next] = bucket
            self.next = (self.next + 1) % SAMPLES
        self.counts[bucket] += 1

    def rank(self, usd: float) -> float | None:
        """Return the share of samples below, None before there is a day of them."""
        known = len(self.ring)
        if known < LEAST_SAMPLES:
            return None
        bucket = _bucket(usd)
        return (sum(self.counts[:bucket]) + 0.5 * self.counts[bucket]) / known


class Stress(State):
    """The USD of one side minute by minute, a day long, and the ranks of its windows."""

    __slots__ = ("day", "hour", "minutes")
    PARTS: ClassVar = {"day": Ranks.load, "hour": Ranks.load, "minutes": doubles}

    def __init__(self) -> None:
        self.minutes = array("d", bytes(8 * 1440))
        self.hour = Ranks()
        self.day = Ranks()

    def minute(self, now_ms: int, usd: float, observed: bool) -> None:
        """Close the minute that ends at `now_ms`; a time in which little was seen is no sample."""
        ended = now_ms // 60_000 - 1
        self.minutes[ended % 1440] = usd
        if observed and ended % SAMPLE_MINUTES == SAMPLE_MINUTES - 1:
            self.hour.sample(self.usd("1h", now_ms))
            self.day.sample(self.usd("24h", now_ms))

    def usd(self, window: Window, now_ms: int) -> float:
        """Return the USD of the last complete minutes of a window."""
        if window == "24h":
            return sum(self.minutes)
        end = now_ms // 60_000 % 1440
        start = end - WINDOWS[window]
        return sum(self.minutes[start:end]) if start >= 0 else sum(self.minutes[start:]) + sum(self.minutes[:end])

    def reading(self, window: Window, now_ms: int) -> float | None:
        """Return the rank of a window, 0 to 1."""
        return (self.hour if window == "1h" else self.day).rank(self.usd(window, now_ms))


def _bucket(usd: float) -> int:
    if usd <= 1.0:
        return 0
    return min(_BUCKETS - 1, 1 + int(math.log(usd) / _LN_RATIO))
