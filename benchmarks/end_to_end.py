"""From frames into both stores, with journal and cascade signals on: how many a second (P10), and how late (P11).

Exporter, redis-server and PostgreSQL (with TimescaleDB where it is installed) are real and share this machine's cores.
*Naive* is a program that sends each event by itself, a pipeline to Redis and an INSERT to PostgreSQL, and is spared
reading the frames. *Late* is the time from a frame's arrival until the journal, or a store, has its last event for
certain, looked up every millisecond, while the page is rendered every 5 s.
"""

import asyncio
import statistics
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import asyncpg
from redis.asyncio import Redis

from benchmarks.engine import Engine
from benchmarks.frames import Traffic
from benchmarks.journal import resolved
from benchmarks.report import Measured, Progress, Row, at_least, at_most, info, times_as_fast
from benchmarks.stores_redis import PerEvent
from benchmarks.stores_sql import COLUMNS, rows_of
from exporter.config import RedisSection, Stores, TimescaleSection
from exporter.logs import set_up
from exporter.model import Record
from stack.programs import has_timescale
from tests import services
from tests.redis_server import new_server

ROUNDS = 5
OURS = 40_000
NAIVE = 2_000
PER_SECOND = 200.0
RATES = (1_000, 5_000)
PACED_S = 20.0
SETTLING_S = 2.0
TICK_S = 0.001
SCRAPE_EVERY_S = 5.0
INSERT = f"INSERT INTO liquidations_naive ({', '.join(COLUMNS)}) VALUES ({{}}) ON CONFLICT DO NOTHING"


class Naive:
    """One event, one pipeline, one INSERT."""

    def __init__(self, redis: "Redis[str]", connection: asyncpg.Connection) -> None:
        self._redis, self._connection = PerEvent(redis), connection
        self._insert = INSERT.format(", ".join(f"${number}" for number in range(1, len(COLUMNS) + 1)))
        self._seq = 0

    async def rate(self, traffic: Traffic) -> float:
        events = resolved(traffic, NAIVE)
        started = time.perf_counter()
        for event in events:
            self._seq += 1
            record = Record(self._seq, event.time_ms, event)
            await asyncio.gather(
                self._redis.write(record), self._connection.execute(self._insert, *rows_of([record])[0])
            )
        return len(events) / (time.perf_counter() - started)


class Late:
    """How late everything that arrived is found at one place, whose newest sequence number is asked for."""

    def __init__(self) -> None:
        self.ms: list[float] = []
        self._waiting: deque[tuple[int, float]] = deque()

    def arrived(self, seq: int, at: float) -> None:
        self._waiting.append((seq, at))

    def reached(self, seq: int, now: float) -> None:
        while self._waiting and self._waiting[0][0] <= seq:
            self.ms.append((now - self._waiting.popleft()[1]) * 1000)

    @property
    def p99_ms(self) -> float:
        return statistics.quantiles(self.ms, n=100)[-1]


def run(progress: Progress) -> list[Row]:
    set_up("error", "logfmt")
    with servers() as (folder, redis, postgres):
        return asyncio.run(measure(folder, redis, postgres, progress))


