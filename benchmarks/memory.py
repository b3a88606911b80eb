"""Whether the resident memory stays flat while millions of events go through the exporter.

They spread over days of the exchanges' clock, so that minutes leave the windows and are forgotten: after the first day
as many go as come. Each step ends with the application's housekeeping and a scrape.
"""

import asyncio
import os
import tempfile
import time
from pathlib import Path

from benchmarks.engine import Engine
from benchmarks.frames import Traffic
from benchmarks.report import Progress, Row, at_most, info

EVENTS = 2_000_000
SETTLED_AT = 500_000
SAMPLE_EVERY = 250_000
STEP = 25_000
EVENTS_PER_DAY = 250_000
DAY_S = 86_400


def run(progress: Progress) -> list[Row]:
    return asyncio.run(measure(progress))


async def measure(progress: Progress) -> list[Row]:
    days = EVENTS / EVENTS_PER_DAY
    traffic = Traffic(time.time_ns() // 1_000_000 - int(days * DAY_S * 1000), EVENTS_PER_DAY / DAY_S)
    before = resident_mib()
    samples: dict[int, float] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        engine = Engine(Path(folder))
        async with engine.running():
            for done in range(STEP, EVENTS + 1, STEP):
                await engine.take(traffic.frames(STEP))
                await engine.housekeeping(traffic.now_ms)
                await asyncio.to_thread(engine.render)
                if done % SAMPLE_EVERY == 0:
                    samples[done] = resident_mib()
                    progress(f"{done:,} of {EVENTS:,} events, {samples[done]:.0f} MiB")
        lost, _ = engine.differences(traffic)
    return rows(samples, before, lost)


def rows(samples: dict[int, float], before: float, lost: int) -> list[Row]:
    settled, last = samples[SETTLED_AT], samples[EVENTS]
    growth = last - settled
    return [
        at_most(f"growth from {SETTLED_AT:,} to {EVENTS:,} events", "%", [growth / settled * 100], 5),
        info("growth per million events", "MiB", [growth / (EVENTS - SETTLED_AT) * 1e6]),
        *(info(f"resident after {done:,} events", "MiB", [mib]) for done, mib in samples.items()),
        info("resident before the first", "MiB", [before]),
        at_most("sent and not counted, or counted twice", "events", [lost], 0),
    ]


def resident_mib(pid: int | str = "self") -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
