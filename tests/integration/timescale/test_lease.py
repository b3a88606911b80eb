"""One exporter writes, whoever else runs, and one that was away writes no more."""

import asyncio
import functools

import pytest

from exporter.stores import timescale_lease
from exporter.stores.base import LeaseHeldError, LeaseLostError
from tests.history import connected, drain, eventually, following, holder


@pytest.fixture
def short_lease(monkeypatch):
    monkeypatch.setattr(timescale_lease, "SECONDS", 0.3)


async def refused(store, who):
    """Try to take the lease; returns what the refusal says."""
    with pytest.raises(LeaseHeldError) as caught:
        await store.connect(who)
    await store.close()
    return str(caught.value)


async def test_a_second_exporter_is_refused_and_told_who_writes(history, journal, other):
    async with following(history.store(journal), journal, holder(journal, "alpha", 4711, 1_790_000_000_000)):
        told = await refused(history.store(other), holder(other, "beta"))
        assert told.endswith("host alpha, process 4711, since 2026-09-21 14:13:20 UTC")
    async with following(history.store(other), other, holder(other, "beta")):
        pass


async def test_a_standby_takes_over_when_the_lease_lapses(history, journal, other, short_lease):
    first, second = history.store(journal), history.store(other)
    journal.add(100)
    await drain(first, journal, await connected(first, journal, holder(journal, "alpha")))
    await refused(second, holder(other, "beta"))
    await asyncio.sleep(0.4)
    other.write(journal.events[50:])
    other.add(10)
    async with following(second, other, holder(other, "beta")):
        records = journal.add(10)
        with pytest.raises(LeaseLostError):
            await first.write(records)
        with pytest.raises(LeaseLostError):
            await first.renew()
        assert await history.value("SELECT count(*) FROM liquidations") == 110
        query = "SELECT seq FROM exporter_cursors WHERE journal = $1"
        assert await history.value(query, journal.database.uuid) == 100, "the old leader's cursor did not move either"
        await first.close()
        assert await history.value("SELECT host FROM exporter_state WHERE expires > now()") == "beta"


async def test_a_lease_that_lapsed_and_that_nobody_took_is_still_good(history, journal, short_lease):
    journal.add(10)
    async with following(history.store(journal), journal) as store:
        await asyncio.sleep(0.4)
        await store.write(journal.add(10))
        assert await history.value("SELECT expires > now() FROM exporter_state")


async def test_a_restart_takes_the_lease_of_the_killed_process_at_once(history, journal):
    killed = history.store(journal)
    await killed.connect(holder(journal, pid=1, since_ms=1000))
    restarted = history.store(journal)
    await connected(restarted, journal, holder(journal, pid=2, since_ms=2000))
    await refused(history.store(journal), holder(journal, pid=1, since_ms=1000))
    with pytest.raises(LeaseLostError):
        await killed.renew()
    await restarted.close()
    await killed.close()


async def test_the_same_journal_on_another_host_waits(history, journal):
    async with following(history.store(journal), journal, holder(journal, "alpha", since_ms=1000)):
        await refused(history.store(journal), holder(journal, "beta", since_ms=2000))


async def test_a_stop_gives_the_lease_back(history, journal, other):
    async with following(history.store(journal), journal, holder(journal, "alpha")):
        pass
    async with following(history.store(other), other, holder(other, "beta")):
        pass


async def test_a_failure_keeps_the_lease(history, journal, other):
    store = history.store(journal)
    await connected(store, journal, holder(journal, "alpha"))
    async with history.connection() as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
            "AND datname = current_database()"
        )
    with pytest.raises(Exception, match="timescale"):
        await store.renew()
    await store.close()
    await refused(history.store(other), holder(other, "beta"))
    async with following(store, journal, holder(journal, "alpha")):
        pass


async def test_two_writers_at_once_cannot_both_write(history, journal, other, short_lease):
    """A write that waits for the row of the lease looks at it again when it gets it."""
    first = history.store(journal)
    await connected(first, journal, holder(journal, "alpha"))
    records = journal.add(100)
    await asyncio.sleep(0.4)
    async with history.connection() as connection, connection.transaction():
        await timescale_lease.take(connection, holder(other, "beta"))
        write = asyncio.create_task(first.write(records))
        waits = functools.partial(connection.fetchval, "SELECT count(*) FROM pg_locks WHERE NOT granted")
        await eventually(waits, "the write waits for the row")
    with pytest.raises(LeaseLostError):
        await write
    assert await history.value("SELECT count(*) FROM liquidations") == 0
    await first.close()
