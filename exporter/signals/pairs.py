"""Which exchange moves first: the cross-pair histogram of order times, per pair of exchanges and side, same coins.

Time is cut into bins of 0.25 s. Each coin, side and exchange keeps its orders of the last 8 s as one whole number, 64
bits a bin, the newest lowest. When an order arrives, every other exchange's number is shifted by the age between them
and added to the pair's own number: that counts all differences of time at once, exactly, and its cost depends neither
on how many orders there are nor on their sequence. Once a minute the counts move into histograms that fade with a
half-life of an hour. Shiotani, Hayashi, Koike, arXiv 2601.01871, extend the idea from Dobrev and Schaumburg.
"""

import math
from array import array
from collections.abc import Sequence
from typing import Any, Self

from exporter.signals.state import State

BIN_MS = 250
WIDTH = 32
"""Bins on each side of a difference of 0: 8 s."""
NEAR = 8
"""Bins that count as together: 2 s."""
LEAST_PAIRS = 200.0
LEAST_Z = 4.0
SIMULTANEOUS_S = 0.5

_LANES = 2 * WIDTH + 1
_RECENT = (1 << (64 * (WIDTH + 1))) - 1
_KEPT = 2.0 ** (-1.0 / 60.0)
_EXPECT_BINS = 40
_BIN_S = BIN_MS / 1000.0


class Trace(State):
    """The orders of the last 8 s of one coin and side: per exchange the newest bin and the counts behind it.

    `fresh` counts orders since the expectation was last taken, at bin `since`.
    """

    __slots__ = ("bins", "fresh", "marks", "since")

    def __init__(self, exchanges: int) -> None:
        self.bins = [0] * exchanges
        self.marks = [0] * exchanges
        self.fresh = [0] * exchanges
        self.since = 0

    def dump(self) -> list[Any]:
        """Return the state as plain values; the marks are longer than 64 bits."""
        return [self.bins, self.fresh, [_to_bytes(mark) for mark in self.marks], self.since]

    @classmethod
    def load(cls, values: Sequence[Any]) -> Self:
        """Return the object that `dump` was called on."""
        result = super().load(values)
        result.marks = [int.from_bytes(mark, "little") for mark in values[2]]
        return result

    def mark(self, place: int, now: int) -> None:
        """Count an order of bin `now`, which may lie before the newest."""
        age = now - self.bins[place]
        if age > WIDTH or not self.marks[place]:
            self.marks[place] = 1
            self.bins[place] = now
        elif age > 0:
            self.marks[place] = ((self.marks[place] << (64 * age)) & _RECENT) + 1
            self.bins[place] = now
        elif age >= -WIDTH:
            self.marks[place] += 1 << (-64 * age)

    def widen(self, exchanges: int) -> None:
        """Make room for exchanges that are new."""
        for numbers in (self.bins, self.marks, self.fresh):
            numbers += [0] * (exchanges - len(numbers))  # noqa: PLW2901 - the list itself grows


