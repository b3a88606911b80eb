"""The journal's asynchronous side: entries are queued on the event loop and committed in groups off it.

A commit takes whatever has arrived while the previous one ran; nothing waits for a timer. What is committed goes to
`on_commit`, in order, on the loop: an event is durable before anything counts it.
"""

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from exporter.journal.batch import Batch, Sample, Written
from exporter.journal.checkpoint import Checkpoint
from exporter.journal.database import Database, JournalError
from exporter.journal.room import DISK_FULL, free_bytes, is_full, size_bytes
from exporter.journal.signals import News
from exporter.journal.status import JournalStatus
from exporter.model import FeedChange, Liquidation, RawLiquidation, Record

log = structlog.get_logger()

BATCH_ENTRIES = 2000
CHECKPOINT_RECORDS = 20_000
CHECKPOINT_S = 5.0
RETRY_S = 1.0
SAMPLES_KEPT = 100
PRUNE_PAUSE_S = 0.05
WRITTEN_S = 0.01


class Stamp(msgspec.Struct, frozen=True, gc=False):
    """When a frame arrived (`time.perf_counter`) and what reading it cost, in seconds per event."""

    arrived: float
    cost: float


class Committed(msgspec.Struct):
    """New records, the stamps of their frames (None where unknown), and how many repetitions were refused.

    All of it is empty when nothing but news of the signals was stored.
    """

    records: list[Record]
    stamps: list[Stamp | None]
    duplicates: Counter[str]


class _Delivery(msgspec.Struct):
    """A commit that nobody has been told of yet; `last_seq` is the newest number of the file with it."""

    committed: Committed
    last_seq: int
    told: bool


