import os
import sqlite3
import subprocess
import sys
import textwrap

import pytest

from exporter.gaps import Gaps, summed
from exporter.journal import Batch, Checkpoint, Database, JournalError, Sample
from exporter.journal.schema import VERSION
from exporter.ledger import Ledger
from exporter.levels import Levels
from exporter.model import FILLED, FeedChange, PastChanges
from tests.events import T0, liquidation, random_liquidations, raw


@pytest.fixture
def database(tmp_path):
    opened = Database(tmp_path / "journal.db")
    yield opened
    opened.close()


def down(time_ms, exchange="binance", feed="futures"):
    return FeedChange(time_ms, exchange, feed, up=False, reason="test")


def test_what_was_written_is_read_back_in_one_order(database):
    entries = [liquidation(1), down(T0 + 1500), liquidation(2), liquidation(3, exchange="bybit")]
    written = database.write(Batch(entries))
    assert [record.entry for record in written.records] == entries
    assert list(database.records()) == written.records
    assert [record.seq for record in written.records] == [1, 2, 3, 4]


@pytest.mark.parametrize("page", [1, 2, 3, 100])
def test_pages_keep_both_kinds_of_records_in_order(database, page):
    entries = [liquidation(n) if n % 3 else down(T0 + n * 1000) for n in range(20)]
    database.write(Batch(entries))
    assert [record.entry for record in database.records(page=page)] == entries


def test_applied_time_never_runs_backwards_and_never_passes_reception(database):
    entries = [
        liquidation(10),
        liquidation(5),
        liquidation(20, time_ms=T0 + 99_000, received_ms=T0 + 20_000),
        liquidation(21),
    ]
    applied = [record.applied_ms - T0 for record in database.write(Batch(entries)).records]
    assert applied == [10_000, 10_000, 20_000, 21_000]
    later = database.write(Batch([liquidation(1)])).records[0]
    assert later.applied_ms == T0 + 21_000


def test_a_filled_outage_says_nothing_of_what_a_feed_is(database):
    filled = FeedChange(T0 + 1000, "binance", "futures", up=True, reason=FILLED)
    up = FeedChange(T0 + 3000, "binance", "futures", up=True)
    database.write(Batch([down(T0 + 1000), filled]))
    assert [record.entry for record in database.feed_states()] == [down(T0 + 1000)]
    database.write(Batch([up, filled]))
    assert [record.entry for record in database.feed_states()] == [up]
    assert list(database.feed_changes()) == [down(T0 + 1000), filled, up, filled]


def test_an_id_counts_once_in_a_batch_across_batches_and_across_a_restart(tmp_path):
    database = Database(tmp_path / "journal.db")
    first = database.write(Batch([liquidation(1), liquidation(1), liquidation(2), liquidation(2, exchange="bybit")]))
    assert [record.entry.exchange for record in first.records] == ["binance", "binance", "bybit"]
    assert first.duplicates == {"binance": 1}
    database.close()
    database = Database(tmp_path / "journal.db")
    again = database.write(Batch([liquidation(2), down(T0), liquidation(3)]))
    assert [type(record.entry).__name__ for record in again.records] == ["FeedChange", "Liquidation"]
    assert again.duplicates == {"binance": 1}
    assert len(list(database.records())) == 5
    database.close()


def test_a_failed_transaction_leaves_nothing(database):
    database.write(Batch([liquidation(1)]))
    with pytest.raises(sqlite3.IntegrityError):
        database.write(Batch([liquidation(2), liquidation(3, price=None)]))
    assert [record.entry for record in database.records()] == [liquidation(1)]
    assert database.write(Batch([liquidation(4)])).records[0].seq == 2


def test_checkpoint_and_tail_give_the_same_ledger_bit_for_bit(tmp_path):
    path = tmp_path / "journal.db"
    database = Database(path)
    live, live_levels = Ledger(["binance", "bybit"], ["BTC"], 3), Levels()
    events = random_liquidations(1, 3000)
    for start in range(0, 3000, 100):
        for record in database.write(Batch(events[start : start + 100])).records:
            live.apply(record.seq, record.entry)
            live_levels.apply(record.entry)
        if start in (700, 1500):
            changes = live.take_changes(), live_levels.take_changes()
            database.write(Batch(checkpoint=Checkpoint(live.last_seq, *changes)))
    database.close()

    database = Database(path)
    restored, restored_levels = Ledger(["binance", "bybit"], ["BTC"], 3), Levels()
    checkpoint = database.checkpoint(0)
    assert checkpoint.seq == 1600
    restored.restore(checkpoint.cells, checkpoint.seq)
    restored_levels.restore(checkpoint.levels)
    for record in database.records(checkpoint.seq):
        restored.apply(record.seq, record.entry)
        restored_levels.apply(record.entry)
    database.close()
    assert sorted(restored_levels.keys()) == sorted(live_levels.keys())
    for key in live_levels.keys():  # noqa: SIM118 - not a dict
        assert restored_levels.ladder(*key) == live_levels.ladder(*key)
    assert restored.cells.keys() == live.cells.keys()
    minute = T0 // 60_000 + 59
    for key, cell in live.cells.items():
        other = restored.cells[key]
        assert (other.events, other.usd, other.base_quantity) == (cell.events, cell.usd, cell.base_quantity)
        assert (other.largest_usd, other.first_ms, other.last_ms) == (cell.largest_usd, cell.first_ms, cell.last_ms)
        assert other.window("1h", minute) == cell.window("1h", minute)
        if cell.sizes:
            assert (other.sizes.counts, other.sizes.total) == (cell.sizes.counts, cell.sizes.total)
    assert [restored.has_series(base) for base in ("BTC", "ETH", "SOL", "PEPE", "1INCH")] == [
        live.has_series(base) for base in ("BTC", "ETH", "SOL", "PEPE", "1INCH")
    ]