class Crossings(State):
    """All pairs of exchanges on one side. Lists of pairs hold at a * size + b what was seen when an order of a arrived.

    Since the last minute: `arrivals` (packed differences t_a - t_b), `found` (orders of a with one of b within 2 s
    before), `orders`. Faded: `lanes`, `expected` (pairs per bin by chance), `chance` (of `found`), `seen`, `totals`.
    """

    __slots__ = ("arrivals", "chance", "expected", "found", "lanes", "orders", "seen", "size", "totals")

    def __init__(self, exchanges: int) -> None:
        self.size = exchanges
        self.arrivals = [0] * exchanges**2
        self.found = [0] * exchanges**2
        self.orders = [0] * exchanges
        self.lanes: list[list[float]] = [[] for _ in range(exchanges**2)]
        self.expected = [0.0] * exchanges**2
        self.chance = [0.0] * exchanges**2
        self.seen = [0.0] * exchanges**2
        self.totals = [0.0] * exchanges

    def dump(self) -> list[Any]:
        """Return the state as plain values; the arrivals are longer than 64 bits."""
        values = super().dump()
        values[0] = [_to_bytes(packed) for packed in self.arrivals]
        return values

    @classmethod
    def load(cls, values: Sequence[Any]) -> Self:
        """Return the object that `dump` was called on."""
        result = super().load(values)
        result.arrivals = [int.from_bytes(packed, "little") for packed in values[0]]
        return result

    def order(self, trace: Trace, place: int, places: list[int], time_ms: int, rates: list[float]) -> None:
        """Take an order: `places` has its coin, `rates` are the exchanges' ordinary orders per second of it."""
        now = time_ms // BIN_MS
        bins, marks, row = trace.bins, trace.marks, place * self.size
        for other in places:
            mark = marks[other]
            if mark and other != place:
                age = now - bins[other]
                if -WIDTH <= age <= WIDTH:
                    self.arrivals[row + other] += mark << (64 * (age + WIDTH))
                    if -NEAR <= age <= NEAR:
                        self.found[row + other] += 1
        trace.mark(place, now)
        self.orders[place] += 1
        trace.fresh[place] += 1
        if now - trace.since >= _EXPECT_BINS:
            self._expect(trace, places, rates)
            trace.since = now

    def minute(self) -> None:
        """Move the last minute's counts into what fades."""
        for at, lanes in enumerate(self.lanes):
            packed = self.arrivals[at]
            if packed:
                faded = lanes or [0.0] * _LANES
                self.lanes[at] = [old * _KEPT + new for old, new in zip(faded, _unpack(packed), strict=True)]
                self.arrivals[at] = 0
            elif lanes:
                self.lanes[at] = [count * _KEPT for count in lanes]
        self.expected = [value * _KEPT for value in self.expected]
        self.chance = [value * _KEPT for value in self.chance]
        self.seen = [value * _KEPT + new for value, new in zip(self.seen, self.found, strict=True)]
        self.totals = [value * _KEPT + new for value, new in zip(self.totals, self.orders, strict=True)]
        self.found = [0] * self.size**2
        self.orders = [0] * self.size

    def histogram(self, a: int, b: int) -> list[float]:
        """Return the pairs by t_b - t_a, from -8 s to 8 s; positive is a first."""
        forward = self.lanes[b * self.size + a] or [0.0] * _LANES
        backward = self.lanes[a * self.size + b] or [0.0] * _LANES
        return [later + earlier for later, earlier in zip(forward, reversed(backward), strict=True)]

    def widen(self, exchanges: int) -> None:
        """Make room for exchanges that are new; the pairs keep what they know."""
        old, wider = self, Crossings(exchanges)
        for a in range(old.size):
            wider.orders[a], wider.totals[a] = old.orders[a], old.totals[a]
            for b in range(old.size):
                at, to = a * old.size + b, a * exchanges + b
                wider.arrivals[to], wider.found[to], wider.lanes[to] = old.arrivals[at], old.found[at], old.lanes[at]
                wider.expected[to], wider.chance[to], wider.seen[to] = old.expected[at], old.chance[at], old.seen[at]
        for name in self.__slots__:
            setattr(self, name, getattr(wider, name))

    def _expect(self, trace: Trace, places: list[int], rates: list[float]) -> None:
        """Add what chance alone explains of the orders since the last time."""
        for a in places:
            fresh = trace.fresh[a]
            if fresh:
                trace.fresh[a] = 0
                row = a * self.size
                for b in places:
                    self.expected[row + b] += fresh * rates[b] * _BIN_S
                    self.chance[row + b] += fresh * (1.0 - math.exp(-NEAR * _BIN_S * rates[b]))


def _unpack(packed: int) -> "array[int]":
    """Return the counts of a packed number, without those beyond 8 s."""
    counts = array("Q")
    counts.frombytes(packed.to_bytes(8 * (_LANES + WIDTH), "little"))
    return counts[:_LANES]


def _to_bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "little")
