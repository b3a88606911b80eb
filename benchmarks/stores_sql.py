"""The history (P9) against other ways to write the same rows into the same table, alternated in one run.

*Ours* is the store's `write` with batches of 1,000 records: events with conflicts ignored, feed changes, cursor and
lease in one statement. *executemany* is asyncpg's, 1,000 rows in a transaction with conflicts ignored. *COPY* has no
answer to a duplicate and is the ceiling of what the server can take. All begin with records and include turning them
into rows. *Again* sends what is there already. The server is real and writes through to the disk (fsync on).

With `--large` 10 million rows over 45 days are queried as boards do: `python -m benchmarks.stores_sql --large`.
"""

import asyncio
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import asyncpg

from benchmarks.report import Measured, Progress, Row, at_least, at_most, info, output, table, times_as_fast
from exporter.journal import Database
from exporter.levels import bucket
from exporter.logs import set_up
from exporter.model import SIDES, Liquidation, Record
from exporter.stores import Holder, Standing
from exporter.stores.migrations import Flavour, migrate
from exporter.stores.timescale import TimescaleOptions, TimescaleStore
from exporter.stores.timescale_chores import refresh_late
from stack.programs import has_timescale
from tests import services
from tests.events import liquidation

ROUNDS = 7
EVENTS = 20_000
BATCH = 1_000
COINS = 300
LARGE_ROWS = 10_000_000
LARGE_DAYS = 45
QUERIES = 9

COLUMNS = [name.removesuffix("_ms") for name in (*Liquidation.__struct_fields__, "level")]
MANY = f"INSERT INTO liquidations_many ({', '.join(COLUMNS)}) VALUES ({{}}) ON CONFLICT DO NOTHING"

FILL = """
INSERT INTO liquidations
SELECT t, t + interval '50 ms', e, b || 'USDT', b, 'USDT', 'USDT', 'perpetual', s, p, 'fill', q, 'base', q, q * p,
    floor(ln(p) / ln(1.001::float8))::int, 'id-' || i, 'live'
FROM (
    SELECT
        i,
        now() - interval '{days} days' + i * (interval '{days} days' / {rows}) AS t,
        (ARRAY['binance', 'bybit', 'okx', 'gate', 'htx', 'bitget', 'bitmex', 'deribit'])[1 + floor(8 * random() ^ 2)] e,
        'COIN' || floor(300 * random() ^ 3)::int AS b,
        (ARRAY['long', 'short'])[1 + (random() > 0.5)::int] AS s,
        100 * (1 + random()) AS p,
        (1 - random()) ^ -0.8 AS q
    FROM generate_series({first}, {last}) AS i
) AS made
"""
TOTALS = "SELECT * FROM liquidation_totals WHERE base = 'COIN0'"
ALL_TOTALS = "SELECT * FROM liquidation_totals"
DAY = {
    "24 h of all coins, by quarter of an hour and side": """
        SELECT time_bucket('15 minutes', time) AS t, side, sum(notional_usd), sum(events)
        FROM liquidations_1m WHERE time > now() - interval '24 hours' GROUP BY t, side""",
    "24 h by coin and side": """
        SELECT base, side, sum(notional_usd), sum(events), max(largest_usd)
        FROM liquidations_1h WHERE time > now() - interval '24 hours' GROUP BY base, side""",
}
MONTH = {
    "30 d of one coin, by hour and side": """
        SELECT time, side, sum(notional_usd), sum(events)
        FROM liquidations_1h WHERE time > now() - interval '30 days' AND base = 'COIN0' GROUP BY time, side""",
    "30 d by coin and side": """
        SELECT base, side, sum(notional_usd), sum(events)
        FROM liquidations_1d WHERE time > now() - interval '30 days' GROUP BY base, side""",
    "30 d by day, exchange and side": """
        SELECT time, exchange, side, sum(notional_usd), sum(events)
        FROM liquidations_1d WHERE time > now() - interval '30 days' GROUP BY time, exchange, side""",
}


