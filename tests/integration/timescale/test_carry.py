"""A database that comes late gets the journal's totals, also those of events that the journal has given up."""

from exporter.stores.base import Standing
from exporter.stores.pages import standing
from tests.history import AGGREGATES, assert_equal, connected, drain, following, holder, settled
from tests.journals import DAY_MS


def pruned(journal, share):
    """Let the journal forget the oldest part of its events."""
    journal.checkpoint()
    keep_after = int(journal.last_seq * share)
    while journal.database.prune(1 << 60, 0, keep_after):
        pass
    assert journal.database.pruned_seq() == keep_after


async def test_totals_sizes_and_levels_include_what_the_journal_no_longer_holds(history, journal):
    journal.down_and_up()
    journal.add(3000, oldest_ms=3 * DAY_MS)
    pruned(journal, 0.6)
    journal.add(500)  # not in the checkpoint
    async with following(history.store(journal), journal) as store:
        await settled(store, history)
        held = int(3002 * 0.6) - 2
        assert await history.value("SELECT count(*) FROM liquidations") == 3500 - held
        await history.assert_exact(journal, ["liquidation_totals"])
        assert await history.value("SELECT count(*) FROM feed_changes") == 2


async def test_nothing_is_carried_when_the_journal_holds_everything(history, journal):
    journal.add(100)
    journal.checkpoint()
    async with following(history.store(journal), journal):
        assert await history.value("SELECT count(*) FROM carried_totals") == 0
        await history.assert_exact(journal, ["liquidation_totals"])


async def test_a_journal_that_lost_everything_but_its_totals(history, journal):
    journal.add(200)
    pruned(journal, 1.0)
    async with following(history.store(journal), journal):
        assert await history.value("SELECT count(*) FROM liquidations") == 0
        await history.assert_exact(journal, ["liquidation_totals"])


async def test_a_database_with_a_history_gets_no_totals_of_another(history, journal, other):
    """The two may have seen the same events."""
    journal.add(100)
    async with following(history.store(journal), journal):
        pass
    other.add(300)
    pruned(other, 0.5)
    async with following(history.store(other), other):
        assert await history.value("SELECT count(*) FROM carried_totals") == 0
        assert await history.value("SELECT count(*) FROM liquidations") == 250


async def test_an_interrupted_start_is_not_repeated_into_the_totals(history, journal):
    journal.add(2500)
    pruned(journal, 0.2)
    store = history.store(journal)
    assert await connected(store, journal) == 500
    await store.write(journal.database.read(500, 1000))
    await store.close()
    store = history.store(journal)
    cursor = await store.connect(holder(journal))
    assert standing(journal.database, cursor) is Standing.SAME
    await drain(store, journal, await store.resume(Standing.SAME))
    await store.close()
    await history.assert_exact(journal, ["liquidation_totals"])


async def test_right_after_the_carry_the_cursor_is_at_home(history, journal):
    journal.add(200)
    pruned(journal, 0.5)
    store = history.store(journal)
    await connected(store, journal)
    await store.close()
    assert standing(journal.database, await store.connect(holder(journal))) is Standing.SAME
    await store.close()


async def test_a_database_that_was_put_back_from_an_old_copy_is_told(history, journal):
    journal.add(100)
    async with following(history.store(journal), journal):
        pass
    journal.add(100)
    pruned(journal, 0.75)
    store = history.store(journal)
    cursor = await store.connect(holder(journal))
    assert standing(journal.database, cursor) is Standing.BEHIND
    await drain(store, journal, await store.resume(Standing.BEHIND))
    await store.close()
    assert await history.value("SELECT count(*) FROM liquidations") == 150


async def test_aggregates_hold_what_is_in_rows(history, journal):
    journal.add(400, oldest_ms=100_000)
    pruned(journal, 0.5)
    ids = {record.seq: record.entry.id for record in journal.records}
    async with following(history.store(journal), journal):
        sent = {identity for seq, identity in ids.items() if seq > 200}
        for relation in ("liquidations", *AGGREGATES):
            expected = journal.totals(lambda event: event.id in sent)
            assert_equal(await history.sums(relation), expected, relation)