class Journal:
    """Queue, group commit and recovery around a `Database`.

    `checkpoint` is asked for the ledger's changes every few seconds. While the file fails, up to `queue_events` events
    wait in memory, further ones are dropped and counted, and the file is tried again every second.
    """

    def __init__(
        self,
        database: Database,
        status: JournalStatus,
        *,
        queue_events: int,
        on_commit: Callable[[Committed], None],
        checkpoint: Callable[[], Checkpoint],
    ) -> None:
        self.status = status
        self.status.last_seq = database.last_seq
        self._database: Database | None = database
        self._path: Path = database.path
        self._measure()
        self._queue_events = queue_events
        self._on_commit = on_commit
        self._take_checkpoint = checkpoint
        self._checkpoint_seq = database.last_seq
        self._checkpoint_due = time.monotonic() + CHECKPOINT_S
        self._unwritten: Checkpoint | None = None
        self._batch = Batch()
        self._written: _Delivery | None = None
        self._entries: list[Liquidation | FeedChange] = []
        self._stamps: list[Stamp | None] = []
        self._settling: set[tuple[str, str]] = set()
        self._reached_ms = 0
        self._left = 0
        """How many entries have left the queue, committed or refused as repetitions."""
        self._wake = asyncio.Event()
        self._closing = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")

    def append(self, entry: Liquidation | FeedChange, stamp: Stamp | None = None) -> bool:
        """Queue a record; never blocks. False: the queue is at its bound, the event was dropped and counted."""
        if len(self._entries) >= self._queue_events and type(entry) is Liquidation:
            self.status.dropped += 1
            return False
        self._entries.append(entry)
        self._stamps.append(stamp)
        self._wake.set()
        return True

    def keep_pending(self, raw: RawLiquidation) -> bool:
        """Store an event whose instrument is not known yet; bounded like `append`."""
        if len(self._batch.pending) >= self._queue_events:
            self.status.dropped += 1
            return False
        self._batch.pending.append(raw)
        self._wake.set()
        return True

    async def written(self) -> None:
        """Wait until every entry that is queued now is in the file, however long that takes."""
        due = self._left + len(self._entries)
        while self._left < due:  # noqa: ASYNC110 - asked for seldom; an event would cost every commit
            await asyncio.sleep(WRITTEN_S)

    def settle(self, event: Liquidation) -> bool:
        """Turn a pending event into a record; it stays pending in the file until its record is written."""
        if not self.append(event):
            return False
        self._settling.add((event.exchange, event.id))
        return True

    def discard(self, raw: RawLiquidation) -> None:
        """Give up a pending event."""
        self._batch.settled.append((raw.exchange, raw.id))
        self._wake.set()

    def sample(self, sample: Sample) -> None:
        """Store a frame that could not be used."""
        self._batch.samples.append(sample)
        self._wake.set()

    def tell(self, news: Sequence[News]) -> None:
        """Store what the signals told of; together with it the file learns up to when time has passed."""
        if news:
            self._batch.news += news
            self._wake.set()

    def pass_time(self, to_ms: int) -> bool:
        """Promise that nothing committed from now on is applied before `to_ms`.

        False: it cannot be promised now, because something that was received earlier is not committed yet.
        """
        if self._entries:
            return False
        self._reached_ms = max(self._reached_ms, to_ms)
        return True

    async def run(self) -> None:
        """Write until `close` is called; the last entries and a checkpoint are written before it returns."""
        try:
            while not self._closing:
                await self._wait()
                self._wake.clear()
                await self._write_all()
            await self._write_all(last=True)
        finally:
            self._thread.shutdown()
            if self._database:
                self._database.close()

    def close(self) -> None:
        """Ask `run` to finish."""
        self._closing = True
        self._wake.set()

    async def prune(self, before_ms: int, oldest_minute: int, keep_after_seq: int) -> None:
        """Delete what is older than the retention, a little at a time, so that commits never wait for long."""
        loop = asyncio.get_running_loop()
        more = True
        while more and self._database and self.status.up:
            prune = self._database.prune
            try:
                more = await loop.run_in_executor(self._thread, prune, before_ms, oldest_minute, keep_after_seq) > 0
            except sqlite3.Error as error:  # the next commit meets it too, and deals with it
                log.warning("journal not pruned", error=str(error))
                return
            await asyncio.sleep(PRUNE_PAUSE_S)

    async def remember(self, cursors: Mapping[str, int]) -> None:
        """Keep the stores' cursors in the file, unless it fails."""
        if self._database and self.status.up:
            with suppress(sqlite3.Error):  # the next commit meets it too, and deals with it
                await asyncio.get_running_loop().run_in_executor(self._thread, self._database.remember, cursors)

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(CHECKPOINT_S):
                await self._wake.wait()

    async def _write_all(self, *, last: bool = False) -> None:
        while last or self._entries or self._batch != Batch() or self._due():
            try:
                await self._write_once(checkpoint=last or self._due())
            except (sqlite3.Error, OSError, JournalError) as error:
                self._failed(error)
                if last:
                    lost = len(self._entries)
                    log.error("journal not written", error=str(error), lost_events=lost)  # noqa: TRY400 - no traceback
                    return
                await asyncio.sleep(RETRY_S)
                await self._reopen()
            else:
                last = last and bool(self._entries)
        self._deliver_written()

    def _due(self) -> bool:
        """Tell whether it is time for a checkpoint; it is also the file's sign of life when nothing else is written."""
        behind = self.status.last_seq - self._checkpoint_seq
        return behind >= CHECKPOINT_RECORDS or time.monotonic() >= self._checkpoint_due

    async def _write_once(self, *, checkpoint: bool) -> None:
        """Commit one group, and meanwhile deliver the one before, so that disk and loop need not wait for each other.

        It leaves the queue only after the commit, so that a failure loses nothing.
        """
        if self._unwritten is None and checkpoint:
            self._deliver_written()
            self._unwritten = self._take_checkpoint()
        batch, self._batch = self._batch, Batch()
        batch.entries = self._entries[:BATCH_ENTRIES]
        batch.settled += self._settled_by(batch.entries)
        batch.checkpoint = self._unwritten
        batch.reached_ms = self._reached_ms
        batch.alive_ms = time.time_ns() // 1_000_000
        try:
            writing = self._in_thread(batch)
            self._deliver_written()
            written = await writing
        except BaseException:
            self._batch.pending = batch.pending + self._batch.pending
            self._batch.settled = batch.settled + self._batch.settled
            self._batch.news = batch.news + self._batch.news
            self._batch.samples = (batch.samples + self._batch.samples)[-SAMPLES_KEPT:]
            raise
        self._recovered()
        self._committed(batch, written)

    def _settled_by(self, entries: list[Liquidation | FeedChange]) -> list[tuple[str, str]]:
        if not self._settling:
            return []
        keys = {(entry.exchange, entry.id) for entry in entries if type(entry) is Liquidation}
        return list(keys & self._settling)

    def _committed(self, batch: Batch, written: Written) -> None:
        done = time.perf_counter()
        count = len(batch.entries)
        stamps = self._stamps[:count]
        del self._entries[:count], self._stamps[:count]
        self._left += count
        self._settling.difference_update(batch.settled)
        if len(written.records) != count:
            new = {id(record.entry) for record in written.records}
            stamps = [stamp for entry, stamp in zip(batch.entries, stamps, strict=True) if id(entry) in new]
        for stamp in stamps:
            if stamp:
                self.status.commit_seconds.observe(done - stamp.arrived)
        if batch.checkpoint:
            self._unwritten = None
            # Not the checkpoint's own number: refused repetitions have numbers, too, which the ledger never sees, and
            # the checkpoint would be due for ever.
            self._checkpoint_seq = written.last_seq
            self._checkpoint_due = time.monotonic() + CHECKPOINT_S
        committed = Committed(written.records, stamps, written.duplicates)
        self._written = _Delivery(committed, written.last_seq, bool(batch.news))

    def _deliver_written(self) -> None:
        """Tell of the last commit, unless that was done."""
        if self._written:
            delivery, self._written = self._written, None
            self._deliver(delivery)

    def _deliver(self, delivery: _Delivery) -> None:
        committed = delivery.committed
        self.status.queued = len(self._entries)
        self.status.last_seq = delivery.last_seq
        if self._database:
            self._measure()
        if committed.records or committed.duplicates or delivery.told:
            self._on_commit(committed)

    def _measure(self) -> None:
        with suppress(OSError):  # what fails here fails in the next commit too, and is told there
            self.status.size_bytes = size_bytes(self._path)
            self.status.free_bytes = free_bytes(self._path)

    def _failed(self, error: Exception) -> None:
        """Note a failure; one that follows from a full disk may have another name, so what was full stays so."""
        status = self.status
        was_full, status.queued = status.full, len(self._entries)
        self._measure()
        status.full = was_full or is_full(error, status.free_bytes)
        text = f"{DISK_FULL} ({error})" if status.full else str(error)
        if status.up or status.full != was_full:
            log.error("journal failing", path=str(self._path), error=text, retry_in_s=RETRY_S)
        status.up, status.error = False, text

    def _recovered(self) -> None:
        if not self.status.up:
            log.info(
                "journal recovered",
                path=str(self._path),
                queued=len(self._entries),
                dropped=self.status.dropped,
            )
        self.status.up, self.status.full, self.status.error = True, False, ""

    async def _reopen(self) -> None:
        """Open the file anew, and deliver what a commit with an unknown outcome did write after all."""
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._thread, self._replace)
        except (sqlite3.Error, OSError, JournalError) as error:
            self._failed(error)
            return
        if found:
            log.info("journal holds records of a failed commit", records=len(found))
            self._deliver(_Delivery(Committed(found, [None] * len(found), Counter()), found[-1].seq, told=False))

    def _replace(self) -> list[Record]:
        if self._database:
            self._database.close()
        self._database = None
        self._database = Database(self._path)
        return list(self._database.records(self.status.last_seq))

    def _in_thread(self, batch: Batch) -> asyncio.Future[Written]:
        if self._database is None:
            raise JournalError(f"{self._path}: {self.status.error}")
        return asyncio.get_running_loop().run_in_executor(self._thread, self._database.write, batch)
