"""What the journal has counted but no longer holds: put into an empty database, so that its totals are the journal's.

A journal keeps its events for a limited time and its totals for ever; one that was restored never had the older ones.
When a database is new to it and empty, the difference between the two goes into the `carried_*` tables.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from exporter.cells import ALL, OTHER, SIZE_BUCKETS, CellKey, CellState
from exporter.histogram import Histogram
from exporter.journal import Database, JournalError
from exporter.levels import PAGE_BUCKETS, Levels, PageState
from exporter.model import FeedChange, Liquidation, Side
from exporter.stores import timescale_lease as lease
from exporter.stores.base import StoreUnavailableError
from exporter.stores.postgres import Connection

NO_MINUTES = 1 << 60
"""The ledger's minute buckets are not wanted."""
ROUNDING = 1e-9
"""What is left of a price bucket when all of it is taken away, at most, as a share of it."""

_EMPTY = "SELECT NOT EXISTS (SELECT FROM liquidations) AND NOT EXISTS (SELECT FROM carried_totals)"
_INSERT_CHANGE = """
INSERT INTO feed_changes (journal, seq, time, exchange, feed, up, reason) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING
"""
_INSERT_CURSOR = """
INSERT INTO exporter_cursors (journal, seq, mark, moved) VALUES ($1, $2, '', clock_timestamp())
"""

Row = tuple[object, ...]


class Carried(msgspec.Struct, frozen=True):
    """The rows of the three tables, and the feed changes up to `seq`; up to there the journal has no events."""

    seq: int
    totals: list[Row]
    sizes: list[Row]
    levels: list[Row]
    changes: list[Row]


def carried(path: Path) -> Carried | None:
    """Work out what the journal no longer holds; None when it holds everything. Reads a file: runs in a thread.

    Nothing may be pruned meanwhile.
    """
    try:
        database = Database(path, readonly=True)
        try:
            return _carried(database)
        finally:
            database.close()
    except (sqlite3.Error, JournalError) as error:
        raise StoreUnavailableError(f"timescale: the journal cannot be read: {error}") from None


async def put(connection: Connection, token: int, journal: str, what: Carried) -> bool:
    """Write it, the cursor with it; tells whether totals went in too: they only go into an empty database."""
    async with connection.transaction():
        await lease.hold(connection, token)
        empty = bool(await connection.fetchval(_EMPTY))
        if empty:
            for table, rows in (("totals", what.totals), ("sizes", what.sizes), ("levels", what.levels)):
                await connection.copy_records_to_table(f"carried_{table}", records=rows)
        changes = [(journal, *row) for row in what.changes]
        await connection.executemany(_INSERT_CHANGE, changes)
        await connection.execute(_INSERT_CURSOR, journal, what.seq)
    return empty


def _carried(database: Database) -> Carried | None:
    seq = database.pruned_seq()
    checkpoint = database.checkpoint(NO_MINUTES)
    coins = [cell for cell in checkpoint.cells if cell.key[1] not in (ALL, OTHER)]
    if sum(cell.events for cell in coins) == database.held_events(checkpoint.seq):
        return None
    held = _Held(database, seq, checkpoint.seq)
    return Carried(
        seq,
        [row for cell in coins for row in held.totals_beside(cell)],
        [row for cell in checkpoint.cells if cell.key[1] == ALL for row in held.sizes_beside(cell)],
        [row for page in checkpoint.levels for row in held.levels_beside(page)],
        list(_changes(database, seq)),
    )


class _Held:
    """Sums of the events that the journal still has among those that its checkpoint contains."""

    def __init__(self, database: Database, after_seq: int, last_seq: int) -> None:
        self._sums: defaultdict[CellKey, tuple[int, float, float]] = defaultdict(lambda: (0, 0.0, 0.0))
        self._sizes: defaultdict[tuple[str, Side], Histogram] = defaultdict(lambda: Histogram(SIZE_BUCKETS))
        self._levels = Levels()
        for record in database.records(after_seq):
            if record.seq > last_seq:
                break
            if isinstance(record.entry, Liquidation):
                self._add(record.entry)

    def totals_beside(self, cell: CellState) -> Iterator[Row]:
        """Return what a cell counted beside the held events, as a row if it is anything."""
        events, quantity, usd = self._sums[cell.key]
        if cell.events > events:
            sums = (cell.events - events, cell.base_quantity - quantity, cell.usd - usd, cell.largest_usd)
            yield (*cell.key, *sums, _instant(cell.first_ms), _instant(cell.last_ms))

    def sizes_beside(self, cell: CellState) -> Iterator[Row]:
        """Return the same for each bucket of a cell's sizes."""
        exchange, _, side = cell.key
        held = self._sizes[exchange, side].counts
        for number, (whole, part) in enumerate(zip(cell.sizes, held, strict=True)):
            if whole > part:
                yield exchange, side, number, whole - part

    def levels_beside(self, page: PageState) -> Iterator[Row]:
        """Return the same for each price bucket of a page."""
        for place in range(PAGE_BUCKETS):
            index = page.number * PAGE_BUCKETS + place
            quantity, usd = self._levels.at(page.base, page.side, index)
            whole_quantity, whole_usd = page.sums[2 * place], page.sums[2 * place + 1]
            if whole_usd - usd > ROUNDING * whole_usd:
                yield page.base, page.side, index, whole_quantity - quantity, whole_usd - usd

    def _add(self, event: Liquidation) -> None:
        key = (event.exchange, event.base, event.side)
        events, quantity, usd = self._sums[key]
        self._sums[key] = (events + 1, quantity + event.base_quantity, usd + event.notional_usd)
        self._sizes[event.exchange, event.side].observe(event.notional_usd)
        self._levels.apply(event)


def _changes(database: Database, last_seq: int) -> Iterator[Row]:
    """Return the feed changes among the pruned events; the follower begins after them."""
    for record in database.records():
        if record.seq > last_seq:
            return
        if isinstance(record.entry, FeedChange):
            time_ms, *rest = msgspec.structs.astuple(record.entry)
            yield record.seq, _instant(time_ms), *rest


def _instant(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC)
