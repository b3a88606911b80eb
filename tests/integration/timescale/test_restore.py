"""A new machine goes on where the old one was: every figure, and every id that must not count again."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from exporter.cells import ALL, OTHER
from exporter.config import load
from exporter.exchanges import REGISTRY
from exporter.journal import Batch, Database
from exporter.ledger import Ledger
from exporter.levels import Levels
from exporter.model import FeedChange
from exporter.opening import restore as restore_ledger
from exporter.stats import Bands
from exporter.stores.base import Standing
from exporter.stores.pages import standing
from exporter.stores.timescale_chores import drop_old
from exporter.takeover import take_over
from tests.events import liquidation
from tests.history import connected, drain, eventually, following, holder, settled
from tests.journals import DAY_MS, Grown, now_ms
from tests.proxy import proxy

BANDS = Bands()


def config(history, **more):
    environ = {"LIQ_STORES_TIMESCALE_URL": history.address, "LIQ_METRICS_BASES": "BTC"}
    return load(None, environ | more, {})


async def taken_over(history, path, **more):
    await take_over(config(history, **more), path, asyncio.Event())


def read(path, base_cap=1000):
    """The ledger and the levels of a journal, as a start reads them."""
    ledger, levels = Ledger(REGISTRY, ["BTC"], base_cap), Levels()
    database = Database(path)
    restore_ledger(ledger, levels, database, 0)
    return ledger, levels, database


def figures(ledger):
    """Everything that a ledger shows, by cell."""
    now = now_ms() // 60_000
    shown = {}
    for key, cell in ledger.cells.items():
        if cell.events:
            sizes = tuple(cell.sizes.counts) if cell.sizes else ()
            windows = [cell.window(name, now) for name in ("1h", "4h", "12h")]
            sums = [cell.base_quantity, cell.usd, cell.largest_usd]
            sums += [
                x for window in windows for x in (window.events, window.usd, window.base_quantity, window.largest_usd)
            ]
            shown[key] = (
                (cell.events, cell.first_ms, cell.last_ms, cell.own_series, sizes),
                pytest.approx(sums, rel=1e-9),
            )
    return shown


def plain(ledger):
    return {key: (exact, list(sums.expected)) for key, (exact, sums) in figures(ledger).items()}


async def test_every_figure_goes_on(history, journal, tmp_path):
    journal.add(3000, oldest_ms=40 * DAY_MS, newest_ms=DAY_MS)
    journal.add(2000, oldest_ms=DAY_MS)
    async with following(history.store(journal), journal) as store:
        await settled(store, history)
    path = tmp_path / "new.db"
    await taken_over(history, path)
    ledger, levels, database = read(path)
    assert plain(ledger) == figures(journal.ledger)
    assert plain(journal.ledger).keys() == plain(ledger).keys()
    for base, side in journal.levels.keys():  # noqa: SIM118 - not a dict
        mine, theirs = list(levels.buckets(base, side)), list(journal.levels.buckets(base, side))
        assert [each[0] for each in mine] == [each[0] for each in theirs]
        assert [x for each in mine for x in each[1:]] == pytest.approx(
            [x for each in theirs for x in each[1:]], rel=1e-9
        )
    before = journal.ledger.stats("BTC", "24h", now_ms(), BANDS)
    after = ledger.stats("BTC", "24h", now_ms(), BANDS)
    assert after.total.events == before.total.events
    database.close()


async def test_recent_ids_count_no_second_time(history, journal, tmp_path):
    journal.add(1000, oldest_ms=40 * DAY_MS)
    async with following(history.store(journal), journal):
        pass
    path = tmp_path / "new.db"
    await taken_over(history, path)
    _, _, database = read(path)
    recent = [event for event in journal.events if event.time_ms >= now_ms() - 30 * DAY_MS + 60_000]
    assert len(recent) > 500
    assert database.write(Batch(recent)).records == []
    assert [record.entry for record in database.records()][-len(recent) :] == recent
    database.close()


async def test_the_store_needs_nothing_of_it_again(history, journal, tmp_path):
    journal.add(1000, oldest_ms=10 * DAY_MS)
    async with following(history.store(journal), journal):
        pass
    await taken_over(history, tmp_path / "new.db")
    new = Grown(tmp_path / "new.db", seed=2)
    store = history.store(new)
    cursor = await store.connect(holder(new, "new"))
    assert standing(new.database, cursor) is Standing.SAME
    after = await store.resume(Standing.SAME)
    assert after == new.last_seq == 1000
    new.add(10)
    await drain(store, new, after)
    await store.close()
    assert await history.value("SELECT count(*) FROM liquidations") == 1010


async def test_totals_outlive_retention_and_pruning(history, journal, tmp_path):
    """Neither the first journal nor the database has all the events any more."""
    journal.add(500, oldest_ms=40 * DAY_MS, newest_ms=20 * DAY_MS)
    journal.checkpoint()
    journal.database.prune(1 << 60, 0, 200)
    async with following(history.store(journal), journal) as store:
        journal.add(500, oldest_ms=DAY_MS)
        await drain(store, journal, 500)
        await settled(store, history)
        async with history.connection() as connection:
            before = datetime.now(UTC) - timedelta(days=14)
            assert await drop_old(connection, history.flavour, store._token, before)
        assert await history.value("SELECT count(*) FROM liquidations") == 500
    await taken_over(history, tmp_path / "new.db")
    ledger, _, database = read(tmp_path / "new.db")
    assert plain(ledger) == figures(journal.ledger)
    database.close()


async def test_coins_beyond_the_cap_are_those_that_came_last(history, journal, tmp_path):
    now = now_ms()
    events = [
        liquidation(id=f"{number}", base=f"COIN{number % 10}", time_ms=now - 1_000_000 + number * 1000)
        for number in range(100)
    ]
    journal.write(events)
    expected = Ledger(["binance", "bybit"], ["BTC"], 4)
    for record in journal.records:
        expected.apply(record.seq, record.entry)
    async with following(history.store(journal), journal):
        pass
    await taken_over(history, tmp_path / "new.db", LIQ_METRICS_BASE_CAP="4")
    ledger, _, database = read(tmp_path / "new.db", base_cap=4)
    assert plain(ledger) == figures(expected)
    assert ("binance", OTHER, "long") in plain(ledger)
    assert ("binance", ALL, "long") in plain(ledger)
    database.close()


async def test_an_event_dated_in_the_future_stays_in_the_minute_of_its_arrival(history, journal, tmp_path):
    now = now_ms()
    journal.write([liquidation(1, time_ms=now + 3_600_000, received_ms=now - 60_000)])
    async with following(history.store(journal), journal):
        pass
    await taken_over(history, tmp_path / "new.db")
    ledger, _, database = read(tmp_path / "new.db")
    assert plain(ledger) == figures(journal.ledger)
    database.close()


async def test_gaps_go_on_from_when_the_old_machine_was_last_alive(history, journal, tmp_path):
    start = now_ms() - 3_600_000
    journal.write(
        [
            FeedChange(start, "bybit", "linear", up=False, reason="not started yet"),
            FeedChange(start + 5000, "bybit", "linear", up=True),
            liquidation(time_ms=start + 10_000),
            FeedChange(start + 60_000, "bybit", "linear", up=False, reason="closed"),
            FeedChange(start + 70_000, "bybit", "linear", up=True),
        ]
    )
    async with following(history.store(journal), journal):
        moved = await history.value("SELECT (extract(epoch FROM max(moved)) * 1000)::bigint FROM exporter_cursors")
    await taken_over(history, tmp_path / "new.db")
    database = Database(tmp_path / "new.db")
    assert [record.entry for record in database.records()] == [record.entry for record in journal.records]
    assert moved - 1000 <= database.alive_ms() <= now_ms() + 1000
    database.close()


async def test_without_a_history_nothing_is_made(history, journal, tmp_path):
    await taken_over(history, tmp_path / "new.db")
    assert not (tmp_path / "new.db").exists()
    assert list(tmp_path.glob("new.db*")) == []


async def test_a_journal_with_records_is_left_alone(history, journal, other):
    journal.add(10)
    async with following(history.store(journal), journal):
        pass
    other.add(1)
    uuid = other.database.uuid
    other.database.close()
    await taken_over(history, other.path)
    database = Database(other.path)
    assert (database.uuid, database.last_seq) == (uuid, 1)
    database.close()


async def test_an_empty_journal_is_replaced(history, journal, other):
    journal.add(10)
    async with following(history.store(journal), journal):
        pass
    other.database.close()
    await taken_over(history, other.path)
    _, _, database = read(other.path)
    assert database.last_seq == 10
    database.close()


async def test_a_database_that_comes_up_late_is_waited_for(history, journal, tmp_path, said):
    journal.add(100)
    async with following(history.store(journal), journal):
        pass
    history.server.kill()
    waiting = asyncio.create_task(taken_over(history, tmp_path / "new.db"))

    async def told():
        return "waiting for the history" in said()

    await eventually(told, "it says that it waits")
    await asyncio.to_thread(history.server.start)
    await waiting
    _, _, database = read(tmp_path / "new.db")
    assert database.last_seq == 100
    database.close()


async def test_a_database_that_stays_away_is_given_up_with_a_warning(postgres, tmp_path, said):
    environ = {
        "LIQ_STORES_TIMESCALE_URL": "postgresql://admin@127.0.0.1:1/x",
        "LIQ_STORES_TIMESCALE_RESTORE_WAIT": "10ms",
    }
    await take_over(load(None, environ, {}), tmp_path / "new.db", asyncio.Event())
    told = said()
    assert "connection refused" in told
    assert "counters begin at zero" in told
    assert not (tmp_path / "new.db").exists()


async def test_a_database_that_refuses_is_given_up_at_once(postgres, tmp_path, said):
    environ = {"LIQ_STORES_TIMESCALE_URL": postgres.url("nowhere")}
    await take_over(load(None, environ, {}), tmp_path / "new.db", asyncio.Event())
    assert 'database "nowhere" does not exist' in said()
    assert "waiting for the history" not in said()


async def test_a_stop_is_heard_while_waiting(tmp_path):
    environ = {"LIQ_STORES_TIMESCALE_URL": "postgresql://admin@127.0.0.1:1/x"}
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.2, stop.set)
    await take_over(load(None, environ, {}), tmp_path / "new.db", stop)


async def test_an_attempt_that_breaks_off_leaves_nothing_and_the_next_one_succeeds(history, journal, tmp_path):
    journal.add(20_000, oldest_ms=5 * DAY_MS)
    async with following(history.store(journal), journal):
        pass
    async with proxy(history.server.port) as between:
        address = history.server.url(history.name, port=between.port)
        restoring = asyncio.create_task(taken_over(history, tmp_path / "new.db", LIQ_STORES_TIMESCALE_URL=address))

        async def begun():
            return (tmp_path / "new.db.restoring").exists()

        await eventually(begun, "the restoring begins")
        between.cut()
        assert not (tmp_path / "new.db").exists()
        await restoring
    assert [path.name for path in tmp_path.glob("new.db*")] == ["new.db"]
    ledger, _, database = read(tmp_path / "new.db")
    assert plain(ledger) == figures(journal.ledger)
    database.close()


async def test_a_journal_that_began_anew_is_told_of_the_history(history, journal, other, said):
    journal.add(10)
    async with following(history.store(journal), journal):
        pass
    assert "history of another journal" not in said()
    other.add(10)
    async with following(history.store(other), other):
        pass
    assert "history of another journal" in said()


async def test_a_standby_starts_with_the_history_and_takes_over(history, journal, tmp_path):
    journal.add(500, oldest_ms=DAY_MS)
    async with following(history.store(journal), journal, holder(journal, "alpha")):
        await taken_over(history, tmp_path / "standby.db")
        standby = Grown(tmp_path / "standby.db", seed=2)
        both = [record.entry for record in journal.add(100, oldest_ms=1000)]
        standby.write(both)
    store = history.store(standby)
    assert await connected(store, standby, holder(standby, "beta")) == 500
    standby.add(50, oldest_ms=1000)
    await drain(store, standby, 500)
    await store.close()
    assert await history.value("SELECT count(*) FROM liquidations") == 650