class Market:
    """Records of the present, of many coins, most of them of a few."""

    def __init__(self) -> None:
        self._draw = Random(7)
        self._seq = 0

    def records(self, count: int) -> list[Record]:
        return [self._record() for _ in range(count)]

    def _record(self) -> Record:
        draw = self._draw
        self._seq += 1
        coin = f"COIN{int(COINS * draw.random() ** 3)}"
        quantity, price = draw.lognormvariate(0, 2), draw.lognormvariate(3, 2)
        now_ms = time.time_ns() // 1_000_000
        event = liquidation(
            time_ms=now_ms,
            received_ms=now_ms + 40,
            exchange=draw.choice(("binance", "bybit", "okx")),
            instrument=f"{coin}USDT",
            base=coin,
            side=draw.choice(SIDES),
            price=price,
            quantity=quantity,
            base_quantity=quantity,
            notional_usd=quantity * price,
            id=f"{coin}USDT-{self._seq}-{price:.5f}-{quantity:.3f}",
        )
        return Record(self._seq, now_ms, event)


def rows_of(records: list[Record]) -> list[tuple[object, ...]]:
    """Turn records into rows as a program would that passes what the driver wants."""
    rows = []
    for record in records:
        event = record.entry
        assert isinstance(event, Liquidation)
        values = [getattr(event, name) for name in Liquidation.__struct_fields__[2:]]
        level = bucket(event.notional_usd / event.base_quantity)
        rows.append((_instant(event.time_ms), _instant(event.received_ms), *values, level))
    return rows


def _instant(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC)


class Bench:
    """One database with the store's table and copies of it for the others."""

    def __init__(self, store: TimescaleStore, connection: asyncpg.Connection) -> None:
        self.store = store
        self._connection = connection
        self._many = MANY.format(", ".join(f"${number}" for number in range(1, len(COLUMNS) + 1)))

    async def make_copies(self, *, timescale: bool) -> None:
        for name in ("liquidations_many", "liquidations_copy"):
            await self._connection.execute(f"CREATE TABLE {name} (LIKE liquidations INCLUDING ALL)")
            if timescale:
                partition = "by_range('time', INTERVAL '1 day'), create_default_indexes => false"
                await self._connection.execute(f"SELECT create_hypertable('{name}', {partition})")

    async def ours(self, records: list[Record]) -> None:
        await self.store.write(records)

    async def many(self, records: list[Record]) -> None:
        await self._connection.executemany(self._many, rows_of(records))

    async def copy(self, records: list[Record]) -> None:
        await self._connection.copy_records_to_table("liquidations_copy", records=rows_of(records), columns=COLUMNS)


async def rate(write: Callable[[list[Record]], Awaitable[None]], records: list[Record]) -> tuple[float, float]:
    """Return events a second, and microseconds of our own CPU time an event."""
    started, cpu = time.perf_counter(), time.process_time()
    for start in range(0, len(records), BATCH):
        await write(records[start : start + BATCH])
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    return len(records) / seconds, cpu / len(records) * 1e6


def run(progress: Progress, rounds: int = ROUNDS) -> list[Row]:
    set_up("warn", "logfmt")
    server = services.Postgres(timescale=has_timescale(), options=("-c", "fsync=on"))
    try:
        return asyncio.run(writing(server, rounds, progress))
    finally:
        server.stop()


async def writing(server: services.Postgres, rounds: int, progress: Progress) -> list[Row]:
    address = server.url(server.new_database())
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = Path(folder, "journal.db")
        database = Database(path)
        holder = Holder("bench", 1, 1, database.uuid)
        database.close()
        store = TimescaleStore(TimescaleOptions(address), path)
        await store.connect(holder)
        await store.resume(Standing.NEW)
        connection = await asyncpg.connect(address)
        bench = Bench(store, connection)
        await bench.make_copies(timescale=server.timescale)
        figures = await alternate(bench, rounds, progress)
        await connection.close()
        await store.close()
    return report(figures, "TimescaleDB" if server.timescale else "PostgreSQL")


async def alternate(bench: Bench, rounds: int, progress: Progress) -> dict[str, list[float]]:
    market = Market()
    figures: dict[str, list[float]] = {name: [] for name in ("ours", "many", "copy", "again", "cpu", "many_cpu")}
    for number in range(rounds + 1):
        progress(f"round {number} of {rounds}" if number else "warming up")
        records = market.records(EVENTS)
        turns = [("ours", bench.ours), ("many", bench.many), ("copy", bench.copy)]
        found = {name: await rate(write, records) for name, write in (turns if number % 2 else reversed(turns))}
        again, _ = await rate(bench.ours, records)
        if number:
            for name, (fast, _) in found.items():
                figures[name].append(fast)
            figures["again"].append(again)
            figures["cpu"].append(found["ours"][1])
            figures["many_cpu"].append(found["many"][1])
    return figures


