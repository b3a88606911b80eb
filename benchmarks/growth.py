"""Whether an event costs the same however many exchanges and instruments there are, and however long the journal is.

Frames of one liquidation each, as the simulated exchanges write them, go through reader, parser, intake, journal file,
ledger and cascade signals; the cost is the CPU of all threads. Every instrument is liquidated as often as the others,
which is the worst case for caches. The first round of each size makes the cells and is not counted.

The journals' files are filled by SQLite itself, every row with an id of its own. Appending is 20,000 more events in
transactions of 1,000, pruning the oldest 20,000 in as many steps; start-up is `python -m exporter` until its first
scrape, with 20,000 events after the checkpoint. Each step is taken at one size after the other, so that what else the
machine does falls on all of them.
"""

import asyncio
import gc
import os
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path

from benchmarks.engine import Engine
from benchmarks.frames import Frame
from benchmarks.report import Progress, Row, at_most, info
from benchmarks.startup import prepared, serve
from benchmarks.wires import Wire
from exporter.config import Metrics
from exporter.exchanges import REGISTRY
from exporter.folder import JOURNAL_FILE
from exporter.journal import Batch, Checkpoint, Database
from exporter.ledger import Ledger
from exporter.logs import set_up
from exporter.model import Liquidation, resolve

SIZES = (10, 100, 1_000, 10_000)
EXCHANGES_SIZE = 1_000
ROUNDS = 4
EVENTS = 30_000
PER_SECOND = 200

ROWS = (100_000, 1_000_000, 10_000_000)
APPENDED = 20_000
BATCH = 1_000
PRUNES = 20
STARTS = 3
CACHE_KIB = 2**20
FLAT, VERY_FLAT = 1.5, 1.2
HOUR_MS, PAST_HOURS = 3_600_000, 40

COPY = """
INSERT INTO events
SELECT seq + :shift, applied_ms + :later, time_ms + :later, received_ms + :later, exchange, instrument, base, quote,
    settle, kind, side, price, price_kind, quantity, quantity_unit, base_quantity, notional_usd, id || :mark, origin,
    usd_rate
FROM events WHERE seq <= :rows
"""


def run(progress: Progress) -> list[Row]:
    set_up("warn", "logfmt")
    return [*instruments(progress), *exchanges(progress), *journals(progress)]


