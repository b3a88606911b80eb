"""The Redis store (P8) against the way that most programs write to Redis, alternated in one run.

*Per event* is a redis-py pipeline for each event: a key that expires against duplicates, the event in the stream with
its fields, and six increments. *Ours* is the store's `write` with batches of 200 records: totals, price levels, stream
and cursor in one atomic script, and on top of it the work of adding up. *Server* is the part of that in which the
server itself is busy, from its own statistics: what no client can be faster than. *Again* sends calls that the server
already has. The server is real, with an append-only file written every second, on this machine, over TCP.
"""

import asyncio
import math
import tempfile
import time
from pathlib import Path
from random import Random

from redis.asyncio import Redis

from benchmarks.report import Measured, Progress, Row, at_least, info, times_as_fast
from exporter.journal import Batch, Checkpoint, Database
from exporter.ledger import Ledger
from exporter.levels import RATIO, Levels
from exporter.logs import set_up
from exporter.model import SIDES, Liquidation, Record
from exporter.stores import Holder, Standing
from exporter.stores.redis import RedisStore
from exporter.stores.redis_link import Head
from tests.events import T0, liquidation
from tests.redis_server import RedisServer, new_server

ROUNDS = 7
PER_EVENT = 2_000
OURS = 20_000
COINS = 300
GOAL, TARGET = 8.0, 14.0
LARGE_COINS, LARGE_LEVELS = 1_000, 300


class Market:
    """Liquidations of many coins, most of them of a few; prices wander."""

    def __init__(self) -> None:
        self._draw = Random(7)
        self._prices = [self._draw.lognormvariate(2, 3) for _ in range(COINS)]
        self._seq = 0

    def records(self, count: int) -> list[Record]:
        return [self._record() for _ in range(count)]

    def _record(self) -> Record:
        draw = self._draw
        self._seq += 1
        coin = int(COINS * draw.random() ** 3)
        price = self._prices[coin] = self._prices[coin] * math.exp(draw.gauss(0, 0.002))
        quantity = draw.lognormvariate(0, 2)
        event = liquidation(
            exchange=draw.choice(("binance", "bybit", "okx")),
            instrument=f"COIN{coin}USDT",
            base=f"COIN{coin}",
            side=draw.choice(SIDES),
            price=price,
            quantity=quantity,
            base_quantity=quantity,
            notional_usd=quantity * price,
            id=f"COIN{coin}USDT-{T0 + self._seq}-{price:.5f}-{quantity:.3f}",
        )
        return Record(self._seq, T0 + self._seq, event)


class PerEvent:
    """A pipeline for each event."""

    def __init__(self, client: "Redis[str]") -> None:
        self._client = client

    async def write(self, record: Record) -> None:
        event = record.entry
        assert isinstance(event, Liquidation)
        key, field = f"naive:totals:{event.base}", f"{event.exchange}:{event.side}"
        levels = f"naive:levels:{event.base}:{event.side}"
        bucket = math.floor(math.log(event.notional_usd / event.base_quantity) / math.log(1.001))
        pipeline = self._client.pipeline(transaction=False)
        pipeline.set(f"naive:seen:{event.exchange}:{event.id}", 1, nx=True, px=86_400_000)
        fields = {
            "time_ms": event.time_ms,
            "exchange": event.exchange,
            "base": event.base,
            "side": event.side,
            "price": event.price,
            "quantity": event.base_quantity,
            "usd": event.notional_usd,
            "id": event.id,
        }
        pipeline.xadd("naive:recent", fields, maxlen=10_000, approximate=True)
        pipeline.sadd("naive:exchanges", event.exchange)
        pipeline.hincrby(key, f"{field}:events", 1)
        pipeline.hincrbyfloat(key, f"{field}:base", event.base_quantity)
        pipeline.hincrbyfloat(key, f"{field}:usd", event.notional_usd)
        pipeline.hincrbyfloat(levels, f"{bucket}:base", event.base_quantity)
        pipeline.hincrbyfloat(levels, f"{bucket}:usd", event.notional_usd)
        await pipeline.execute()


class Ours:
    """The store, on a journal without events, and what it has sent."""

    def __init__(self, server: RedisServer, folder: Path) -> None:
        database = Database(folder / "journal.db")
        self.holder = Holder("bench", 1, T0, database.uuid)
        database.close()
        self.store = RedisStore(server.address, folder / "journal.db")
        self.sent: list[tuple[Head, bytes]] = []

    async def begin(self) -> None:
        await self.store.connect(self.holder)
        await self.store.resume(Standing.NEW)
        link = self.store._link  # noqa: SLF001 - calls that were sent are sent again, which no user of a store can do
        assert link
        self._write = link.write
        link.write = self._remembered  # type: ignore[method-assign]

    async def rate(self, records: list[Record]) -> float:
        self.sent.clear()
        size = self.store.batch_records
        started = time.perf_counter()
        for start in range(0, len(records), size):
            await self.store.write(records[start : start + size])
        return len(records) / (time.perf_counter() - started)

    async def again(self) -> float:
        """Send the same calls once more, as after an answer that was lost; the server refuses each as a whole."""
        events = sum(len(head.ids) for head, _ in self.sent)
        started = time.perf_counter()
        for head, lines in self.sent:
            assert await self._write(head, lines) == ["moved"]
        return events / (time.perf_counter() - started)

    async def _remembered(self, head: Head, lines: bytes = b"") -> list[str]:
        self.sent.append((head, lines))
        return await self._write(head, lines)


