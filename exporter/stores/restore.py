"""A new machine: an empty journal gets totals, price levels and recent events from the database.

Everything is read in one snapshot. The journal is written beside its place and moved there when it is whole, so that
an attempt that fails leaves nothing behind.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import structlog

from exporter.cells import ALL, CellState
from exporter.journal import Batch, Checkpoint, Database
from exporter.levels import Levels
from exporter.model import FeedChange, Liquidation, Record
from exporter.stores.base import LEASE_S, Cursor, StoreUnavailableError, mark_of
from exporter.stores.migrations import migrate
from exporter.stores.postgres import Connection, connect, explained
from exporter.stores.restored_cells import Series, cells
from exporter.stores.timescale_chores import refresh_late

log = structlog.get_logger()

PAGE = 5000
PROGRESS_S = 2.0
SETTLE_ATTEMPTS = 5

_MS = "(extract(epoch FROM {}) * 1000)::bigint"
_COLUMNS = ", ".join(
    _MS.format(name) if name in ("time", "received") else name
    for name in (field.removesuffix("_ms") for field in Liquidation.__struct_fields__)
)
_EVENTS = f"SELECT {_COLUMNS} FROM liquidations WHERE time >= $1 ORDER BY time, exchange, id"  # noqa: S608 - our columns
_TOTALS = f"""
SELECT exchange, base, side, events, base_quantity, notional_usd, largest_usd,
    {_MS.format("first_time")}, {_MS.format("last_time")}
FROM liquidation_totals
"""  # noqa: S608 - our columns
_MINUTES = """
SELECT exchange, base, side, minute, count(*), sum(base_quantity), sum(notional_usd), max(notional_usd)
FROM (
    SELECT *, floor(extract(epoch FROM
        CASE WHEN time <= received + interval '60 seconds' THEN time ELSE received END) / 60)::bigint AS minute
    FROM liquidations WHERE time >= now() - interval '24 hours 1 minute'
) AS recent
GROUP BY exchange, base, side, minute
"""
"""The ledger's minutes; an event that is dated later than it could be counts in the minute of its arrival."""
_CHANGES = f"""
SELECT {_MS.format("time")}, exchange, feed, up, reason FROM feed_changes
WHERE journal = (SELECT journal FROM exporter_cursors ORDER BY moved DESC LIMIT 1) ORDER BY seq
"""  # noqa: S608 - our columns
_ALIVE = f"""
SELECT greatest({_MS.format("max(moved)")}, (SELECT {_MS.format("expires")} - $1::bigint FROM exporter_state))
FROM exporter_cursors
"""  # noqa: S608 - our columns
_NOTE = """
INSERT INTO exporter_cursors (journal, seq, mark, moved) VALUES ($1, $2, $3, clock_timestamp())
ON CONFLICT DO NOTHING
"""


class Restored(msgspec.Struct, frozen=True):
    """What a journal was given."""

    events: int
    """Events counted in all."""
    recent: int
    """Of these, the recent ones, which are in the journal themselves."""


class Snapshot(msgspec.Struct):
    """What the database says, all of it at one moment."""

    cells: list[CellState]
    levels: Levels
    changes: list[FeedChange]
    alive_ms: int
    recent: int


async def restore(
    address: str, journal: Path, horizon_ms: int, series: Series, progress: Callable[[], None]
) -> Restored | None:
    """Make the journal at a path that has none, from the database at `address`; None when that has no history.

    Events from `horizon_ms` on are copied, so that none of them counts again. `progress` is called whenever the
    database has answered. Raises `StoreError`.
    """
    connection = await connect(address, statement_ms=0)
    try:
        with explained(address):
            await _settle(connection)
            progress()
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                snapshot = await _read(connection, horizon_ms, series)
                if snapshot is None:
                    return None
                progress()
                draft = journal.with_name(f"{journal.name}.restoring")
                cursor = await _write(connection, draft, snapshot, horizon_ms, progress)
            await connection.execute(_NOTE, cursor.uuid, cursor.seq, cursor.mark)
    finally:
        connection.terminate()
    draft.replace(journal)
    return Restored(sum(cell.events for cell in snapshot.cells if cell.key[1] == ALL), snapshot.recent)


async def _settle(connection: Connection) -> None:
    """Bring schema and aggregates up to date; another exporter may be writing meanwhile."""
    flavour = await migrate(connection)
    for _ in range(SETTLE_ATTEMPTS):
        await refresh_late(connection, flavour)
        if await connection.fetchval("SELECT dirty_from IS NULL FROM exporter_state"):
            return
    raise StoreUnavailableError("timescale: events arrive late faster than they can be added up")


async def _read(connection: Connection, horizon_ms: int, series: Series) -> Snapshot | None:
    """Read all but the events; None when nothing was ever written."""
    totals = [_row(each) for each in await connection.fetch(_TOTALS)]
    if not totals:
        return None
    sizes = [_row(each) for each in await connection.fetch("SELECT * FROM liquidation_sizes")]
    minutes = [_row(each) for each in await connection.fetch(_MINUTES)]
    levels = Levels()
    for base, side, level, quantity, usd in await connection.fetch("SELECT * FROM liquidation_levels"):
        levels.put(base, side, level, quantity, usd)
    changes = [FeedChange(*row) for row in await connection.fetch(_CHANGES)]
    alive_ms = await connection.fetchval(_ALIVE, int(LEASE_S * 1000))
    recent = await connection.fetchval("SELECT count(*) FROM liquidations WHERE time >= $1", _instant(horizon_ms))
    return Snapshot(cells(totals, sizes, minutes, series), levels, changes, alive_ms or 0, recent)


async def _write(
    connection: Connection, draft: Path, snapshot: Snapshot, horizon_ms: int, progress: Callable[[], None]
) -> Cursor:
    """Write the journal; returns where it ends."""
    for leftover in draft.parent.glob(f"{draft.name}*"):
        leftover.unlink()
    database = Database(draft)
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, thread_name_prefix="restore") as thread:
        try:
            last: Record | None = None
            done, told = 0, 0.0
            async for entries in _pages(connection, snapshot.changes, horizon_ms):
                if time.monotonic() - told >= PROGRESS_S:
                    told = time.monotonic()
                    log.info("restoring the journal from the history", events=done, of=snapshot.recent)
                batch = Batch(entries, alive_ms=snapshot.alive_ms)
                last = (await loop.run_in_executor(thread, database.write, batch)).records[-1]
                done += len(entries)
                progress()
            state = Checkpoint(database.last_seq, snapshot.cells, snapshot.levels.take_changes())
            batch = Batch(checkpoint=state, alive_ms=snapshot.alive_ms)
            await loop.run_in_executor(thread, database.write, batch)
            return Cursor(database.uuid, database.last_seq, mark_of(last) if last else "")
        finally:
            thread.submit(database.close)


async def _pages(
    connection: Connection, changes: Sequence[FeedChange], horizon_ms: int
) -> AsyncIterator[list[Liquidation | FeedChange]]:
    """Iterate over events and feed changes by their time, in pages."""
    page: list[Liquidation | FeedChange] = []
    waiting = deque(changes)
    async for row in connection.cursor(_EVENTS, _instant(horizon_ms), prefetch=PAGE):
        event = Liquidation(*row)
        while waiting and waiting[0].time_ms <= event.time_ms:
            page.append(waiting.popleft())
        page.append(event)
        if len(page) >= PAGE:
            yield page
            page = []
    page += waiting
    if page:
        yield page


def _row(record: asyncpg.Record) -> Any:  # noqa: ANN401 - the queries say what is in it
    return tuple(record)


def _instant(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC)
