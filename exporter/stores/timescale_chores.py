"""What has to be done in the database beside writing: late events brought into the aggregates, old events dropped.

The continuous aggregates refresh themselves, by their policies, over the last days. An event that arrives behind that
is in no aggregate until its span is refreshed; `exporter_state.dirty_*` remembers such spans, whoever dies meanwhile.

Raw events are dropped day by day, and only here, because a refresh over dropped events would take them out of the
aggregates: the days that go are refreshed before and never again, their order sizes and price levels are added to the
`carried_*` tables, and events that come for them later are refused.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import asyncpg
import structlog

from exporter.stores import timescale_lease as lease
from exporter.stores.base import LeaseLostError, StoreError
from exporter.stores.migrations import Flavour
from exporter.stores.postgres import Connection, connect, explained

log = structlog.get_logger()

EVERY_S = 5.0
DROP_EVERY_S = 600.0
CONFLICT_S = 0.5
CONFLICTS = 12
"""After so many rounds in which something was in the way it is a failure that somebody has to know of."""
CLOSE_S = 1.0
DAY = timedelta(days=1)

AGGREGATES = (
    ("liquidations_1m", timedelta(minutes=1), timedelta(minutes=5)),
    ("liquidations_1h", timedelta(hours=1), timedelta(hours=1)),
    ("liquidations_1d", DAY, DAY),
)
"""Each with the width of its buckets and how far its policy stays behind the present."""

_PAST_MINUTES = """
INSERT INTO liquidations_1m_past
SELECT
    date_trunc('minute', time, 'UTC'), exchange, base, side,
    count(*), sum(base_quantity), sum(notional_usd), max(notional_usd), min(time), max(time)
FROM liquidations WHERE time < $1 GROUP BY 1, exchange, base, side
"""
_CARRY_SIZES = """
INSERT INTO carried_sizes AS carried (exchange, side, size_bucket, events)
SELECT exchange, side, size_bucket(notional_usd), count(*)
FROM liquidations WHERE time < $1 GROUP BY exchange, side, 3
ON CONFLICT (exchange, side, size_bucket) DO UPDATE SET events = carried.events + excluded.events
"""
_CARRY_LEVELS = """
INSERT INTO carried_levels AS carried (base, side, level, base_quantity, notional_usd)
SELECT base, side, level, sum(base_quantity), sum(notional_usd)
FROM liquidations WHERE time < $1 GROUP BY base, side, level
ON CONFLICT (base, side, level) DO UPDATE SET
    base_quantity = carried.base_quantity + excluded.base_quantity,
    notional_usd = carried.notional_usd + excluded.notional_usd
"""


class Chores:
    """Does what is due, on a connection of its own, while `idle()` says that no backlog is being written."""

    def __init__(
        self, address: str, flavour: Flavour, token: int, retention: timedelta | None, idle: Callable[[], bool]
    ) -> None:
        self._address = address
        self._flavour = flavour
        self._token = token
        self._retention = retention
        self._idle = idle
        self._drop_due = 0.0
        self._conflicts = 0

    async def run(self) -> None:
        """Work until cancelled; an error is logged and what failed is done later."""
        reason = ""
        while True:
            try:
                with explained(self._address):
                    await self._work()
            except LeaseLostError:
                return
            except Exception as error:  # whatever fails here, events go on being written
                if str(error) != reason:
                    reason = str(error)
                    trace = None if isinstance(error, StoreError) else error
                    log.warning("the history's upkeep failed", store="timescale", reason=reason, exc_info=trace)
            await asyncio.sleep(EVERY_S)

    async def _work(self) -> None:
        connection: Connection | None = None
        try:
            while True:
                if self._idle():
                    connection = connection or await connect(self._address, statement_ms=0)
                    await self._patiently(connection)
                await asyncio.sleep(EVERY_S)
        finally:
            if connection:
                with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                    await connection.close(timeout=CLOSE_S)  # which stops what still runs, unlike terminate

    async def _patiently(self, connection: Connection) -> None:
        """Do what is due; while a reader or a job of TimescaleDB is in the way, the next round does it."""
        try:
            await self._once(connection)
            self._conflicts = 0
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            self._conflicts += 1
            if self._conflicts > CONFLICTS:
                raise

    async def _once(self, connection: Connection) -> None:
        await refresh_late(connection, self._flavour)
        now = asyncio.get_running_loop().time()
        if self._retention and now >= self._drop_due:
            days = await drop_old(connection, self._flavour, self._token, datetime.now(UTC) - self._retention)
            if days:
                log.info("old events dropped", store="timescale", days=days)
            self._drop_due = now + DROP_EVERY_S


async def refresh_late(connection: Connection, flavour: Flavour) -> None:
    """Bring events that arrived late into the continuous aggregates."""
    query = "SELECT dirty_from, dirty_until, dirty_batches, dropped_before, now() FROM exporter_state"
    row = await connection.fetchrow(query)
    assert row  # noqa: S101 - the migration made it
    since, until, batches, dropped_before, now = row
    if since is None:
        return
    if flavour is Flavour.TIMESCALE:
        await _refresh(connection, max(since, dropped_before or since), until, now)
    await connection.execute(
        "UPDATE exporter_state SET dirty_from = NULL, dirty_until = NULL WHERE dirty_batches = $1", batches
    )


async def drop_old(connection: Connection, flavour: Flavour, token: int, before: datetime) -> int:
    """Drop the days of raw events that ended before an instant; returns how many. Raises `LeaseLostError`."""
    days = 0
    while True:
        oldest = await connection.fetchval("SELECT min(time) FROM liquidations")
        if oldest is None or _floor(oldest, DAY) + DAY > before:
            return days
        end = _floor(oldest, DAY) + DAY
        if flavour is Flavour.TIMESCALE:
            await refresh_late(connection, flavour)
            await _refresh(connection, end - DAY, end - timedelta(microseconds=1), end + 2 * DAY)
        await _drop(connection, flavour, token, end)
        days += 1


async def _drop(connection: Connection, flavour: Flavour, token: int, end: datetime) -> None:
    """Drop everything before the end of the oldest day, in one transaction that no write can come between."""
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '3s'")  # writes wait as long as this waits for a reader
        await lease.hold(connection, token)
        await connection.execute(_CARRY_SIZES, end)
        await connection.execute(_CARRY_LEVELS, end)
        if flavour is Flavour.TIMESCALE:
            await connection.execute("SELECT drop_chunks('liquidations', older_than => $1::timestamptz)", end)
        else:
            await connection.execute(_PAST_MINUTES, end)
            await connection.execute("DELETE FROM liquidations WHERE time < $1", end)
        await connection.execute("UPDATE exporter_state SET dropped_before = $1", end)


async def _refresh(connection: Connection, since: datetime, until: datetime, now: datetime) -> None:
    """Refresh the buckets of a span, from the finest aggregate up, as far as their policies would go by `now`."""
    for name, width, behind in AGGREGATES:
        first = _floor(since, width)
        end = min(_floor(until, width) + width, _floor(now - behind, width))
        if first < end:
            await _call(connection, name, first, end)


async def _call(connection: Connection, name: str, first: datetime, end: datetime) -> None:
    """Refresh one aggregate; while its policy does the same, which may take its time, wait."""
    while True:
        try:
            await connection.execute(
                f"CALL refresh_continuous_aggregate('{name}', $1::timestamptz, $2::timestamptz)", first, end
            )
        except asyncpg.LockNotAvailableError:
            await asyncio.sleep(CONFLICT_S)
        else:
            return


def _floor(instant: datetime, width: timedelta) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return instant - (instant - epoch) % width
