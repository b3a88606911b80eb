import asyncio
import sqlite3
import threading
import time
from contextlib import asynccontextmanager

import pytest

from exporter.journal import Checkpoint, Database, Journal, JournalStatus, Stamp, database, writer
from exporter.ledger import Ledger
from exporter.model import FeedChange
from tests.events import T0, liquidation, raw


class Books:
    """A ledger fed by the journal, as the application wires it."""

    def __init__(self):
        self.ledger = Ledger(["binance"], ["BTC"], 100)
        self.commits = []

    def apply(self, committed):
        self.commits.append(committed)
        for record in committed.records:
            if not isinstance(record.entry, FeedChange):
                self.ledger.apply(record.seq, record.entry)

    def checkpoint(self):
        return Checkpoint(self.ledger.last_seq, self.ledger.take_changes())

    @property
    def ids(self):
        return [record.entry.id for commit in self.commits for record in commit.records]


@asynccontextmanager
async def running(path, books, queue_events=10_000):
    journal = Journal(
        Database(path),
        JournalStatus(),
        queue_events=queue_events,
        on_commit=books.apply,
        checkpoint=books.checkpoint,
    )
    task = asyncio.create_task(journal.run())
    try:
        yield journal
    finally:
        journal.close()
        await task


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in a file
            await asyncio.sleep(0.005)


async def test_every_entry_is_committed_once_and_in_order(tmp_path):
    books = Books()
    async with running(tmp_path / "j.db", books) as journal:
        for n in range(5000):
            journal.append(liquidation(n), Stamp(time.perf_counter(), 1e-6))
            if n % 500 == 0:
                await asyncio.sleep(0)
        journal.append(liquidation(17))
        await until(lambda: len(books.ids) == 5000 and sum(c.duplicates["binance"] for c in books.commits) == 1)
    assert books.ids == [f"id-{n}" for n in range(5000)]
    assert all(len(commit.records) == len(commit.stamps) for commit in books.commits)
    assert sum(journal.status.commit_seconds.counts) == 5000
    database = Database(tmp_path / "j.db")
    assert database.checkpoint(0).seq == database.last_seq, "a clean stop leaves a checkpoint of everything"
    database.close()


async def test_a_commit_is_counted_while_the_next_one_is_written(tmp_path, monkeypatch):
    written, real, second = [], Database.write, threading.Event()

    def write(database, batch):
        written.append(batch)
        if len(written) == 2:
            second.set()
        return real(database, batch)

    class Waiting(Books):
        def apply(self, committed):
            assert self.commits or second.wait(20), "the next commit waits for this one to be counted"
            super().apply(committed)

    monkeypatch.setattr(Database, "write", write)
    books = Waiting()
    async with running(tmp_path / "j.db", books) as journal:
        for n in range(writer.BATCH_ENTRIES + 10):
            journal.append(liquidation(n))
        await until(lambda: len(books.ids) == writer.BATCH_ENTRIES + 10)
    assert books.ids == [f"id-{n}" for n in range(writer.BATCH_ENTRIES + 10)]


async def test_an_event_is_durable_before_it_is_counted(tmp_path):
    path = tmp_path / "j.db"

    class Watching(Books):
        def apply(self, committed):
            reader = Database(path, readonly=True)
            stored = {record.seq for record in reader.records()}
            reader.close()
            assert {record.seq for record in committed.records} <= stored
            super().apply(committed)

    books = Watching()
    async with running(path, books) as journal:
        for n in range(20):
            journal.append(liquidation(n))
            await asyncio.sleep(0.002)
        await until(lambda: len(books.ids) == 20)


class Failing:
    """Makes the file fail: before the transaction, or after it was written but before anyone hears of it."""

    def __init__(self, monkeypatch, *, after_commit):
        self.on = True
        self.after_commit = after_commit
        self.failures = 0
        original = Database.write

        def write(database, batch):
            if not self.on:
                return original(database, batch)
            if self.after_commit:
                original(database, batch)
                self.on = False
            self.failures += 1
            raise sqlite3.OperationalError("disk I/O error")

        monkeypatch.setattr(Database, "write", write)


async def test_a_failing_file_is_shown_bounded_and_recovered_from(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "RETRY_S", 0.02)
    books = Books()
    async with running(tmp_path / "j.db", books, queue_events=50) as journal:
        failing = Failing(monkeypatch, after_commit=False)
        taken = [journal.append(liquidation(n)) for n in range(60)]
        journal.append(FeedChange(T0, "binance", "futures", up=False))
        await until(lambda: failing.failures > 2)
        assert (journal.status.up, journal.status.error) == (False, "disk I/O error")
        assert (journal.status.dropped, journal.status.queued) == (10, 51), "feed changes are never dropped"
        assert taken == [True] * 50 + [False] * 10
        assert not books.commits
        failing.on = False
        await until(lambda: journal.status.up and books.commits)
    assert len([r for commit in books.commits for r in commit.records]) == 51
    assert books.ledger.cells["binance", "BTC", "long"].events == 50


