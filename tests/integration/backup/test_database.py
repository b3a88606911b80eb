"""A database comes back from a backup as it was, with all that was in it, and is written to as before."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from exporter.backup import BackupError, restore, save
from exporter.stores import timescale_chores
from tests.history import assert_equal, connected, drain, eventually, following, holder, settled
from tests.integration.backup.conftest import JOURNAL
from tests.journals import DAY_MS, Grown

PASSWORD = "right"


def as_writer(history):
    return history.server.url(history.name, user="writer", password=PASSWORD)


@pytest.fixture
def saved(tmp_path, journal, configured):
    """Saves the journal with a database; returns the archive."""

    async def make(history):
        config, archive = configured(tmp_path / "old", as_writer(history)), tmp_path / "saved.tar"
        await asyncio.to_thread(save, config, journal.path, archive, journal_only=False, force=False)
        return archive

    return make


@pytest.fixture
def put_back(tmp_path, configured):
    """Restores an archive on a new machine, with the database at an address."""

    async def make(archive, address, *, force=False):
        config = configured(tmp_path / "new", address)
        return await asyncio.to_thread(restore, config, JOURNAL, archive, journal_only=False, force=force)

    return make


async def test_every_table_and_aggregate_comes_back_and_the_rest_follows(
    tmp_path, journal, new_history, saved, put_back, monkeypatch
):
    monkeypatch.setattr(timescale_chores, "EVERY_S", 0.05)
    old = new_history()
    past = journal.add(200, oldest_ms=20 * DAY_MS, newest_ms=12 * DAY_MS)  # dropped, and then in the aggregates only
    journal.add(300, repeat=20)
    journal.down_and_up()
    journal.checkpoint()
    store = old.store(journal, address=as_writer(old), retention=timedelta(days=10))
    async with following(store, journal):
        await settled(store, old)
        newest = datetime.fromtimestamp(max(record.entry.time_ms for record in past) / 1000, UTC)
        dropped = "SELECT coalesce(dropped_before > $1, false) FROM exporter_state"
        await eventually(lambda: old.value(dropped, newest), "the retention")
    journal.add(50)  # which the database has not seen
    archive = await saved(old)
    assert PASSWORD.encode() not in archive.read_bytes()

    new = new_history()
    manifest = await put_back(archive, new.address)
    assert manifest.journal.events == len(journal.events) == 550
    restored = Grown(tmp_path / "new" / JOURNAL, seed=2)
    assert list(restored.database.records()) == list(journal.database.records())
    store = new.store(restored, address=as_writer(new))
    try:
        after = await connected(store, restored, holder(restored, host="another"))  # with no wait for the old lease
        assert len(restored.database.read(after, 1000)) == 50
        await drain(store, restored, after)
        journal.write([record.entry for record in restored.add(10)])
        await drain(store, restored, restored.last_seq - 10)
        await settled(store, new)
        for relation in ("liquidations_1d", "liquidation_totals"):
            assert_equal(await new.sums(relation), journal.totals(), relation)
        assert await new.value("SELECT count(*) FROM liquidations") == 360
        assert await new.value("SELECT count(*) FROM feed_changes") == 2
    finally:
        await store.close()
        restored.database.close()


async def test_a_database_that_is_not_empty_is_replaced_only_when_that_is_wanted(
    tmp_path, journal, new_history, saved, put_back
):
    old, used = new_history(), new_history()
    journal.add(20)
    async with following(old.store(journal, address=as_writer(old)), journal):
        pass
    archive = await saved(old)
    await used.fetch("CREATE TABLE somebodys ()")
    with pytest.raises(BackupError, match="is not empty"):
        await put_back(archive, used.address)
    assert not (tmp_path / "new" / JOURNAL).exists()
    await put_back(archive, used.address, force=True)
    assert await used.value("SELECT to_regclass('somebodys') IS NULL")
    assert await used.value("SELECT count(*) FROM liquidations") == 20
    await put_back(archive, used.address, force=True)
    assert await used.value("SELECT count(*) FROM liquidations") == 20


async def test_who_cannot_restore_is_told_before_anything_happens(tmp_path, journal, new_history, saved, put_back):
    old, new = new_history(), new_history()
    journal.add(20)
    async with following(old.store(journal, address=as_writer(old)), journal):
        pass
    archive = await saved(old)
    if new.server.timescale:
        with pytest.raises(BackupError, match="by a superuser only"):
            await put_back(archive, as_writer(new))
        assert not (tmp_path / "new" / JOURNAL).exists()
    else:
        await put_back(archive, as_writer(new))
        assert await new.value("SELECT count(*) FROM liquidations") == 20


async def test_a_database_that_does_not_answer_fails_the_backup(tmp_path, journal, configured):
    config, archive = (
        configured(tmp_path / "old", "postgresql://writer:secret@127.0.0.1:9/none"),
        tmp_path / "saved.tar",
    )
    with pytest.raises(BackupError, match="connection refused") as raised:
        await asyncio.to_thread(save, config, journal.path, archive, journal_only=False, force=False)
    assert "secret" not in str(raised.value)
    assert list(tmp_path.iterdir()) == [tmp_path / "old"]
