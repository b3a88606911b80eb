"""The journal's commits (P12) against the least that SQLite needs: `executemany` of ready rows into the same table.

Both write a file of their own with a write-ahead log and full synchronisation, in transactions of the same size.
The journal gets events as the intake hands them over: it numbers them, makes their rows, writes in a thread of its own,
and gives back the records.
"""

import asyncio
import sqlite3
import tempfile
import time
from pathlib import Path

from msgspec.structs import astuple

from benchmarks.contracts import EXCHANGES, instruments
from benchmarks.frames import Traffic
from benchmarks.report import Measured, Progress, Row, times_as_fast
from exporter.exchanges import REGISTRY
from exporter.exchanges.base import Liquidations
from exporter.journal import Checkpoint, Database, Journal, JournalStatus
from exporter.journal.inserting import insert_statement
from exporter.journal.writer import BATCH_ENTRIES
from exporter.model import Liquidation, resolve

ROUNDS = 9
EVENTS_PER_ROUND = 20_000


class Raw:
    """A bare connection to a journal file."""

    def __init__(self, path: Path) -> None:
        Database(path).close()  # makes the tables
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA synchronous = FULL")
        self._seq = 0

    def rate(self, events: list[Liquidation]) -> float:
        rows = []
        for event in events:
            self._seq += 1
            rows.append((self._seq, event.time_ms, *astuple(event)))
        started = time.perf_counter()
        for start in range(0, len(rows), BATCH_ENTRIES):
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(insert_statement(1), rows[start : start + BATCH_ENTRIES])
            self._db.execute("COMMIT")
        return len(rows) / (time.perf_counter() - started)

    def close(self) -> None:
        self._db.close()


class Ours:
    """A running journal whose records nobody counts."""

    def __init__(self, path: Path) -> None:
        self._delivered = asyncio.Event()
        self._journal = Journal(
            Database(path),
            JournalStatus(),
            queue_events=2 * EVENTS_PER_ROUND,
            on_commit=lambda _: self._delivered.set(),
            checkpoint=lambda: Checkpoint(self._journal.status.last_seq, []),
        )
        self._task = asyncio.create_task(self._journal.run())

    async def rate(self, events: list[Liquidation]) -> float:
        wanted = self._journal.status.last_seq + len(events)
        started = time.perf_counter()
        for event in events:
            self._journal.append(event)
        while self._journal.status.last_seq < wanted:
            self._delivered.clear()
            await self._delivered.wait()
        return len(events) / (time.perf_counter() - started)

    async def close(self) -> None:
        self._journal.close()
        await self._task


def run(progress: Progress, rounds: int = ROUNDS) -> list[Row]:
    return asyncio.run(measure(progress, rounds))


async def measure(progress: Progress, rounds: int) -> list[Row]:
    traffic = Traffic(time.time_ns() // 1_000_000, 200.0)
    raw_rates, our_rates = [], []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        raw, ours = Raw(Path(folder) / "raw.db"), Ours(Path(folder) / "ours.db")
        for number in range(1, rounds + 1):
            progress(f"round {number} of {rounds}")
            events = resolved(traffic)
            if number % 2:
                raw_rates.append(raw.rate(events))
                our_rates.append(await ours.rate(events))
            else:
                our_rates.append(await ours.rate(events))
                raw_rates.append(raw.rate(events))
        raw.close()
        await ours.close()
    ours_measured, loop = Measured("", "events/s", our_rates), Measured("raw sqlite3 loop", "events/s", raw_rates)
    return [times_as_fast("P12", "journal against executemany of sqlite3", ours_measured, loop, 0.6, 0.85)]


def resolved(traffic: Traffic, count: int = EVENTS_PER_ROUND) -> list[Liquidation]:
    known = {name: {each.name: each for each in instruments(name)} for name in EXCHANGES}
    events = []
    for frame in traffic.frames(count):
        parsed = REGISTRY[frame.exchange].parse(frame.body, traffic.now_ms)
        assert isinstance(parsed, Liquidations)
        events += [resolve(raw, known[frame.exchange][raw.instrument]) for raw in parsed.events]
    return events