def test_pending_events_stay_until_settled(database):
    database.write(Batch(pending=[raw(1), raw(2), raw(2)]))
    assert {each.id for each in database.pending()} == {"raw-1", "raw-2"}
    database.write(Batch([liquidation(1, id="raw-1")], settled=[("binance", "raw-1")]))
    assert [each.id for each in database.pending()] == ["raw-2"]
    assert len(list(database.records())) == 1


def test_levels_survive_pruning_and_a_restart(tmp_path):
    path = tmp_path / "journal.db"
    database, levels = Database(path), Levels()
    for record in database.write(Batch([liquidation(n) for n in range(100)])).records:
        levels.apply(record.entry)
    database.write(Batch(checkpoint=Checkpoint(100, [], levels.take_changes())))
    assert database.prune(T0 * 2, 0, 100) == 100
    database.close()
    database, restored = Database(path, readonly=True), Levels()
    restored.restore(database.checkpoint(0).levels)
    database.close()
    assert restored.ladder("BTC", "long") == levels.ladder("BTC", "long") != []


def test_a_snapshot_is_one_state_of_the_file(database):
    database.write(Batch([liquidation(1)]))
    reader = Database(database.path, readonly=True)
    with reader.snapshot():
        assert len(list(reader.records())) == 1
        database.write(Batch([liquidation(2)]))
        assert len(list(reader.records())) == 1
    assert len(list(reader.records())) == 2
    reader.close()


def test_a_page_lacks_nothing_that_is_committed_while_it_is_read(database):
    """Events and feed changes are two tables: a commit between the two queries must not leave a hole behind."""
    database.write(Batch([liquidation(1)]))
    reader = Database(database.path, readonly=True)
    more = [Batch([liquidation(2), down(T0), liquidation(3), down(T0 + 1)])]

    def between(statement):
        if "FROM feed_changes" in statement and "ORDER BY seq LIMIT" in statement and more:
            database.write(more.pop())

    reader._db.set_trace_callback(between)
    seen = []
    while page := reader.read(seen[-1] if seen else 0, 100):
        seen += [record.seq for record in page]
    reader._db.set_trace_callback(None)
    assert not more
    assert seen == [1, 2, 3, 4, 5]
    reader.close()


def test_prune_takes_only_what_is_old_and_checkpointed(database):
    ledger = Ledger(["binance"], [], 10)
    for record in database.write(Batch([liquidation(n) for n in range(100)])).records:
        ledger.apply(record.seq, record.entry)
    before = T0 + 50_000
    assert database.prune(before, 0, 100) == 0, "nothing is in a checkpoint yet"
    database.write(Batch(checkpoint=Checkpoint(ledger.last_seq, ledger.take_changes())))
    assert database.prune(before, 0, 30) == 30, "a store has only read up to 30"
    assert database.prune(before, 0, 100) == 20
    assert database.prune(before, 0, 100) == 0
    assert next(record.seq for record in database.records()) == 51
    assert database.pruned_seq() == 50


def test_the_stores_cursors_are_remembered_until_the_next_ones(tmp_path):
    database = Database(tmp_path / "journal.db")
    assert (database.cursors(), database.pruned_seq()) == ({}, 0)
    database.remember({"redis": 12, "timescale": 7})
    database.close()
    database = Database(tmp_path / "journal.db")
    assert database.cursors() == {"redis": 12, "timescale": 7}
    database.remember({"timescale": 9})
    assert database.cursors() == {"timescale": 9}
    database.close()


def test_sequence_numbers_are_not_reused_when_all_events_are_pruned(tmp_path):
    database = Database(tmp_path / "journal.db")
    ledger = Ledger(["binance"], [], 10)
    database.write(Batch([down(T0)]))
    for record in database.write(Batch([liquidation(n) for n in range(10)])).records:
        ledger.apply(record.seq, record.entry)
    database.write(Batch(checkpoint=Checkpoint(ledger.last_seq, ledger.take_changes())))
    database.prune(T0 * 2, 0, 11)
    database.close()
    database = Database(tmp_path / "journal.db")
    assert database.write(Batch([liquidation(50)])).records[0].seq == 12
    database.close()


