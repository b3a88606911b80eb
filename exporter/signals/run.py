"""The present run of orders of one coin and side: where an episode would have begun.

A run begins with an order before which nothing came for 10 s, or before which the last 10 s held no more than three
times the ordinary. It looks back two minutes and 256 orders at most.
"""

import math

from exporter.signals.state import State

QUIET_MS = 10_000
ORDINARY_MULTIPLE = 3.0
LOOK_BACK_MS = 120_000
KEEP_MS = 90_000
ORDERS = 256
SLACK = 64
"""Orders beyond the limit before the oldest are dropped together."""


class Run(State):
    """The orders of a run as (time ms, USD, price, exchange); `usd` and `events` are of all of it."""

    __slots__ = ("events", "last_ms", "rows", "start_ms", "usd")

    def __init__(self) -> None:
        self.start_ms = 0
        self.last_ms = -QUIET_MS
        self.usd = 0.0
        self.events = 0
        self.rows: list[tuple[int, float, float, int]] = []

    def add(self, now_ms: int, usd: float, price: float, place: int, ordinary: bool) -> None:
        """Take an order; `ordinary`: the last 10 s before it held no more than usual."""
        if ordinary or not self.events or now_ms - self.last_ms >= QUIET_MS:
            self.rows.clear()
            self.start_ms = now_ms
            self.usd = usd
            self.events = 1
        else:
            if now_ms - self.start_ms > LOOK_BACK_MS:
                self._forget(now_ms - KEEP_MS)
            self.usd += usd
            self.events += 1
        self.last_ms = now_ms
        rows = self.rows
        rows.append((now_ms, usd, price, place))
        if len(rows) >= ORDERS + SLACK:
            del rows[:SLACK]

    def begin(self) -> None:
        """Start anew: what comes next is the first order."""
        self.rows.clear()
        self.usd = 0.0
        self.events = 0

    def _forget(self, before_ms: int) -> None:
        """Let the run begin later; orders beyond the known rows are gone with it."""
        self.rows = rows = [row for row in self.rows if row[0] >= before_ms]
        self.start_ms = rows[0][0] if rows else before_ms
        self.usd = math.fsum(row[1] for row in rows)
        self.events = len(rows)
