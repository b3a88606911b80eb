"""Every event once, whatever is sent, and however often."""

from datetime import UTC, datetime

import pytest

from exporter.model import FILLED, FeedChange
from exporter.stores.base import Cursor, Standing, mark_of
from exporter.stores.pages import standing
from tests.events import liquidation
from tests.history import connected, drain, following, holder, settled
from tests.journals import DAY_MS, Grown, now_ms


async def test_events_aggregates_sizes_and_levels_are_the_journals(history, journal):
    journal.add(3000, oldest_ms=3 * DAY_MS, repeat=100)
    async with following(history.store(journal), journal) as store:
        await history.assert_exact(journal, ["liquidations"])
        await settled(store, history)
        await history.assert_exact(journal)
        journal.add(200, oldest_ms=60_000)
        await drain(store, journal, 3000)
        await history.assert_exact(journal)


async def test_every_field_survives(history, journal):
    event = liquidation(
        time_ms=1_790_000_000_001,
        received_ms=1_790_000_000_998,
        instrument="1000PEPEUSDT",
        base="PEPE",
        kind="future",
        side="short",
        price=0.1 + 0.2,
        price_kind="bankruptcy",
        quantity=1e-17,
        quantity_unit="contracts",
        origin="backfill",
        usd_rate=67_123.4,
        id="ü'\"\\;--",
    )
    journal.write([event])
    async with following(history.store(journal), journal):
        (row,) = await history.fetch(
            "SELECT time, received, exchange, instrument, base, quote, settle, kind, side, price, price_kind, "
            "quantity, quantity_unit, base_quantity, notional_usd, id, origin, usd_rate FROM liquidations"
        )
    time, received, *rest = row
    assert round(time.timestamp() * 1000) == event.time_ms
    assert round(received.timestamp() * 1000) == event.received_ms
    assert rest == [getattr(event, name) for name in event.__struct_fields__[2:]]


async def test_milliseconds_are_exact(history, journal):
    times = [1_790_000_000_000 + 7 * number for number in range(1000)] + [0, 1, 999, 4_102_444_799_999]
    journal.write(liquidation(time_ms=each, id=str(each)) for each in times)
    async with following(history.store(journal), journal):
        rows = await history.fetch("SELECT id::bigint, (extract(epoch FROM time) * 1000000)::bigint FROM liquidations")
    assert dict(rows) == {each: each * 1000 for each in times}


async def test_what_is_sent_again_counts_once(history, journal):
    journal.add(1500)
    async with following(history.store(journal), journal) as store:
        await drain(store, journal, 0)
        await drain(store, journal, 700)
        assert await history.value("SELECT count(*) FROM liquidations") == 1500
        assert await history.value("SELECT seq FROM exporter_cursors") == journal.last_seq


async def test_the_cursor_says_where_to_go_on(history, journal):
    journal.add(1234)
    async with following(history.store(journal), journal):
        pass
    store = history.store(journal)
    cursor = await store.connect(holder(journal))
    last = journal.records[-1]
    assert cursor == Cursor(journal.database.uuid, last.seq, mark_of(last))
    assert standing(journal.database, cursor) is Standing.SAME
    assert await store.resume(Standing.SAME) == last.seq
    await store.close()


async def test_two_journals_that_saw_the_same_count_it_once(history, journal, other):
    events = [record.entry for record in journal.add(500)]
    other.write(events[250:])
    other.add(100)
    async with following(history.store(journal), journal):
        pass
    async with following(history.store(other), other, holder(other, "there")):
        assert await history.value("SELECT count(*) FROM liquidations") == 600
        assert await history.value("SELECT count(*) FROM exporter_cursors") == 2


