"""TimescaleDB, or plain PostgreSQL with the same names: the history, every event once.

A batch is one statement: events, feed changes, the cursor and the lease move together, and only while the lease is
ours. Events are told apart by (exchange, id, time), so what is sent again changes nothing, whoever sends it.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import asyncpg
import msgspec
import structlog

from exporter.journal import Telling
from exporter.model import Liquidation, Record
from exporter.stores import timescale_lease as lease
from exporter.stores.base import Cursor, Holder, Standing, StoreError, StoreUnavailableError, mark_of
from exporter.stores.migrations import Flavour, migrate
from exporter.stores.postgres import CONNECT_S, Connection, connect, explained
from exporter.stores.timescale_carry import carried, put
from exporter.stores.timescale_cascades import TELL, episode_arrays
from exporter.stores.timescale_chores import Chores
from exporter.stores.timescale_roles import ensure_reader
from exporter.stores.timescale_rows import WRITE, arrays, without_nul

log = structlog.get_logger()

BATCH_RECORDS = 1000
CLOSE_S = 1.0


class TimescaleOptions(msgspec.Struct, frozen=True):
    """Where the database is and what it should do. `retention` None keeps raw events for ever."""

    address: str
    retention: timedelta | None = None
    readonly_role: str = ""
    readonly_password: str = ""


class TimescaleStore:
    """The database of `options`, following the journal at the path `journal`."""

    name = "timescale"
    batch_records = BATCH_RECORDS

    def __init__(self, options: TimescaleOptions, journal: Path) -> None:
        self._options = options
        self._journal = journal
        self._connection: Connection | None = None
        self._flavour = Flavour.PLAIN
        self.told = 0
        self._token = 0
        self._uuid = ""
        self._cursor: Cursor | None = None
        self._chores: asyncio.Task[None] | None = None
        self._busy = True
        """Whether a backlog is being written, or was when last heard of."""
        self._well = False
        """Whether the last call succeeded; after a failure the lease is kept, so that this exporter goes on with it."""
        self._warned = False

    async def connect(self, holder: Holder) -> Cursor | None:
        """Connect, bring the schema up to date, take the lease; the cursor is that of the holder's journal."""
        self._uuid, self._well = holder.journal, False
        self._connection = await connect(self._options.address)
        with explained(self._options.address):
            async with asyncio.timeout(CONNECT_S) as limit:
                self._flavour = await migrate(self._connection, at_work=lambda: limit.reschedule(None))
                self._warn()
                self._token = await lease.take(self._connection, holder)
                if self._options.readonly_role:
                    await ensure_reader(self._connection, self._options.readonly_role, self._options.readonly_password)
                query = "SELECT seq, mark, told FROM exporter_cursors WHERE journal = $1"
                row = await self._connection.fetchrow(query, holder.journal)
        self.told = row["told"] if row else 0
        self._cursor = Cursor(holder.journal, row["seq"], row["mark"]) if row else None
        self._well = True
        return self._cursor

    async def resume(self, standing: Standing) -> int:
        """Return where to go on: at the cursor, or, as nothing counts twice, from the journal's beginning."""
        connection, self._well = self._connected(), False
        after = self._cursor.seq if self._cursor else 0
        if standing is Standing.NEW:
            await self._tell_of_others(connection)
            what = await asyncio.to_thread(carried, self._journal)
            if what:
                with explained(self._options.address):
                    fresh = await put(connection, self._token, self._uuid, what)
                log.info("totals of pruned events carried over", store=self.name, into_empty_database=fresh)
                after = what.seq
        elif standing is Standing.AHEAD:
            after = self.told = 0
        self._busy = True
        options = self._options
        chores = Chores(options.address, self._flavour, self._token, options.retention, lambda: not self._busy)
        self._chores = asyncio.create_task(chores.run(), name="timescale chores")
        self._well = True
        return after

    async def write(self, records: Sequence[Record]) -> None:
        """Take the next records in one statement."""
        connection, self._well = self._connected(), False
        earliest, latest, columns = arrays(records)
        last = records[-1]
        head = (self._token, lease.SECONDS, self._uuid, last.seq, mark_of(last), earliest, latest)
        with explained(self._options.address):
            try:
                row = await connection.fetchrow(WRITE, *head, *columns)
            except asyncpg.CharacterNotInRepertoireError:
                row = await connection.fetchrow(WRITE, *head, *without_nul(columns))
        if row is None:
            raise lease.lost()
        self._well = True
        self._busy = len(records) == BATCH_RECORDS
        if row["dropped_before_ms"] is not None and earliest is not None and earliest < row["dropped_before_ms"]:
            self._refused(records, row["dropped_before_ms"])

    async def tell(self, tellings: Sequence[Telling]) -> None:
        """Write what is known of episodes by now; changes of level are not kept here."""
        connection, self._well = self._connected(), False
        last = tellings[-1].number
        with explained(self._options.address):
            row = await connection.fetchrow(
                TELL, self._token, lease.SECONDS, self._uuid, last, *episode_arrays(tellings)
            )
        if row is None:
            raise lease.lost()
        self._well, self.told = True, last

    async def renew(self) -> None:
        """Renew the lease."""
        connection, self._well = self._connected(), False
        with explained(self._options.address):
            await lease.renew(connection, self._token)
        self._well, self._busy = True, False

    async def close(self) -> None:
        """Stop the upkeep and disconnect; the lease is given back unless something just failed."""
        chores, self._chores = self._chores, None
        if chores:
            chores.cancel()
            await asyncio.wait([chores])
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with suppress(StoreError), explained(self._options.address):
            async with asyncio.timeout(CLOSE_S):
                if self._well:
                    await lease.release(connection, self._token)
                await connection.close()
        connection.terminate()
        self._well = False

    def _connected(self) -> Connection:
        if self._connection is None:
            raise StoreUnavailableError("timescale: not connected")
        return self._connection

    def _warn(self) -> None:
        if self._flavour is Flavour.PLAIN and not self._warned:
            log.warning(
                "this PostgreSQL has no TimescaleDB: the history works and gets slow with size",
                store=self.name,
                hint="use an image or a service with TimescaleDB for more than a few million events",
            )
        self._warned = True

    async def _tell_of_others(self, connection: Connection) -> None:
        """Say that this database holds more than this exporter has counted."""
        with explained(self._options.address):
            others = await connection.fetchval("SELECT count(*) FROM exporter_cursors")
        if others:
            log.warning(
                "the database holds the history of another journal too; the counters here do not contain it",
                store=self.name,
                hint="to go on from it: stop, move the journal away, start again; what this journal has is sent before",
            )

    def _refused(self, records: Sequence[Record], dropped_before_ms: int) -> None:
        old = sum(
            isinstance(record.entry, Liquidation) and record.entry.time_ms < dropped_before_ms for record in records
        )
        log.warning("events older than the retention were not stored", store=self.name, events=old)
