"""Which exchange moves first: the cross-pair histogram of order times, per pair of exchanges and side, same coins.

Time is cut into bins of 0.25 s. Each coin and side keeps the orders of its last 8 s as one whole number with a region
per exchange and 16 bits per bin. When an order arrives, that number, shifted to the order's own time, is added to the
number of its exchange: one addition counts all differences of time to all exchanges at once, exactly, and its cost does
not depend on how many orders there are. Once a minute the counts move into histograms that fade with a half-life of an
hour. Shiotani, Hayashi, Koike, arXiv 2601.01871, extend the idea from Dobrev and Schaumburg.
"""

import math
from array import array
from collections.abc import Sequence
from typing import Any, Self

from exporter.signals.baselines import Baseline
from exporter.signals.exchanges import Exchanges
from exporter.signals.state import State

BIN_MS = 250
WIDTH = 32
"""Bins on each side of a difference of 0: 8 s."""
NEAR = 8
"""Bins that count as together: 2 s."""
LANES = 2 * WIDTH + 1

_BITS = 16
_REGION = LANES + 1
"""Lanes of an exchange: one unused, then the differences from -8 s to 8 s."""
_ZERO = WIDTH + 1
"""The lane of a difference of 0 in its region."""
_LANE = (1 << _BITS) - 1
_PAST = ((1 << (_BITS * (WIDTH + 1))) - 1) << (_BITS * _ZERO)
_MOST = 255
"""A bin counts no further, and after so many orders of an exchange its counts are moved on: 255**2 fit 16 bits."""
_KEPT = 2.0 ** (-1.0 / 60.0)
EXPECT_BINS = 1200
"""How often what chance explains is taken: every five minutes with an order."""
_BIN_S = BIN_MS / 1000.0


class Trace(State):
    """The orders of the last 8 s of one coin and side: `packed`, relative to bin `bin`.

    Per exchange: its `newest` bin, how many orders that one `held`, and the orders that are `fresh` since the
    expectation was last taken, at bin `since`.
    """

    __slots__ = ("bin", "fresh", "held", "newest", "packed", "since")

    def __init__(self, exchanges: int) -> None:
        self.bin = 0
        self.packed = 0
        self.newest = [-_REGION] * exchanges
        self.held = [0] * exchanges
        self.fresh = [0] * exchanges
        self.since = 0

    def dump(self) -> list[Any]:
        """Return the state as plain values; the packed number is longer than 64 bits."""
        return [self.bin, self.fresh, self.held, self.newest, _to_bytes(self.packed), self.since]

    @classmethod
    def load(cls, values: Sequence[Any]) -> Self:
        """Return the object that `dump` was called on."""
        result = super().load(values)
        result.packed = int.from_bytes(values[4], "little")
        return result

    def room(self, place: int, now: int, age: int) -> bool:
        """Tell whether the bin of an order, `age` bins after the newest of its coin, can count one more."""
        if now > self.newest[place]:
            self.newest[place] = now
            self.held[place] = 1
            return True
        if now < self.newest[place]:
            return (self.packed >> (_BITS * (_REGION * place + _ZERO - age))) & _LANE < _MOST
        self.held[place] += 1
        return self.held[place] <= _MOST

    def widen(self, exchanges: int) -> None:
        """Make room for exchanges that are new."""
        self.newest += [-_REGION] * (exchanges - len(self.newest))
        self.held += [0] * (exchanges - len(self.held))
        self.fresh += [0] * (exchanges - len(self.fresh))


