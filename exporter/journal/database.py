"""The journal's SQLite file: one synchronous connection, used by one thread at a time."""

import sqlite3
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from exporter.errors import UserError
from exporter.journal.batch import Batch, Sample, Written
from exporter.journal.changes import forget_changes, read_changes, read_past, read_settled, read_states
from exporter.journal.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from exporter.journal.inserting import insert_events
from exporter.journal.schema import DDL, SELECT_EVENTS, VERSION, of_another_version
from exporter.journal.signals import (
    Saved,
    Telling,
    newest_episodes,
    newest_telling,
    read_saved,
    read_tellings,
    write_news,
)
from exporter.model import FeedChange, Liquidation, PastChanges, RawLiquidation, Record
from exporter.signals.readings import Episode

QUICK_CHECK_BYTES = 64 << 20
"""Files up to this size are checked page by page when they are opened; a larger one would delay the start."""
QUARANTINE_ROWS = 1000
NEWEST_SEQ = 1 << 62
PRUNE_ROWS = 1000


class JournalError(UserError):
    """The journal file cannot be used; the message names it and the way out."""


class Database:
    """An open journal.

    `uuid` identifies the file for stores that follow it; `last_seq` is the newest record's, `last_applied_ms` is the
    instant before which none will be applied any more.
    Methods raise `sqlite3.Error` when the file fails them.
    """

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        """Open or create the file; raises `JournalError` when it is not a journal of ours."""
        self.path = path
        if readonly and not path.exists():
            raise JournalError(f"{path}: no journal here; has the exporter run with this data folder?")
        try:
            self._db = _connect(path, readonly)
        except sqlite3.OperationalError as error:
            raise JournalError(
                f"{path}: the journal cannot be opened ({error}); check the folder's permissions"
            ) from None
        try:
            self._check(readonly)
            self.uuid = str(self._meta("uuid"))
            self.last_seq, self.last_applied_ms = self._last()
        except sqlite3.OperationalError as error:
            self._db.close()
            raise JournalError(f"{path}: the journal cannot be used ({error}); check disk and permissions") from None
        except sqlite3.DatabaseError as error:
            self._db.close()
            way_out = "move it away to start anew, or put back a copy"
            raise JournalError(f"{path}: the journal is damaged ({error}); {way_out}") from None
        except JournalError:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def write(self, batch: Batch) -> Written:
        """Write a batch in one durable transaction: all of it, or nothing."""
        seq, applied = self.last_seq, max(self.last_applied_ms, batch.reached_ms)
        records: list[Record] = []
        for entry in batch.entries:
            seq += 1
            at = entry.time_ms
            if type(entry) is Liquidation and entry.received_ms < at:
                at = entry.received_ms
            if at > applied:
                applied = at
            records.append(Record(seq, applied, entry))
        with self._transaction():
            written = self._insert(records, seq)
            self._write_pending(batch)
            self._write_samples(batch.samples)
            if batch.checkpoint:
                write_checkpoint(self._db, batch.checkpoint)
            write_news(self._db, batch.news)
            self._db.executemany(
                "UPDATE meta SET value = ? WHERE key = ?", [(batch.alive_ms, "alive_ms"), (applied, "applied_ms")]
            )
        self.last_seq, self.last_applied_ms = seq, applied
        return written

    def read(self, after_seq: int, limit: int) -> list[Record]:
        """Return the records after a sequence number, oldest first, at most `limit`."""
        newest = self.newest_seq()  # what another connection commits between the two queries is left out of both
        span = (after_seq, newest, limit)
        events = self._db.execute(f"{SELECT_EVENTS} WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?", span)
        records = [Record(row[0], row[1], Liquidation(*row[2:])) for row in events]
        changes = self._db.execute(
            "SELECT seq, applied_ms, time_ms, exchange, feed, up, reason FROM feed_changes "
            "WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
            span,
        )
        end = records[-1].seq if len(records) == limit else None
        for row in changes:
            if end is None or row[0] < end:
                time_ms, exchange, feed, up, reason = row[2:]
                records.append(Record(row[0], row[1], FeedChange(time_ms, exchange, feed, bool(up), reason)))
        records.sort(key=lambda record: record.seq)
        return records[:limit]

    def newest_seq(self) -> int:
        """Return the newest sequence number, whichever connection wrote it."""
        return self._last()[0]

    def reached_ms(self) -> int:
        """Return the instant before which nothing will be applied any more, whichever connection moved it on."""
        return self._last()[1]

    def records(self, after_seq: int = 0, page: int = 5000) -> Iterator[Record]:
        """Iterate over all records after a sequence number."""
        while chunk := self.read(after_seq, page):
            yield from chunk
            after_seq = chunk[-1].seq

    def events_by_time(self, since_ms: int, until_ms: int) -> Iterator[Liquidation]:
        """Iterate over the events that happened from `since_ms` on and before `until_ms`, ordered by time."""
        rows = self._db.execute(
            f"{SELECT_EVENTS} WHERE time_ms >= ? AND time_ms < ? ORDER BY time_ms, seq", (since_ms, until_ms)
        )
        return (Liquidation(*row[2:]) for row in rows)

    def newest(self, filters: Mapping[str, str | float], limit: int, depth: int) -> list[Record]:
        """Return the newest events, newest first, among the last `depth` records.

        `filters` may hold `exchange`, `base`, `side` (equal) and `min_usd` (at least).
        """
        conditions, values = ["seq > ?"], [self.newest_seq() - depth]
        for name, value in filters.items():
            conditions.append("notional_usd >= ?" if name == "min_usd" else f"{name} = ?")
            values.append(value)  # type: ignore[arg-type]  # sqlite takes both
        query = f"{SELECT_EVENTS} WHERE {' AND '.join(conditions)} ORDER BY seq DESC LIMIT ?"
        rows = self._db.execute(query, (*values, limit))
        return [Record(row[0], row[1], Liquidation(*row[2:])) for row in rows]

    def checkpoint(self, oldest_minute: int) -> Checkpoint:
        """Return the last checkpoint: all cells, with minute buckets from `oldest_minute` on, and all price levels."""
        with self.snapshot():
            return read_checkpoint(self._db, oldest_minute)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Have all reads inside the block see one state of the file, whatever another connection writes meanwhile."""
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("ROLLBACK")

    def alive_ms(self) -> int:
        """Return when the file was last written to, 0 when never."""
        return int(self._meta("alive_ms"))

    def pending(self) -> list[RawLiquidation]:
        """Return the events that wait for their instrument."""
        rows = self._db.execute("SELECT event FROM pending")
        return [msgspec.json.decode(row[0], type=RawLiquidation) for row in rows]

    def feed_states(self, before_seq: int = NEWEST_SEQ) -> list[Record]:
        """Return the newest change of every feed before a sequence number, oldest first; filled outages are none."""
        return read_states(self._db, before_seq)

    def feed_changes(self) -> Iterator[FeedChange]:
        """Iterate over all feed changes that are kept, oldest first."""
        return (change for _, _, change in read_changes(self._db))

    def settled_changes(self, before_ms: int, last_seq: int) -> Iterator[tuple[int, FeedChange]]:
        """Iterate over those applied before an instant, up to a record, that no sum contains: number and change."""
        return read_settled(self._db, before_ms, last_seq)

    def past_changes(self) -> dict[str, PastChanges]:
        """Return the sums of those that are not, by exchange."""
        return read_past(self._db)

    def forget_changes(self, past: Mapping[str, PastChanges]) -> None:
        """Keep sums instead of the feed changes that they contain."""
        with self._transaction():
            forget_changes(self._db, past)

    def saved_signals(self) -> Saved | None:
        """Return the newest state of the signals, None when there is none yet."""
        return read_saved(self._db)

    def tellings(self, after: int, limit: int) -> list[Telling]:
        """Return what the signals told of after a number, oldest first."""
        return read_tellings(self._db, after, limit)

    def newest_telling(self) -> int:
        """Return the number of the newest telling, 0 without any."""
        return newest_telling(self._db)

    def newest_episodes(self, limit: int) -> list[Episode]:
        """Return the episodes that were told of last, the last one first."""
        return newest_episodes(self._db, limit)

    def prune(self, before_ms: int, oldest_minute: int, keep_after_seq: int) -> int:
        """Delete some events applied before `before_ms`, and old minutes; returns how many events went.

        Nothing after `keep_after_seq` goes, nor anything the checkpoint does not contain yet.
        """
        safe = min(keep_after_seq, int(self._meta("checkpoint_seq")))
        with self._transaction():
            last, gone = self._db.execute(
                "SELECT max(seq), count(*) FROM "
                "(SELECT seq, applied_ms FROM events WHERE seq <= ? ORDER BY seq LIMIT ?) WHERE applied_ms < ?",
                (safe, PRUNE_ROWS, before_ms),
            ).fetchone()
            if gone:
                self._db.execute("DELETE FROM events WHERE seq <= ?", (last,))
                self._db.execute("UPDATE meta SET value = ? WHERE key = 'pruned_seq'", (last,))
            self._db.execute("DELETE FROM minutes WHERE minute < ?", (oldest_minute,))
        return int(gone)

    def pruned_seq(self) -> int:
        """Return up to which sequence number events have been deleted, 0 when none were."""
        return int(self._meta("pruned_seq"))

    def held_events(self, last_seq: int) -> int:
        """Return how many events up to a sequence number are still here."""
        (count,) = self._db.execute("SELECT count(*) FROM events WHERE seq <= ?", (last_seq,)).fetchone()
        return int(count)

    def cursors(self) -> dict[str, int]:
        """Return up to which record each store held everything when `remember` was told so last."""
        rows = self._db.execute("SELECT substr(key, 8), value FROM meta WHERE key LIKE 'cursor:%'")
        return dict(rows.fetchall())

    def remember(self, cursors: Mapping[str, int]) -> None:
        """Keep the stores' cursors; those of stores that are not given are forgotten."""
        with self._transaction():
            self._db.execute("DELETE FROM meta WHERE key LIKE 'cursor:%'")
            self._db.executemany(
                "INSERT INTO meta VALUES (?, ?)", [(f"cursor:{name}", seq) for name, seq in cursors.items()]
            )

    def _insert(self, records: Sequence[Record], last_seq: int) -> Written:
        astuple = msgspec.structs.astuple
        events = [(r.seq, r.applied_ms, *astuple(r.entry)) for r in records if type(r.entry) is Liquidation]
        inserted = insert_events(self._db, events)
        self._db.executemany(
            "INSERT INTO feed_changes VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(r.seq, r.applied_ms, *astuple(r.entry)) for r in records if type(r.entry) is FeedChange],
        )
        if inserted == len(events):
            return Written(list(records), Counter(), last_seq)
        first = records[0].seq
        fresh = {row[0] for row in self._db.execute("SELECT seq FROM events WHERE seq >= ?", (first,))}
        accepted, duplicates = [], Counter[str]()
        for record in records:
            if type(record.entry) is FeedChange or record.seq in fresh:
                accepted.append(record)
            else:
                duplicates[record.entry.exchange] += 1
        return Written(accepted, duplicates, last_seq)

    def _write_pending(self, batch: Batch) -> None:
        rows = [(raw.exchange, raw.id, msgspec.json.encode(raw).decode()) for raw in batch.pending]
        self._db.executemany("INSERT OR IGNORE INTO pending VALUES (?, ?, ?)", rows)
        self._db.executemany("DELETE FROM pending WHERE exchange = ? AND id = ?", batch.settled)

    def _write_samples(self, samples: Iterable[Sample]) -> None:
        rows = [msgspec.structs.astuple(sample) for sample in samples]
        if not rows:
            return
        self._db.executemany("INSERT INTO quarantine (received_ms, exchange, reason, frame) VALUES (?, ?, ?, ?)", rows)
        self._db.execute(
            "DELETE FROM quarantine WHERE number <= (SELECT max(number) FROM quarantine) - ?",
            (QUARANTINE_ROWS,),
        )

    def _create(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        meta = {"schema": VERSION, "uuid": str(uuid.uuid4()), "checkpoint_seq": 0, "pruned_seq": 0}
        meta |= {"alive_ms": 0, "applied_ms": 0}
        with self._transaction():
            for statement in DDL.split(";"):
                self._db.execute(statement)
            self._db.executemany("INSERT INTO meta VALUES (?, ?)", list(meta.items()))

    def _check(self, readonly: bool) -> None:
        self._db.execute("PRAGMA synchronous = FULL")
        if not readonly and self.path.stat().st_size <= QUICK_CHECK_BYTES:
            (verdict,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise sqlite3.DatabaseError(verdict)
        tables = {row[0] for row in self._db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not tables and not readonly:
            self._create()
        elif "meta" not in tables:
            raise JournalError(
                f"{self.path}: a SQLite file, but not a journal of this exporter; choose another --data.dir"
            )
        version = self._meta("schema")
        if version != VERSION:
            raise JournalError(f"{self.path}: {of_another_version(version)}")

    def _meta(self, key: str) -> Any:  # noqa: ANN401 - integers and texts share the column
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise sqlite3.DatabaseError(f"meta.{key} is missing")
        return row[0]

    def _last(self) -> tuple[int, int]:
        """Return the newest sequence number and the instant that was reached, over both kinds of records."""
        last_seq, last_applied_ms = int(self._meta("checkpoint_seq")), int(self._meta("applied_ms"))
        for table in ("events", "feed_changes"):
            query = f"SELECT seq, applied_ms FROM {table} ORDER BY seq DESC LIMIT 1"  # noqa: S608 - our own names
            for seq, applied_ms in self._db.execute(query):
                last_seq, last_applied_ms = max(last_seq, seq), max(last_applied_ms, applied_ms)
        return last_seq, last_applied_ms

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise


def _connect(path: Path, readonly: bool) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode={'ro' if readonly else 'rwc'}"
    return sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False, timeout=5.0)