@contextmanager
def servers() -> Iterator[tuple[Path, str, str]]:
    """Run both servers; a folder, and their addresses."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        postgres = services.Postgres(timescale=has_timescale(), options=("-c", "fsync=on"))
        redis = new_server(Path(name), "--appendonly", "yes").start()
        try:
            yield Path(name), redis.address, postgres.url(postgres.new_database())
        finally:
            redis.kill()
            postgres.stop()


async def measure(folder: Path, redis: str, postgres: str, progress: Progress) -> list[Row]:
    traffic = Traffic(time.time_ns() // 1_000_000 - int(ROUNDS * OURS / PER_SECOND * 1000), PER_SECOND)
    ours, naive, cpu = [], [], []
    engine = Engine(folder, followed(redis, postgres))
    async with engine.running(), naive_writer(redis, postgres, engine) as writer:
        for number in range(1, ROUNDS + 1):
            progress(f"round {number} of {ROUNDS}")
            naive.append(await writer.rate(Traffic(traffic.now_ms, PER_SECOND, seed=number + 1)))
            spent = time.process_time()
            ours.append(await rate(engine, traffic))
            cpu.append((time.process_time() - spent) / OURS * 1e6)
        late = [row for per_second in RATES for row in await paced(engine, traffic, per_second, progress)]
        lost, _ = engine.differences(traffic)
    fast, slow = Measured("", "events/s", ours), Measured("naive", "events/s", naive)
    return [
        times_as_fast("P10", "into both stores, journal and signals on", fast, slow, 6, 8),
        at_least("the same", "events/s", ours, 20_000, goal="P10"),
        info("CPU of the exporter, all threads", "µs/event", cpu),
        *late,
        at_most("sent and not counted, or counted twice", "events", [lost], 0),
    ]


def followed(redis: str, postgres: str) -> Stores:
    return Stores(redis=RedisSection(url=redis), timescale=TimescaleSection(url=postgres))


async def following(engine: Engine) -> None:
    """Wait until both stores are followed."""
    while not all(store.up for store in engine.view.stores.values()):  # noqa: ASYNC110 - of that nobody tells
        await asyncio.sleep(TICK_S)


@asynccontextmanager
async def naive_writer(redis: str, postgres: str, engine: Engine) -> AsyncIterator[Naive]:
    """Have the naive writer ready, with a table of its own, once both stores are followed."""
    await following(engine)
    connection = await asyncpg.connect(postgres)
    await connection.execute("CREATE TABLE liquidations_naive (LIKE liquidations INCLUDING ALL)")
    async with Redis.from_url(redis, decode_responses=True) as client:
        yield Naive(client, connection)
    await connection.close()


async def rate(engine: Engine, traffic: Traffic) -> float:
    """Return events a second until both stores have everything."""
    frames = traffic.frames(OURS)
    started = time.perf_counter()
    await engine.take(frames)
    while held(engine) < engine.journal.status.last_seq:  # noqa: ASYNC110 - as above
        await asyncio.sleep(TICK_S)
    return sum(frame.events for frame in frames) / (time.perf_counter() - started)


def held(engine: Engine) -> int:
    """Return up to which record both stores have everything."""
    return min(store.cursor_seq or 0 for store in engine.view.stores.values())


async def paced(engine: Engine, traffic: Traffic, per_second: int, progress: Progress) -> Sequence[Row]:
    progress(f"{per_second:,} events a second for {PACED_S:.0f} s")
    frames = traffic.frames(int(per_second * (PACED_S + SETTLING_S)))
    places = {"the journal": Late(), **{name: Late() for name in engine.view.stores}}
    scraping = asyncio.create_task(scrape(engine))
    seq, taken, number, begin = engine.journal.status.last_seq, 0, 0, time.perf_counter()
    while number < len(frames) or held(engine) < seq:
        now = time.perf_counter()
        due = (now - begin) * per_second
        while number < len(frames) and taken < due:
            engine.read([frames[number]])
            taken, seq = taken + frames[number].events, seq + frames[number].events
            number += 1
            if now - begin > SETTLING_S:
                for late in places.values():
                    late.arrived(seq, now)
        note(engine, places)
        await asyncio.sleep(TICK_S)
        note(engine, places)
    scraping.cancel()
    with suppress(asyncio.CancelledError):
        await scraping
    what = f"arrival until {{}} has it, p99, at {per_second:,} events/s"
    return [at_most(what.format(name), "ms", [late.p99_ms], 25, 5, goal="P11") for name, late in places.items()]


def note(engine: Engine, places: dict[str, Late]) -> None:
    now = time.perf_counter()
    places["the journal"].reached(engine.journal.status.last_seq, now)
    for name, store in engine.view.stores.items():
        places[name].reached(store.cursor_seq or 0, now)


async def scrape(engine: Engine) -> None:
    while True:
        await asyncio.sleep(SCRAPE_EVERY_S)
        await asyncio.to_thread(engine.render)


def profiled() -> None:
    """Take events into both stores and do nothing else, for a profiler."""
    set_up("error", "logfmt")
    with servers() as (folder, redis, postgres):
        asyncio.run(_profiled(Engine(folder, followed(redis, postgres))))


async def _profiled(engine: Engine) -> None:
    traffic = Traffic(time.time_ns() // 1_000_000 - int(ROUNDS * OURS / PER_SECOND * 1000), PER_SECOND)
    async with engine.running():
        await following(engine)
        for _ in range(ROUNDS):
            await rate(engine, traffic)
