"""The aggregates say what the events say: after late events, and after the events are gone."""

from datetime import UTC, datetime, timedelta

import pytest

from exporter.stores import timescale_chores
from exporter.stores.timescale_chores import drop_old, refresh_late
from tests.history import AGGREGATES, History, assert_equal, connected, drain, eventually, following
from tests.journals import DAY_MS, now_ms

RETENTION = timedelta(days=14)


def horizon():
    """The first instant whose events the retention keeps, Unix milliseconds."""
    return (now_ms() - 14 * DAY_MS) // DAY_MS * DAY_MS


async def settled(history):
    async with history.connection() as connection:
        await refresh_late(connection, history.flavour)


async def dropped(history, store):
    async with history.connection() as connection:
        before = datetime.now(UTC) - RETENTION
        return await drop_old(connection, history.flavour, store._token, before)


async def test_late_events_reach_the_aggregates_by_themselves(history, journal):
    journal.add(500, oldest_ms=40 * DAY_MS)
    async with following(history.store(journal), journal) as store:
        await store.renew()
        await eventually(history.is_refreshed, "the first events")
        await history.assert_exact(journal)
        for oldest, newest in ((39 * DAY_MS, 38 * DAY_MS), (4_000_000, 3_000_000), (200_000, 150_000), (1000, 0)):
            await drain(store, journal, journal.add(50, oldest_ms=oldest, newest_ms=newest)[0].seq - 1)
            await eventually(history.is_refreshed, "late events")
            await history.assert_exact(journal)


async def test_a_late_event_is_remembered_when_the_exporter_dies(history, journal):
    journal.add(500, oldest_ms=40 * DAY_MS)
    async with following(history.store(journal), journal):
        await settled(history)
        await history.assert_exact(journal)
    journal.add(20, oldest_ms=30 * DAY_MS, newest_ms=29 * DAY_MS)
    dying = history.store(journal)
    await drain(dying, journal, await connected(dying, journal))
    await dying.close()
    assert not await history.is_refreshed()
    async with following(history.store(journal), journal) as store:
        await store.renew()
        await eventually(history.is_refreshed, "what the last one left")
        await history.assert_exact(journal)


async def test_what_comes_while_the_aggregates_are_refreshed_is_not_forgotten(history, journal, monkeypatch):
    """An event of the same span, written between the refresh and the note that it was done."""
    journal.add(100, oldest_ms=20 * DAY_MS, newest_ms=19 * DAY_MS)
    refresh = timescale_chores._refresh
    async with following(history.store(journal), journal) as store:

        async def slow(connection, *span):
            await refresh(connection, *span)
            monkeypatch.setattr(timescale_chores, "_refresh", refresh)
            times = [event.time_ms for event in journal.events]
            age = now_ms() - (min(times) + max(times)) // 2
            await store.write(journal.add(1, oldest_ms=age + 1, newest_ms=age))

        monkeypatch.setattr(timescale_chores, "_refresh", slow)
        await settled(history)
        if history.server.timescale:
            assert not await history.is_refreshed()
        await settled(history)
        await history.assert_exact(journal)


async def test_the_retention_drops_events_and_keeps_every_sum(history, journal):
    journal.add(3000, oldest_ms=40 * DAY_MS)
    async with following(history.store(journal), journal) as store:
        before = await history.value("SELECT count(*) FROM liquidations")
        assert 25 <= await dropped(history, store) <= 27
        left = await history.value("SELECT count(*) FROM liquidations")
        assert left == sum(event.time_ms >= horizon() for event in journal.events) < before
        await history.assert_exact(journal, [*AGGREGATES, "liquidation_totals"])
        assert await dropped(history, store) == 0

        journal.add(200, oldest_ms=13 * DAY_MS)
        await drain(store, journal, 3000)
        await settled(history)
        await history.assert_exact(journal, [*AGGREGATES, "liquidation_totals"])


async def test_the_upkeep_drops_when_it_is_told_a_retention(history, journal):
    journal.add(300, oldest_ms=40 * DAY_MS)
    async with following(history.store(journal, retention=RETENTION), journal) as store:
        await store.renew()

        async def done():
            return await history.value("SELECT min(time) >= now() - interval '15 days' FROM liquidations")

        await eventually(done, "old events are dropped")
        await history.assert_exact(journal, [*AGGREGATES, "liquidation_totals"])


async def test_nothing_is_dropped_while_a_backlog_is_written(history, journal):
    """Its first events may be older than the retention; they have to be counted before they go."""
    journal.add(2500, oldest_ms=40 * DAY_MS)
    store = history.store(journal, retention=RETENTION)
    after = await connected(store, journal)
    for _ in range(2):
        await store.write(journal.database.read(after, store.batch_records))
        after += store.batch_records
        assert not store._chores.done()
        assert await history.value("SELECT dropped_before IS NULL FROM exporter_state")
    await drain(store, journal, after)

    async def done():
        return await history.value("SELECT dropped_before IS NOT NULL FROM exporter_state")

    await eventually(done, "the backlog is written")
    await store.close()
    await history.assert_exact(journal, [*AGGREGATES, "liquidation_totals"])


async def test_events_of_a_dropped_time_are_refused_and_sums_stay(history, journal, other, said):
    journal.add(1000, oldest_ms=40 * DAY_MS)
    async with following(history.store(journal), journal) as store:
        await dropped(history, store)
    other.write(event for event in journal.events)
    async with following(history.store(other), other):
        await settled(history)
        await history.assert_exact(journal, [*AGGREGATES, "liquidation_totals"])
    assert "older than the retention were not stored" in said()


async def test_an_exporter_that_lost_the_lease_drops_nothing(history, journal, other):
    journal.add(300, oldest_ms=40 * DAY_MS)
    async with following(history.store(journal), journal) as store:
        await history.fetch("UPDATE exporter_state SET token = token + 1")
        with pytest.raises(Exception, match="took over"):
            await dropped(history, store)
        assert await history.value("SELECT count(*) FROM liquidations") == 300


@pytest.mark.timescale
async def test_old_chunks_are_compressed_and_still_take_late_events(timescale, journal):
    history = History(timescale, timescale.new_database())
    journal.add(2000, oldest_ms=20 * DAY_MS)
    async with following(history.store(journal), journal) as store:
        await history.fetch("SELECT compress_chunk(c, true) FROM show_chunks('liquidations', INTERVAL '7 days') AS c")
        await drain(store, journal, 0)
        await drain(store, journal, journal.add(500, oldest_ms=20 * DAY_MS)[0].seq - 1)
        await settled(history)
        await history.assert_exact(journal)


async def test_aggregates_are_cut_by_utc(history, journal):
    journal.add(300, oldest_ms=3 * DAY_MS)
    async with following(history.store(journal), journal):
        await settled(history)
        for name, seconds in (("liquidations_1m", 60), ("liquidations_1h", 3600), ("liquidations_1d", 86400)):
            rows = await history.fetch(
                f"SELECT extract(epoch FROM time)::bigint, exchange, base, side, events, notional_usd FROM {name}"
            )
            expected = {}
            for event in journal.events:
                key = (event.time_ms // 1000 // seconds * seconds, event.exchange, event.base, event.side)
                events, usd = expected.get(key, (0, 0.0))
                expected[key] = (events + 1, usd + event.notional_usd)
            assert_equal({row[:4]: row[4:] for row in rows}, expected, name)
