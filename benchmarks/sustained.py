"""How many events a second the exporter sustains, scraped meanwhile, and whether any is lost.

Frames are made beforehand and given to the feeds' readers of a whole exporter (`benchmarks/engine.py`), which has a
journal file with full synchronisation, cascade signals and no stores. A bounded number of events may wait for
their commit, as a socket's back-pressure would have it. Repetitions are the same frames once more: all are refused,
none is counted.
"""

import asyncio
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from benchmarks.engine import Engine
from benchmarks.frames import Frame, Traffic
from benchmarks.report import Progress, Row, at_least, at_most, info
from exporter.logs import set_up

ROUNDS = 5
EVENTS_PER_ROUND = 100_000
PER_SECOND = 200.0
"""How fast the exchanges' clocks go: a round is eight minutes of a market in turmoil."""
SCRAPE_EVERY_S = 1.0


class Round:
    """Events per second, CPU microseconds per event."""

    def __init__(self, events: int, wall_s: float, cpu_s: float) -> None:
        self.rate = events / wall_s
        self.cpu_us = cpu_s / events * 1e6


def run(progress: Progress) -> list[Row]:
    set_up("error", "logfmt")
    return asyncio.run(measure(progress))


async def measure(progress: Progress) -> list[Row]:
    traffic = Traffic(time.time_ns() // 1_000_000 - int(ROUNDS * EVENTS_PER_ROUND / PER_SECOND * 1000), PER_SECOND)
    fresh, repeated, scrapes = [], [], []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        engine = Engine(Path(folder))
        async with engine.running():
            scraper = asyncio.create_task(scrape(engine, scrapes))
            for number in range(1, ROUNDS + 1):
                progress(f"round {number} of {ROUNDS}: making {EVENTS_PER_ROUND:,} events")
                frames = traffic.frames(EVENTS_PER_ROUND)
                progress(f"round {number} of {ROUNDS}: fresh events, then the same again")
                fresh.append(await timed(engine, frames))
                repeated.append(await timed(engine, frames))
            scraper.cancel()
            with suppress(asyncio.CancelledError):
                await scraper
        lost, off_usd = engine.differences(traffic)
    ratios = [again.rate / first.rate for first, again in zip(fresh, repeated, strict=True)]
    return [
        at_least("sustained", "events/s", [each.rate for each in fresh], 20_000),
        info("CPU, all threads", "µs/event", [each.cpu_us for each in fresh]),
        at_most("sent and not counted, or counted twice", "events", [lost], 0),
        at_most("USD counted against USD sent, relative difference", "", [off_usd], 1e-9),
        at_least("repetitions refused, against fresh events counted", "x", ratios, 1.0, 1.3),
        info(f"scrapes meanwhile ({len(scrapes)})", "ms", scrapes),
    ]


async def timed(engine: Engine, frames: list[Frame]) -> Round:
    wall, cpu = time.perf_counter(), time.process_time()
    await engine.take(frames)
    return Round(sum(frame.events for frame in frames), time.perf_counter() - wall, time.process_time() - cpu)


async def scrape(engine: Engine, milliseconds: list[float]) -> None:
    while True:
        await asyncio.sleep(SCRAPE_EVERY_S)
        started = time.perf_counter()
        await asyncio.to_thread(engine.render)
        milliseconds.append((time.perf_counter() - started) * 1000)


def profiled() -> None:
    """Count events and do nothing else, for a profiler."""
    set_up("error", "logfmt")
    asyncio.run(_profiled())


async def _profiled() -> None:
    traffic = Traffic(time.time_ns() // 1_000_000 - int(EVENTS_PER_ROUND / PER_SECOND * 1000), PER_SECOND)
    frames = traffic.frames(EVENTS_PER_ROUND)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        engine = Engine(Path(folder))
        async with engine.running():
            await engine.take(frames)