class Crossings(State):
    """All pairs of exchanges on one side. Lists of pairs hold at a * size + b what was seen when an order of a arrived.

    Since the last minute: `arrivals` (packed differences t_a - t_b, per exchange a), `found` (orders of a with one of b
    within 2 s), `orders`. Faded: `lanes` as of each pair's minute `touched`, and as of minute `faded` `seen` and
    `totals` of these and, by chance, `expected` (pairs per bin) and `chance` (of `found`). `minutes` is the present
    one: most pairs are quiet most minutes.
    """

    __slots__ = (
        "arrivals",
        "chance",
        "expected",
        "faded",
        "found",
        "lanes",
        "mask",
        "minutes",
        "orders",
        "seen",
        "size",
        "totals",
        "touched",
    )

    def __init__(self, exchanges: int) -> None:
        self.size = exchanges
        self.mask = _mask(exchanges)
        self.minutes = self.faded = 0
        self.arrivals = [0] * exchanges
        self.found = [0] * exchanges**2
        self.orders = [0] * exchanges
        self.lanes: list[list[float]] = [[] for _ in range(exchanges**2)]
        self.touched = [0] * exchanges**2
        self.expected = [0.0] * exchanges**2
        self.chance = [0.0] * exchanges**2
        self.seen = [0.0] * exchanges**2
        self.totals = [0.0] * exchanges

    def dump(self) -> list[Any]:
        """Return the state as plain values; the packed numbers are longer than 64 bits."""
        packed = {"arrivals": [_to_bytes(packed) for packed in self.arrivals], "mask": None}
        return [packed[name] if name in packed else getattr(self, name) for name in self.__slots__]

    @classmethod
    def load(cls, values: Sequence[Any]) -> Self:
        """Return the object that `dump` was called on."""
        result = super().load(values)
        packed: list[Any] = result.arrivals
        result.arrivals = [int.from_bytes(each, "little") for each in packed]
        result.mask = _mask(result.size)
        return result

    def order(self, trace: Trace, place: int, places: list[int], time_ms: int) -> None:
        """Take an order of a coin that is known on `places`; it may come before the newest one of its coin."""
        now = time_ms // BIN_MS
        age = now - trace.bin
        packed = trace.packed
        if age > 0:
            packed = (packed << (_BITS * age)) & self.mask if age <= WIDTH else 0
            trace.bin = now
            age = 0
        elif age < -WIDTH:
            return
        orders = self.orders[place]
        if orders and not orders % _MOST:
            self._collect(place)
        if packed:
            self.arrivals[place] += packed >> (_BITS * -age) if age else packed
            row, newest = place * self.size, trace.newest
            for other in places:
                if -NEAR <= now - newest[other] <= NEAR:
                    self.found[row + other] += 1
        trace.packed = packed
        if trace.room(place, now, age):
            trace.packed = packed + (1 << (_BITS * (_REGION * place + _ZERO - age)))
        self.orders[place] = orders + 1
        trace.fresh[place] += 1

    def expect(self, trace: Trace, places: list[int], baseline: Baseline, exchanges: Exchanges) -> None:
        """Add what chance alone explains of the orders since the last time; every `EXPECT_BINS`."""
        trace.since = trace.bin
        rates = [(b, baseline.orders[b] * exchanges.scales[b]) for b in places]
        by_chance = [(b, rate * _BIN_S, 1.0 - math.exp(-NEAR * _BIN_S * rate)) for b, rate in rates]
        self._fade()
        for a in places:
            fresh = trace.fresh[a]
            if fresh:
                trace.fresh[a] = 0
                row = a * self.size
                for b, pairs, chance in by_chance:
                    self.expected[row + b] += fresh * pairs
                    self.chance[row + b] += fresh * chance

    def minute(self) -> None:
        """Let what was counted fade by a minute, and add what came in it."""
        self.minutes += 1
        if any(self.orders):
            self._fade()
            for a in range(self.size):
                self._collect(a)
            self.seen = [value + new for value, new in zip(self.seen, self.found, strict=True)]
            self.totals = [value + new for value, new in zip(self.totals, self.orders, strict=True)]
            self.found = [0] * self.size**2
            self.orders = [0] * self.size

    def histogram(self, a: int, b: int) -> list[float]:
        """Return the pairs by t_b - t_a, from -8 s to 8 s; positive is a first."""
        forward, backward = self._lanes(b * self.size + a), self._lanes(a * self.size + b)
        return [later + earlier for later, earlier in zip(forward, reversed(backward), strict=True)]

    def by_chance(self, a: int, b: int) -> float:
        """Return the pairs that chance alone explains, per bin of the histogram."""
        expected = self.expected[a * self.size + b] + self.expected[b * self.size + a]
        return 0.5 * expected * _KEPT ** (self.minutes - self.faded)

    def synchrony(self, a: int, b: int) -> float:
        """Return the share of orders of either that come within 2 s after one of the other, beyond chance."""
        there, back = a * self.size + b, b * self.size + a
        together = self.seen[there] + self.seen[back] - self.chance[there] - self.chance[back]
        orders = self.totals[a] + self.totals[b]
        return together / orders if orders else 0.0

    def widen(self, exchanges: int) -> None:
        """Make room for exchanges that are new; the pairs keep what they know."""
        wider = Crossings(exchanges)
        wider.minutes, wider.faded = self.minutes, self.faded
        wider.orders[: self.size], wider.totals[: self.size] = self.orders, self.totals
        wider.arrivals[: self.size] = self.arrivals
        for a in range(self.size):
            for b in range(self.size):
                at, to = a * self.size + b, a * exchanges + b
                wider.lanes[to], wider.touched[to], wider.found[to] = self.lanes[at], self.touched[at], self.found[at]
                wider.expected[to], wider.chance[to], wider.seen[to] = (
                    self.expected[at],
                    self.chance[at],
                    self.seen[at],
                )
        for name in self.__slots__:
            setattr(self, name, getattr(wider, name))

    def _collect(self, a: int) -> None:
        """Move the differences of an exchange into its histograms; those to itself are left out."""
        packed, self.arrivals[a] = self.arrivals[a], 0
        if not packed:
            return
        counts = _unpack(packed, self.size)
        for b in range(self.size):
            new = counts[_REGION * b + 1 : _REGION * (b + 1)]
            if a != b and any(new):
                at = a * self.size + b
                self.lanes[at] = [old + count for old, count in zip(self._lanes(at), new, strict=True)]
                self.touched[at] = self.minutes

    def _lanes(self, at: int) -> list[float]:
        """Return the histogram of a pair as of this minute."""
        lanes, minutes = self.lanes[at], self.minutes - self.touched[at]
        if not lanes:
            return [0.0] * LANES
        kept = _KEPT**minutes
        return [count * kept for count in lanes] if minutes else lanes

    def _fade(self) -> None:
        """Bring the sums up to this minute."""
        if self.faded < self.minutes:
            kept = _KEPT ** (self.minutes - self.faded)
            self.faded = self.minutes
            self.expected = [value * kept for value in self.expected]
            self.chance = [value * kept for value in self.chance]
            self.seen = [value * kept for value in self.seen]
            self.totals = [value * kept for value in self.totals]


def _mask(exchanges: int) -> int:
    """Return the lanes in which orders of the past lie, in every region."""
    return sum(_PAST << (_BITS * _REGION * place) for place in range(exchanges))


def _unpack(packed: int, exchanges: int) -> "array[int]":
    counts = array("H")
    counts.frombytes(packed.to_bytes(_BITS // 8 * _REGION * exchanges, "little"))
    return counts


def _to_bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "little")