def instruments(progress: Progress) -> list[Row]:
    """Return the cost of an event with more and more instruments, over all exchanges."""
    costs = {}
    for size in SIZES:
        progress(f"{size:,} instruments")
        names = list(REGISTRY)[:size]
        costs[size] = asyncio.run(cost(names, [size // len(names)] * len(names)))
    growth = [many / few for many, few in zip(costs[SIZES[-1]], costs[SIZES[0]], strict=True)]
    return [
        *(info(f"CPU with {size:,} instruments", "µs/event", each) for size, each in costs.items()),
        at_most(f"an event with {SIZES[-1]:,} instruments against one with {SIZES[0]}", "x", growth, FLAT, VERY_FLAT),
    ]


def exchanges(progress: Progress) -> list[Row]:
    """Return the cost of an event with one exchange, each in turn, and with all of them."""
    alone = []
    for name in REGISTRY:
        progress(f"{name} alone")
        alone.append(statistics.median(asyncio.run(cost([name], [EXCHANGES_SIZE]))))
    progress("all exchanges")
    share = EXCHANGES_SIZE // len(REGISTRY)
    together = asyncio.run(cost(list(REGISTRY), [share] * len(REGISTRY)))
    mean = statistics.mean(alone)
    return [
        info("CPU with one exchange, each in turn", "µs/event", alone),
        info(f"CPU with {len(REGISTRY)} exchanges", "µs/event", together),
        at_most(
            f"an event with {len(REGISTRY)} exchanges against the mean of each alone",
            "x",
            [each / mean for each in together],
            FLAT,
            VERY_FLAT,
        ),
    ]


async def cost(names: Sequence[str], sizes: Sequence[int]) -> list[float]:
    """Return the microseconds of CPU per event in each round, while these exchanges have so many instruments."""
    wires = {name: Wire(name, size) for name, size in zip(names, sizes, strict=True)}
    listed = {name: wire.instruments() for name, wire in wires.items()}
    now_ms = time.time_ns() // 1_000_000 - ROUNDS * EVENTS * 1000 // PER_SECOND
    results = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        engine = Engine(Path(folder), listed=listed)
        async with engine.running():
            for _ in range(ROUNDS):
                frames: list[Frame] = []
                for wire in islice(cycle(wires.values()), EVENTS):
                    now_ms += 1000 // PER_SECOND
                    frames.append(wire.frame(now_ms))
                gc.collect()
                spent = time.process_time()
                await engine.take(frames)
                results.append((time.process_time() - spent) / EVENTS * 1e6)
    return results[1:]


def journals(progress: Progress) -> list[Row]:
    """Return what appending, pruning and starting cost with more and more rows, the sizes in turn."""
    appends, prunes, starts = defaultdict(list), defaultdict(list), defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        progress(f"a journal of {ROWS[0]:,} rows")
        events = past(time.time_ns() // 1_000_000 - PAST_HOURS * HOUR_MS)
        runs = {rows: prepared(Path(name) / f"{rows}") for rows in ROWS}
        first, *larger = (run.data / JOURNAL_FILE for run in runs.values())
        begin(first, events)
        for path, rows in zip(larger, ROWS[1:], strict=True):
            progress(f"a journal of {rows:,} rows")
            shutil.copy(first, path)
            fill(path, rows)
        progress("append, start, prune")
        databases = {rows: Database(run.data / JOURNAL_FILE) for rows, run in runs.items()}
        for _ in range(APPENDED // BATCH):
            batch = list(islice(events, BATCH))
            for rows, database in databases.items():
                appends[rows].append(append(database, batch))
        for database in databases.values():
            database.close()
        for _ in range(STARTS):
            for rows, run in runs.items():
                starts[rows].append(serve(run, os.environ, ROWS[0] + APPENDED).seconds)
        databases = {rows: Database(run.data / JOURNAL_FILE) for rows, run in runs.items()}
        for _ in range(PRUNES):
            for rows, database in databases.items():
                prunes[rows].append(prune(database))
        for database in databases.values():
            database.close()
    few, many = ROWS[0], ROWS[-1]
    return [
        *(info(f"append to {rows:,} rows", "µs/event", each) for rows, each in appends.items()),
        grown(f"append to {many:,} rows against {few:,}", appends[many], appends[few]),
        *(info(f"prune of {rows:,} rows", "µs/event", each) for rows, each in prunes.items()),
        grown(f"prune of {many:,} rows against {few:,}", prunes[many], prunes[few]),
        *(info(f"start with {rows:,} rows", "s", each) for rows, each in starts.items()),
        grown(f"start with {many:,} rows against {few:,}", starts[many], starts[few]),
    ]


def grown(what: str, many: Sequence[float], few: Sequence[float]) -> Row:
    anchor = statistics.median(few)
    return at_most(what, "x", [each / anchor for each in many], 2.0, FLAT)


def past(start_ms: int) -> Iterator[Liquidation]:
    """Return events of all exchanges in turn, from a moment on, without an end."""
    wires = [Wire(name, EXCHANGES_SIZE // len(REGISTRY)) for name in REGISTRY]
    known = {wire.name: {each.name: each for each in wire.instruments()} for wire in wires}
    for number, wire in enumerate(cycle(wires)):
        at_ms = start_ms + number * 1000 // PER_SECOND
        for raw in wire.events(at_ms):
            yield resolve(raw, known[wire.name][raw.instrument])


def begin(path: Path, events: Iterator[Liquidation]) -> None:
    """Write the first rows as an exporter does, with a checkpoint that holds them all."""
    metrics = Metrics()
    ledger = Ledger(REGISTRY, metrics.bases, metrics.base_cap)
    database = Database(path)
    for _ in range(ROWS[0] // BATCH):
        for record in database.write(Batch(entries=list(islice(events, BATCH)))).records:
            ledger.apply(record.seq, record.entry)
    database.write(Batch(checkpoint=Checkpoint(ledger.last_seq, ledger.take_changes())))
    database.close()


def fill(path: Path, rows: int) -> None:
    """Copy the first rows until there are so many, each copy later than the one before and under other ids.

    The checkpoint is said to be after all of them, so that a start does not count them.
    """
    with sqlite3.connect(path, isolation_level=None) as file:
        file.execute("PRAGMA synchronous = OFF")
        file.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        newest, first, last = file.execute("SELECT max(seq), min(applied_ms), max(applied_ms) FROM events").fetchone()
        for number in range(1, rows // newest):
            shift, later = number * newest, number * (last - first)
            file.execute(COPY, {"shift": shift, "later": later, "mark": f"+{number}", "rows": newest})
        file.execute("UPDATE meta SET value = (SELECT max(applied_ms) FROM events) WHERE key = 'applied_ms'")
        file.execute("UPDATE meta SET value = (SELECT max(seq) FROM events) WHERE key = 'checkpoint_seq'")
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.close()


def append(database: Database, entries: list[Liquidation]) -> float:
    """Write one transaction; return the microseconds per event."""
    begun = time.perf_counter()
    written = database.write(Batch(entries=entries))
    spent = time.perf_counter() - begun
    assert len(written.records) == BATCH, "an id came twice"
    return spent / BATCH * 1e6


def prune(database: Database) -> float:
    """Delete some of the oldest rows; return the microseconds per event."""
    begun = time.perf_counter()
    gone = database.prune(before_ms=2**62, oldest_minute=0, keep_after_seq=2**62)
    return (time.perf_counter() - begun) / gone * 1e6
