"""The ledger's cells out of rows of sums, as they would be had the ledger counted the events itself."""

from collections.abc import Iterable

import msgspec

from exporter.cells import ALL, OTHER, SIZE_BUCKETS, Bucket, CellKey, CellState
from exporter.model import Side

TotalRow = tuple[str, str, Side, int, float, float, float, int, int]
"""Exchange, base, side; events, base quantity, USD, largest, first and last time in Unix milliseconds."""
SizeRow = tuple[str, Side, int, int]
"""Exchange, side, number of the size bucket, events."""
MinuteRow = tuple[str, str, Side, int, int, float, float, float]
"""Exchange, base, side, minute since the epoch; events, base quantity, USD, largest."""


class Series(msgspec.Struct, frozen=True):
    """Which coins always have series of their own, and how many coins may have."""

    bases: tuple[str, ...]
    base_cap: int


class _Cell:
    """A cell while its rows come in."""

    def __init__(self) -> None:
        self.events = 0
        self.base_quantity = 0.0
        self.usd = 0.0
        self.largest_usd = 0.0
        self.first_ms = 0
        self.last_ms = 0
        self.minutes: dict[int, Bucket] = {}

    def add(self, row: TotalRow) -> None:
        """Take another row of totals."""
        events, quantity, usd, largest, first_ms, last_ms = row[3:]
        self.first_ms = min(self.first_ms, first_ms) if self.events else first_ms
        self.last_ms = max(self.last_ms, last_ms)
        self.events += events
        self.base_quantity += quantity
        self.usd += usd
        self.largest_usd = max(self.largest_usd, largest)

    def add_minute(self, row: MinuteRow) -> None:
        """Take another row of a minute."""
        minute, events, quantity, usd, largest = row[3:]
        bucket = self.minutes.setdefault(minute, Bucket())
        bucket.events += events
        bucket.base_quantity += quantity
        bucket.usd += usd
        bucket.largest_usd = max(bucket.largest_usd, largest)


def cells(
    totals: list[TotalRow], sizes: Iterable[SizeRow], minutes: Iterable[MinuteRow], series: Series
) -> list[CellState]:
    """Build every cell: of each coin, of each exchange, and of the coins beyond the cap together.

    Which coins are beyond it follows from when each was first seen.
    """
    own = _own_series(totals, series)
    found: dict[CellKey, _Cell] = {}
    for row in totals:
        for key in _keys(row[0], row[1], row[2], own):
            found.setdefault(key, _Cell()).add(row)
    for minute_row in minutes:
        for key in _keys(minute_row[0], minute_row[1], minute_row[2], own):
            found.setdefault(key, _Cell()).add_minute(minute_row)
    counts: dict[tuple[str, Side], list[int]] = {}
    for exchange, side, number, events in sizes:
        counts.setdefault((exchange, side), [0] * (len(SIZE_BUCKETS) + 1))[number] += events
    return [_state(key, cell, key[1] in own, counts) for key, cell in found.items()]


def _own_series(totals: Iterable[TotalRow], series: Series) -> set[str]:
    first_seen: dict[str, int] = {}
    for row in totals:
        first_seen[row[1]] = min(row[7], first_seen.get(row[1], row[7]))
    others = sorted(first_seen.keys() - set(series.bases), key=lambda base: (first_seen[base], base))
    return {*series.bases, *others[: max(0, series.base_cap - len(series.bases))], OTHER}


def _keys(exchange: str, base: str, side: Side, own: set[str]) -> list[CellKey]:
    keys: list[CellKey] = [(exchange, base, side), (exchange, ALL, side)]
    return keys if base in own else [*keys, (exchange, OTHER, side)]


def _state(key: CellKey, cell: _Cell, own: bool, counts: dict[tuple[str, Side], list[int]]) -> CellState:
    exchange, base, side = key
    sizes = counts.get((exchange, side), [0] * (len(SIZE_BUCKETS) + 1)) if base == ALL else ()
    return CellState(
        key,
        own,
        cell.events,
        cell.base_quantity,
        cell.usd,
        cell.largest_usd,
        cell.first_ms,
        cell.last_ms,
        tuple(sizes),
        cell.minutes,
    )
