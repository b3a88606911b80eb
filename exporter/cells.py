"""One cell of the ledger: what one exchange liquidated of one coin on one side, in all and minute by minute."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

import msgspec

from exporter.histogram import Histogram
from exporter.model import Side
from exporter.stats import WINDOWS, Tally

ALL = "*"
"""In place of a base: all coins of the exchange together."""
OTHER = "other"
"""In place of a base: the coins beyond the cap of series."""

SIZE_BUCKETS = (100.0, 500.0, 1e3, 2.5e3, 5e3, 1e4, 2.5e4, 5e4, 1e5, 2.5e5, 5e5, 1e6, 2.5e6, 1e7)
"""Upper bounds of the order size histogram, in USD."""

CellKey = tuple[str, str, Side]


class Bucket(msgspec.Struct, gc=False):
    """The events of one minute."""

    events: int = 0
    base_quantity: float = 0.0
    usd: float = 0.0
    largest_usd: float = 0.0


class CellState(msgspec.Struct, frozen=True):
    """A cell as the journal keeps it: absolute values, and the minutes that changed since the last checkpoint."""

    key: CellKey
    own_series: bool
    events: int
    base_quantity: float
    usd: float
    largest_usd: float
    first_ms: int
    last_ms: int
    sizes: tuple[int, ...]
    minutes: dict[int, Bucket]


class Cell:
    """Running totals of one (exchange, base, side), and its minute buckets of the last 24 hours."""

    __slots__ = (
        "_bucket",
        "_changed",
        "_closed",
        "_minute",
        "_minutes",
        "_shown",
        "base_quantity",
        "dirty",
        "events",
        "first_ms",
        "key",
        "largest_usd",
        "last_ms",
        "own_series",
        "sizes",
        "usd",
    )

    def __init__(self, key: CellKey, *, own_series: bool) -> None:
        self.key = key
        self.own_series = own_series
        self.events = 0
        self.base_quantity = 0.0
        self.usd = 0.0
        self.largest_usd = 0.0
        self.first_ms = 0
        self.last_ms = 0
        self.sizes = Histogram(SIZE_BUCKETS) if key[1] == ALL else None
        self.dirty = False
        self._minutes: dict[int, Bucket] = {}
        self._changed: set[int] = set()
        self._minute = -1
        self._bucket = Bucket()
        """The minute of the last event and its bucket, which most often is the next one's; -1: none."""
        self._closed: tuple[tuple[int, int], dict[str, Tally]] = ((-1, -1), {})
        self._shown: tuple[tuple[int, int], list[Tally]] = ((-1, -1), [])
        """The windows as of a minute and a number of events, without and with the running minute."""

    def add(self, time_ms: int, minute: int, base_quantity: float, usd: float) -> None:
        """Count one event."""
        if time_ms > self.last_ms:
            self.last_ms = time_ms
            if not self.events:
                self.first_ms = time_ms
        elif time_ms < self.first_ms:
            self.first_ms = time_ms
        self.base_quantity += base_quantity
        self.usd += usd
        if usd > self.largest_usd:
            self.largest_usd = usd
        sizes = self.sizes
        if sizes is not None:  # a call of its `observe` would cost a third of this function
            sizes.counts[bisect_left(SIZE_BUCKETS, usd)] += 1
            sizes.total += usd
        bucket = self._bucket if minute == self._minute else self._turn_to(minute)
        bucket.events += 1
        bucket.base_quantity += base_quantity
        bucket.usd += usd
        if usd > bucket.largest_usd:
            bucket.largest_usd = usd
        self.events += 1  # last: a renderer's thread that sums meanwhile keeps its sums under the number before

    def tally(self) -> Tally:
        """Return the totals of all time."""
        return Tally(self.events, self.usd, self.base_quantity, self.largest_usd)

    def window(self, name: str, minute: int) -> Tally:
        """Return the sums of the window that ends with `minute`, the running one: so many whole minutes, no more.

        The minutes before the running one are summed when it begins, or when a late event changes one of them.
        """
        running = self._minutes.get(minute)
        tally = msgspec.structs.replace(self._closed_windows(minute, running)[name])
        if running:
            tally.add(Tally(running.events, running.usd, running.base_quantity, running.largest_usd))
        return tally

    def windows(self, minute: int) -> list[Tally]:
        """Return the sums of every window, in order; they are not to be changed."""
        version = (minute, self.events)
        shown, tallies = self._shown
        if shown != version:
            running = self._minutes.get(minute)
            closed = self._closed_windows(minute, running).values()
            tallies = [_with(each, running) for each in closed] if running else list(closed)
            self._shown = (version, tallies)
        return tallies

    def usd_since(self, oldest: int) -> float:
        """Return the USD from the minute `oldest` on."""
        return sum([bucket.usd for minute, bucket in self._minutes.copy().items() if minute >= oldest])

    def minutes(self, oldest: int, newest: int) -> Iterator[tuple[int, Tally]]:
        """Iterate over the minutes from `oldest` to `newest` that have events, in no particular order."""
        for minute, bucket in self._minutes.copy().items():
            if oldest <= minute <= newest:
                yield minute, Tally(bucket.events, bucket.usd, bucket.base_quantity, bucket.largest_usd)

    def forget_minutes(self, oldest: int) -> None:
        """Drop the buckets up to the minute `oldest`."""
        for minute in [each for each in list(self._minutes) if each <= oldest]:
            del self._minutes[minute]
        self._minute = -1

    def take_state(self) -> CellState:
        """Return the state for a checkpoint and count as unchanged from here on."""
        changed, self._changed = self._changed, set()
        self._minute = -1
        self.dirty = False
        minutes = {
            minute: msgspec.structs.replace(self._minutes[minute]) for minute in changed if minute in self._minutes
        }
        sizes = () if self.sizes is None else tuple(self.sizes.counts)
        return CellState(
            self.key,
            self.own_series,
            self.events,
            self.base_quantity,
            self.usd,
            self.largest_usd,
            self.first_ms,
            self.last_ms,
            sizes,
            minutes,
        )

    def restore(self, state: CellState) -> None:
        """Take over a checkpointed state."""
        self.own_series = state.own_series
        self.events = state.events
        self.base_quantity = state.base_quantity
        self.usd = state.usd
        self.largest_usd = state.largest_usd
        self.first_ms = state.first_ms
        self.last_ms = state.last_ms
        self._minutes = dict(state.minutes)
        self._minute = -1
        if self.sizes is not None:
            self.sizes.counts = list(state.sizes)
            self.sizes.total = state.usd

    def _turn_to(self, minute: int) -> Bucket:
        """Return the bucket of a minute, which changes from here on."""
        bucket = self._minutes.get(minute)
        if bucket is None:
            bucket = self._minutes[minute] = Bucket()
        self._changed.add(minute)
        self._minute, self._bucket = minute, bucket
        return bucket

    def _closed_windows(self, minute: int, running: Bucket | None) -> dict[str, Tally]:
        """Return the sums of every window without its running minute, which has the bucket `running`, if any."""
        version = (minute, self.events - (running.events if running else 0))
        closed, windows = self._closed
        if closed != version:
            windows = self._sum_windows(minute)
            self._closed = (version, windows)
        return windows

    def _sum_windows(self, now_minute: int) -> dict[str, Tally]:
        """Sum every window without its running minute."""
        buckets = self._minutes.copy()
        minutes = sorted(buckets)
        closed = [buckets[minute] for minute in minutes[: bisect_left(minutes, now_minute)]]
        events = [bucket.events for bucket in closed]
        usd = [bucket.usd for bucket in closed]
        quantity = [bucket.base_quantity for bucket in closed]
        largest = [bucket.largest_usd for bucket in closed]
        result: dict[str, Tally] = {}
        for name, length in WINDOWS.items():
            first = bisect_right(minutes, now_minute - length)
            result[name] = Tally(
                sum(events[first:]),
                sum(usd[first:], 0.0),
                sum(quantity[first:], 0.0),
                max(largest[first:], default=0.0),
            )
        return result


def _with(closed: Tally, running: Bucket) -> Tally:
    """Return a window's sums with its running minute."""
    largest = closed.largest_usd
    return Tally(
        closed.events + running.events,
        closed.usd + running.usd,
        (closed.base_quantity or 0.0) + running.base_quantity,
        max(largest, running.largest_usd),
    )