async def test_a_journal_that_was_put_back_from_a_copy_is_sent_again(history, journal, tmp_path):
    journal.add(100)
    copy = tmp_path / "copy.db"
    journal.database.close()
    copy.write_bytes(journal.path.read_bytes())
    journal = Grown(journal.path, seed=2)
    journal.add(100)
    async with following(history.store(journal), journal):
        pass
    restored = Grown(copy, seed=3)
    store = history.store(restored)
    assert standing(restored.database, await store.connect(holder(restored))) is Standing.AHEAD
    await store.close()
    restored.add(300)
    assert standing(restored.database, await store.connect(holder(restored))) is Standing.AHEAD, "by its mark"
    assert await store.resume(Standing.AHEAD) == 0
    await drain(store, restored, 0)
    await store.close()
    assert await history.value("SELECT count(*) FROM liquidations") == 500


async def test_feed_changes_become_gaps(history, journal):
    start = now_ms() - 60_000

    def change(second, feed, up, reason=""):
        return FeedChange(start + second * 1000, "bybit", feed, up=up, reason=reason)

    journal.write(
        [
            change(0, "linear", False, "not started yet"),
            change(0, "inverse", False, "not started yet"),
            change(2, "linear", True),
            change(10, "linear", False, "closed"),
            change(11, "linear", False, "still\0closed"),
            change(15, "linear", True),
            change(20, "linear", False, "silent"),
        ]
    )
    async with following(history.store(journal), journal) as store:
        await drain(store, journal, 0)
        rows = await history.fetch("SELECT * FROM feed_gaps ORDER BY feed, from_time")

    def at(second):
        return datetime.fromtimestamp(start / 1000 + second, UTC)

    uuid = journal.database.uuid
    assert [(row[0], row[2], row[5]) for row in rows] == [
        (uuid, "inverse", "not started yet"),
        (uuid, "linear", "not started yet"),
        (uuid, "linear", "closed"),
        (uuid, "linear", "silent"),
    ]
    spans = [(row[3], row[4]) for row in rows]
    assert spans == [(at(0), None), (at(0), at(2)), (at(10), at(15)), (at(20), None)]


async def test_a_gap_that_was_filled_afterwards_ends_where_the_filling_begins(history, journal):
    start = now_ms() - 60_000

    def change(second, up, reason=""):
        return FeedChange(start + second * 1000, "okx", "futures", up=up, reason=reason)

    outages = [change(1, False, "closed"), change(9, True), change(20, False, "silent"), change(25, True)]
    journal.write([change(0, True), *outages, change(4, True, FILLED), change(20, True, FILLED)])
    async with following(history.store(journal), journal) as store:
        await drain(store, journal, 0)
        rows = await history.fetch("SELECT from_time, until_time, reason FROM feed_gaps ORDER BY from_time")

    def at(second):
        return datetime.fromtimestamp(start / 1000 + second, UTC)

    assert [tuple(row) for row in rows] == [(at(1), at(4), "closed"), (at(20), at(20), "silent")]


async def test_the_one_character_that_cannot_be_stored_is_replaced(history, journal):
    journal.write([liquidation(1, id="a\0b"), liquidation(2)])
    async with following(history.store(journal), journal):
        assert sorted(await history.fetch("SELECT id FROM liquidations")) == [("a�b",), ("id-2",)]


async def test_an_event_is_in_the_database_with_its_cursor_or_not_at_all(history, journal):
    """The server refuses one row of a batch: nothing of the batch is there, and the cursor stays."""
    journal.add(100)
    async with following(history.store(journal), journal) as store:
        records = journal.add(50)
        await history.fetch("ALTER TABLE exporter_cursors ADD CONSTRAINT full_up CHECK (seq < 120)")
        with pytest.raises(Exception, match="full_up"):
            await store.write(records)
        assert await history.value("SELECT count(*) FROM liquidations") == 100
        await history.fetch("ALTER TABLE exporter_cursors DROP CONSTRAINT full_up")
        await store.close()
        await drain(store, journal, await connected(store, journal))
        await history.assert_exact(journal, ["liquidations"])
