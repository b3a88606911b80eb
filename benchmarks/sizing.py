"""What an event takes on disk, in Redis and on the page: the figures behind docs/sizing.md.

The journal's file, TimescaleDB's chunks before and after compression, and Redis' memory are measured after the same
events of 300 coins on three exchanges; the page's lines with every exchange and so many coins.
"""

import asyncio
import time
from pathlib import Path

import asyncpg
from redis.asyncio import Redis

from benchmarks.end_to_end import followed, following, held, servers
from benchmarks.engine import Engine
from benchmarks.frames import Traffic
from benchmarks.memory import resident_mib
from benchmarks.report import Progress, Row, info
from exporter.folder import JOURNAL_FILE
from exporter.logs import set_up
from exporter.metrics import Exposition
from tests.unit.metrics.filled import NOW_MS, busy_view

EVENTS = 200_000
PER_SECOND = 20.0
POLL_S = 0.01
COINS = (20, 100, 300)
SIZE = "SELECT hypertable_size('liquidations')"
COMPRESS = "SELECT compress_chunk(chunk, if_not_compressed => true) FROM show_chunks('liquidations') AS chunk"


def run(progress: Progress) -> list[Row]:
    set_up("error", "logfmt")
    with servers() as (folder, redis, postgres):
        rows = asyncio.run(measure(folder, redis, postgres, progress))
    progress("pages")
    return [*rows, *pages()]


async def measure(folder: Path, redis: str, postgres: str, progress: Progress) -> list[Row]:
    progress(f"{EVENTS:,} events")
    traffic = Traffic(time.time_ns() // 1_000_000 - int(EVENTS / PER_SECOND * 1000), PER_SECOND)
    engine = Engine(folder, followed(redis, postgres))
    async with engine.running():
        await following(engine)
        await engine.take(traffic.frames(EVENTS))
        while held(engine) < engine.journal.status.last_seq:  # noqa: ASYNC110 - of that nobody tells
            await asyncio.sleep(POLL_S)
        resident = resident_mib()
    journal = (folder / JOURNAL_FILE).stat().st_size
    return [
        info("journal, an event with its index", "bytes", [journal / EVENTS]),
        *await timescale(postgres, progress),
        info(f"Redis, {EVENTS:,} events of 300 coins", "MB", [await used(redis)]),
        info(f"exporter, resident after {EVENTS:,} events, stores followed", "MiB", [resident]),
    ]


async def timescale(address: str, progress: Progress) -> list[Row]:
    """Measure the history before and after compression; without TimescaleDB there is neither."""
    connection = await asyncpg.connect(address)
    try:
        if not await connection.fetchval("SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'"):
            return []
        progress("compressing")
        plain = await connection.fetchval(SIZE)
        await connection.execute(COMPRESS)
        compressed = await connection.fetchval(SIZE)
    finally:
        await connection.close()
    return [
        info("TimescaleDB, an event with its indexes", "bytes", [plain / EVENTS]),
        info("TimescaleDB, an event compressed", "bytes", [compressed / EVENTS]),
    ]


async def used(address: str) -> float:
    """Return Redis' memory for data, in MB."""
    async with Redis.from_url(address) as client:
        return (await client.info("memory"))["used_memory_dataset"] / 1e6


def pages() -> list[Row]:
    found = []
    for coins in COINS:
        page = Exposition(busy_view(bases=coins)).render(None, NOW_MS)[0]
        found.append(info(f"series of a page: 12 exchanges, {coins} coins", "lines", [page.count(b"\n")]))
    return found