def test_newest_filters(database):
    database.write(
        Batch([liquidation(n, notional_usd=n * 100.0, side="short" if n % 2 else "long") for n in range(10)])
    )
    found = database.newest({"side": "short", "min_usd": 300}, 2, 1000)
    assert [record.entry.notional_usd for record in found] == [900.0, 700.0]
    assert [record.seq for record in database.newest({"base": "ETH"}, 5, 1000)] == []
    assert [record.seq for record in database.newest({}, 5, 3)] == [10, 9, 8]


def test_quarantine_is_capped(database):
    for _ in range(13):
        database.write(Batch(samples=[Sample(T0, "bybit", "malformed", b"x")] * 100))
    (rows,) = database._db.execute("SELECT count(*) FROM quarantine").fetchone()
    assert rows == 1000


@pytest.mark.parametrize("damage", ["header", "middle", "text", "foreign", "version"])
def test_a_file_that_cannot_be_used_is_refused_and_left_alone(tmp_path, damage):
    path = tmp_path / "journal.db"
    if damage == "foreign":
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE meta_of_others (x)")
        other.close()
    elif damage == "text":
        path.write_text("hello " * 1000)
    else:
        database = Database(path)
        database.write(Batch([liquidation(n) for n in range(500)]))
        if damage == "version":
            database._db.execute("UPDATE meta SET value = 99 WHERE key = 'schema'")
        database.close()
        if damage != "version":
            content = bytearray(path.read_bytes())
            start = 0 if damage == "header" else len(content) // 2
            content[start : start + 5000] = os.urandom(5000)
            path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(JournalError, match=r"journal\.db"):
        Database(path)
    assert path.read_bytes() == before


def test_old_feed_changes_become_sums_and_every_feed_keeps_its_newest(tmp_path):
    def change(minute, exchange, feed, up):
        return FeedChange(T0 + minute * 60_000, exchange, feed, up=up, reason="" if up else "test")

    changes = [change(0, "bybit", "linear", False), change(1, "okx", "swap", False), change(2, "bybit", "linear", True)]
    changes += [change(3, "bybit", "linear", False), change(4, "bybit", "linear", True)]
    changes += [change(6, "bybit", "linear", False), change(8, "bybit", "linear", True)]
    path = tmp_path / "journal.db"
    database = Database(path)
    database.write(Batch(changes))
    before = T0 + 5 * 60_000
    for _ in range(2):  # the second time there is nothing left to do
        past = summed(database.past_changes(), database.settled_changes(before, database.last_seq))
        database.forget_changes(past)
        assert past == {"bybit": PastChanges(5, T0, 180_000, 0)}
        assert list(database.feed_changes()) == [changes[1], *changes[4:]]
        assert [record.entry for record in database.feed_states(6)] == [changes[1], changes[4]]
        database.close()
        database = Database(path)
    gaps, whole = Gaps(), Gaps()
    gaps.restore(database.past_changes())
    gaps.apply_all(database.feed_changes())
    whole.apply_all(changes)
    for exchange in ("bybit", "okx"):
        assert gaps.seconds(exchange, T0 + 10**7) == whole.seconds(exchange, T0 + 10**7)
    assert list(database.settled_changes(before, 1)) == []
    database.close()


@pytest.mark.parametrize(
    ("schema", "way_out"),
    [
        (VERSION - 1, r"an older version .* go on with that version, or stop, move the journal away"),
        (VERSION + 1, r"a newer version .* use that version, or restore a backup"),
        ("text", "a newer version"),
    ],
)
def test_a_journal_of_another_version_is_refused_with_what_can_be_done(tmp_path, schema, way_out):
    path = tmp_path / "journal.db"
    database = Database(path)
    database._db.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (schema,))
    database.close()
    for readonly in (False, True):
        with pytest.raises(JournalError, match=way_out):
            Database(path, readonly=readonly)


def test_a_reader_needs_an_existing_file(tmp_path):
    with pytest.raises(JournalError, match="has the exporter run"):
        Database(tmp_path / "none.db", readonly=True)


def test_a_reader_reads_while_the_writer_writes(database):
    database.write(Batch([liquidation(1)]))
    reader = Database(database.path, readonly=True)
    database.write(Batch([liquidation(2)]))
    assert len(list(reader.records())) == 2
    with pytest.raises(sqlite3.OperationalError):
        reader.write(Batch([liquidation(3)]))
    reader.close()


def test_a_process_killed_while_writing_leaves_whole_transactions(tmp_path):
    path = tmp_path / "journal.db"
    script = f"""
        from exporter.journal.database import Batch, Database
        from tests.events import liquidation
        database, n = Database(__import__("pathlib").Path({str(path)!r})), 0
        while True:
            database.write(Batch([liquidation(n * 7 + k) for k in range(7)]))
            n += 1
            print(n, flush=True)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE)
    acknowledged = 0
    while acknowledged < 200:
        acknowledged = int(process.stdout.readline())
    process.kill()
    acknowledged = int((process.stdout.read().split() or [acknowledged])[-1])
    process.wait()
    process.stdout.close()
    database = Database(path)
    count = len(list(database.records()))
    database.close()
    assert count % 7 == 0
    assert count >= acknowledged * 7