def run(progress: Progress, rounds: int = ROUNDS) -> list[Row]:
    set_up("warn", "logfmt")
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        server = new_server(Path(name), "--appendonly", "yes").start()
        try:
            return report(asyncio.run(measure(server, Path(name), rounds, progress)))
        finally:
            server.kill()


async def measure(server: RedisServer, folder: Path, rounds: int, progress: Progress) -> dict:
    """Rates are events a second; lists hold one value a round."""
    market, ours = Market(), Ours(server, folder)
    result: dict = {"per_event": [], "ours": [], "server": [], "again": [], "client_us": []}
    await ours.begin()
    async with Redis(port=server.port, decode_responses=True) as client:  # with hiredis, as it is installed here
        naive = PerEvent(client)
        for number in range(rounds + 1):
            progress(f"round {number} of {rounds}" if number else "warming up")
            figures = await alternate(server, market, naive, ours, first=bool(number % 2))
            if number:
                for key, value in figures.items():
                    result[key].append(value)
    progress("everything written anew")
    await ours.store.close()
    result["rewrite"] = await rewrite(server, folder)
    return result


async def alternate(server: RedisServer, market: Market, naive: PerEvent, ours: Ours, *, first: bool) -> dict:
    if first:
        per_event = await rate_per_event(naive, market.records(PER_EVENT))
    records = market.records(OURS)
    before, cpu = busy_us(server), time.process_time()
    fast = await ours.rate(records)
    cpu = time.process_time() - cpu
    server_us = busy_us(server) - before
    again = await ours.again()
    if not first:
        per_event = await rate_per_event(naive, market.records(PER_EVENT))
    return {
        "per_event": per_event,
        "ours": fast,
        "server": OURS / server_us * 1e6,
        "again": again,
        "client_us": cpu / OURS * 1e6,
    }


async def rate_per_event(naive: PerEvent, records: list[Record]) -> float:
    started = time.perf_counter()
    for record in records:
        await naive.write(record)
    return len(records) / (time.perf_counter() - started)


def busy_us(server: RedisServer) -> float:
    """How long the server has spent in scripts, in microseconds."""
    with server.client() as client:
        return float(client.info("commandstats")["cmdstat_evalsha"]["usec"])


async def rewrite(server: RedisServer, folder: Path) -> dict:
    """Time how a start on another journal, with a ledger far larger than a usual one, replaces what is there."""
    path = folder / "large.db"
    who = Holder("bench", 2, T0, large_journal(path))
    with server.client() as client:
        client.config_set("slowlog-log-slower-than", 0)
        client.config_set("slowlog-max-len", 100_000)
        client.slowlog_reset()
        store = RedisStore(server.address, path)
        started = time.perf_counter()
        await store.connect(who)
        await store.resume(Standing.FOREIGN)
        seconds = time.perf_counter() - started
        await store.close()
        hashes = sum(1 for _ in client.scan_iter("liq:*", 1000, _type="hash")) - 1
        calls = client.slowlog_get(100_000)
        slowest = max(call["duration"] for call in calls if call["command"].startswith(b"EVALSHA"))
    return {"hashes": hashes, "levels": 2 * LARGE_COINS * LARGE_LEVELS, "s": seconds, "worst_us": slowest}


def large_journal(path: Path) -> str:
    """Make a journal whose checkpoint has many coins with many price levels; returns its uuid."""
    ledger, levels = Ledger(["binance"], [], LARGE_COINS), Levels()
    for coin in range(LARGE_COINS):
        for level in range(LARGE_LEVELS):
            for side in SIDES:
                event = liquidation(
                    base=f"COIN{coin}", side=side, base_quantity=1.0, notional_usd=RATIO ** (level + 0.5)
                )
                ledger.apply(1, event)
                levels.apply(event)
    database = Database(path)
    database.write(Batch([liquidation()]))
    database.write(Batch(checkpoint=Checkpoint(1, ledger.take_changes(), levels.take_changes())))
    database.close()
    return database.uuid


def report(result: dict) -> list[Row]:
    repeated = [again / fresh for again, fresh in zip(result["again"], result["ours"], strict=True)]
    large = result["rewrite"]
    ours, naive = (Measured(name, "events/s", result[key]) for name, key in (("", "ours"), ("naive", "per_event")))
    return [
        times_as_fast("P8", "Redis against a pipeline per event", ours, naive, GOAL, TARGET),
        at_least("the same calls again against fresh ones", "x", repeated, 1.0),
        info("the server alone", "events/s", result["server"]),
        info("ours, CPU of the exporter", "µs/event", result["client_us"]),
        info(f"everything anew: {large['hashes']:,} hashes, {large['levels']:,} price levels", "s", [large["s"]]),
        info("its longest call, of the server's time", "ms", [large["worst_us"] / 1000]),
    ]