def report(figures: dict[str, list[float]], title: str) -> list[Row]:
    again = [repeated / fresh for repeated, fresh in zip(figures["again"], figures["ours"], strict=True)]
    ours = Measured("", "rows/s", figures["ours"])
    many, copy = Measured("", "rows/s", figures["many"]), Measured("", "rows/s", figures["copy"])
    return [
        times_as_fast("P9", f"{title} against executemany of 1,000", ours, many, 0.9, 1.15),
        times_as_fast("P9", f"{title} against COPY, which knows no duplicates", ours, copy, 0.4, 0.5),
        at_least("what is there already against what is new", "x", again, 1.0, 1.3),
        info("ours, CPU of the exporter", "µs/event", figures["cpu"]),
        info("executemany, CPU of the exporter", "µs/event", figures["many_cpu"]),
    ]


def run_large(progress: Progress) -> list[Row]:
    set_up("warn", "logfmt")
    if not has_timescale():
        sys.exit("error: the goals for queries are for TimescaleDB, which is not installed for this PostgreSQL")
    server = services.Postgres(timescale=True, options=("-c", "shared_buffers=512MB", "-c", "max_wal_size=4GB"))
    try:
        return asyncio.run(querying(server, progress))
    finally:
        server.stop()


async def querying(server: services.Postgres, progress: Progress) -> list[Row]:
    connection = await asyncpg.connect(server.url(server.new_database()))
    refreshed = await fill(connection, progress)
    progress("querying")
    rows = [at_most("totals of one coin", "ms", await times(connection, TOTALS), 100)]
    for what, query in (DAY | MONTH).items():
        rows.append(at_most(what, "ms", await times(connection, query), 200))
    rows.append(info("totals of all coins", "ms", await times(connection, ALL_TOTALS)))
    size = await connection.fetchval("SELECT hypertable_size('liquidations')")
    rows.append(info("raw rows", "bytes each, before compression", [size / LARGE_ROWS]))
    rows.append(info("refresh of all aggregates from nothing", "s", [refreshed]))
    await connection.close()
    return rows


async def fill(connection: asyncpg.Connection, progress: Progress) -> float:
    """Make the history of 10 million events; returns how many seconds the aggregates took."""
    assert await migrate(connection) is Flavour.TIMESCALE
    step = LARGE_ROWS // 20
    for first in range(0, LARGE_ROWS, step):
        progress(f"{first:,} of {LARGE_ROWS:,} rows")
        await connection.execute(FILL.format(days=LARGE_DAYS, rows=LARGE_ROWS, first=first + 1, last=first + step))
    progress("refreshing the aggregates")
    await connection.execute("UPDATE exporter_state SET dirty_from = now() - interval '50 days', dirty_until = now()")
    started = time.perf_counter()
    await refresh_late(connection, Flavour.TIMESCALE)
    refreshed = time.perf_counter() - started
    await connection.execute("ANALYZE")
    whole = await connection.fetchval("SELECT sum(events)::bigint FROM liquidation_totals")
    assert whole == LARGE_ROWS, whole
    return refreshed


async def times(connection: asyncpg.Connection, query: str) -> list[float]:
    """Run a query several times, after once to warm up; milliseconds."""
    taken = []
    for number in range(QUERIES + 1):
        started = time.perf_counter()
        await connection.fetch(query)
        if number:
            taken.append((time.perf_counter() - started) * 1000)
    return taken


def main() -> int:
    parser = ArgumentParser(prog="python -m benchmarks.stores_sql", description="Measure the history.")
    parser.add_argument("--large", action="store_true", help="query 10 million rows instead (takes about six minutes)")
    large = parser.parse_args().large
    with Progress("history") as progress:
        rows = run_large(progress) if large else run(progress)
    output().print(table(f"{LARGE_ROWS:,} rows on TimescaleDB" if large else "writing the history", rows))
    return int(any(row.verdict == "MISSED" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