async def test_a_commit_of_unknown_outcome_is_neither_lost_nor_doubled(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "RETRY_S", 0.02)
    books = Books()
    async with running(tmp_path / "j.db", books) as journal:
        failing = Failing(monkeypatch, after_commit=True)
        for n in range(30):
            journal.append(liquidation(n))
        await until(lambda: journal.status.up and len(books.ids) == 30 and failing.failures == 1)
        journal.append(liquidation(30))
        await until(lambda: len(books.ids) == 31)
    assert books.ids == [f"id-{n}" for n in range(31)]
    assert books.ledger.cells["binance", "BTC", "long"].events == 31


@pytest.mark.parametrize("failing", [False, True])
async def test_a_pending_event_leaves_the_table_with_its_record(tmp_path, monkeypatch, failing):
    monkeypatch.setattr(writer, "RETRY_S", 0.02)
    path = tmp_path / "j.db"
    books = Books()
    async with running(path, books) as journal:
        journal.keep_pending(raw(1))
        journal.keep_pending(raw(2))
        await until(lambda: _pending(path) == {"raw-1", "raw-2"})
        if failing:
            Failing(monkeypatch, after_commit=True)
        assert journal.settle(liquidation(1, id="raw-1"))
        await until(lambda: books.ids == ["raw-1"] and _pending(path) == {"raw-2"})
        journal.discard(raw(2))
        await until(lambda: _pending(path) == set())


def _pending(path):
    reader = Database(path, readonly=True)
    try:
        return {each.id for each in reader.pending()}
    finally:
        reader.close()


async def test_checkpoints_bound_what_a_restart_replays(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "CHECKPOINT_RECORDS", 100)
    books = Books()
    async with running(tmp_path / "j.db", books) as journal:
        for n in range(1000):
            journal.append(liquidation(n))
            if n % 50 == 49:
                await until(lambda n=n: len(books.ids) == n + 1)
        reader = Database(tmp_path / "j.db", readonly=True)
        assert 850 <= reader.checkpoint(0).seq <= 1000
        reader.close()


async def test_repetitions_alone_do_not_keep_it_writing_checkpoints(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "CHECKPOINT_RECORDS", 100)
    books = Books()
    # It has to end: a checkpoint that is always due would be written for ever.
    async with asyncio.timeout(20), running(tmp_path / "j.db", books) as journal:
        for _ in range(301):
            journal.append(liquidation(1))
        await until(lambda: sum(commit.duplicates["binance"] for commit in books.commits) == 300)
    assert books.ids == ["id-1"]


async def test_an_idle_journal_still_signs_life(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "CHECKPOINT_S", 0.02)
    before = time.time_ns() // 1_000_000
    async with running(tmp_path / "j.db", Books()):
        reader = Database(tmp_path / "j.db", readonly=True)
        await until(lambda: reader.alive_ms() >= before)
        reader.close()


async def test_pruning_goes_on_until_nothing_old_is_left_and_survives_a_failing_file(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "PRUNE_PAUSE_S", 0.0)
    books = Books()
    async with running(tmp_path / "j.db", books) as journal:
        for n in range(2500):
            journal.append(liquidation(n))
        await until(lambda: len(books.ids) == 2500)
        await journal.prune(T0 + 10**9, 0, journal.status.last_seq)
        reader = Database(tmp_path / "j.db", readonly=True)
        assert len(list(reader.records())) == 2500, "nothing goes before a checkpoint has it"
        monkeypatch.setattr(writer, "CHECKPOINT_RECORDS", 1)
        journal.append(liquidation(2500))
        await until(lambda: len(books.ids) == 2501)
        await until(lambda: reader.checkpoint(0).seq >= 2500)
        await journal.prune(T0 + 10**9, 0, 2400)
        assert next(record.seq for record in reader.records()) == 2401
        reader.close()
        monkeypatch.setattr(Database, "prune", lambda *_: (_ for _ in ()).throw(sqlite3.OperationalError("disk full")))
        await journal.prune(T0 + 10**9, 0, 2500)
    assert books.ledger.cells["binance", "BTC", "long"].events == 2501


async def test_a_full_disk_is_told_as_such_and_nothing_counts_before_there_is_room(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "RETRY_S", 0.01)
    books, full, connect = Books(), [True], database._connect

    def connect_without_room(path, readonly):
        connection = connect(path, readonly)
        if full:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    Database(tmp_path / "j.db").close()
    monkeypatch.setattr(database, "_connect", connect_without_room)
    async with running(tmp_path / "j.db", books) as journal:
        for number in range(1000):
            journal.append(liquidation(id=str(number)))
        await until(lambda: journal.status.full)
        assert not journal.status.up
        assert journal.status.error.startswith("the disk is full: make room on it")
        assert (books.ids, journal.status.queued, journal.status.dropped) == ([], 1000, 0)
        assert journal.status.free_bytes > 0
        full.clear()
        await until(lambda: journal.status.up)
        await until(lambda: len(books.ids) == 1000)
        assert (journal.status.full, journal.status.error) == (False, "")
