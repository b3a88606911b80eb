"""The present run of orders of one coin and side: where an episode would have begun.

A run begins with an order before which nothing came for 10 s, or before which the last 10 s held no more than three
times the ordinary. It looks back two minutes and 256 orders at most.
"""

import math
from array import array
from typing import ClassVar

from exporter.signals.state import State, doubles

QUIET_MS = 10_000
ORDINARY_MULTIPLE = 3.0
LOOK_BACK_MS = 120_000
KEEP_MS = 90_000
ORDERS = 256
_FIELDS = 4


class Run(State):
    """The orders of a run as rows of (time ms, USD, price, exchange), flat; `usd` and `events` are of all of it."""

    __slots__ = ("events", "last_ms", "rows", "start_ms", "usd")
    PARTS: ClassVar = {"rows": doubles}

    def __init__(self) -> None:
        self.start_ms = 0
        self.last_ms = -QUIET_MS
        self.usd = 0.0
        self.events = 0
        self.rows: array[float] = array("d")

    def add(self, now_ms: int, usd: float, price: float, place: int, ordinary: bool) -> None:
        """Take an order; `ordinary`: the last 10 s before it held no more than usual."""
        if ordinary or not self.events or now_ms - self.last_ms >= QUIET_MS:
            self.begin(now_ms)
        elif now_ms - self.start_ms > LOOK_BACK_MS:
            self._forget(now_ms - KEEP_MS)
        self.last_ms = now_ms
        self.usd += usd
        self.events += 1
        rows = self.rows
        rows.extend((now_ms, usd, price, place))
        if len(rows) >= (ORDERS + 64) * _FIELDS:
            del rows[: 64 * _FIELDS]

    def begin(self, now_ms: int) -> None:
        """Start anew: what comes next is the first order."""
        del self.rows[:]
        self.start_ms = now_ms
        self.usd = 0.0
        self.events = 0

    def orders(self) -> list[tuple[int, float, float, int]]:
        """Return the rows that are still known, oldest first."""
        rows = self.rows
        return [(int(rows[i]), rows[i + 1], rows[i + 2], int(rows[i + 3])) for i in range(0, len(rows), _FIELDS)]

    def _forget(self, before_ms: int) -> None:
        """Let the run begin later; orders beyond the known rows are gone with it."""
        rows = self.rows
        start = 0
        while start < len(rows) and rows[start] < before_ms:
            start += _FIELDS
        del rows[:start]
        self.start_ms = int(rows[0]) if rows else before_ms
        self.usd = math.fsum(rows[1::_FIELDS])
        self.events = len(rows) // _FIELDS
