"""A scrape of the metrics page against prometheus_client's `generate_latest`, alternated in one run.

Both start from the same live state; the reference builds prometheus_client families from it and has no creation times.
*Busy* means 1,000 events a second with a scrape every 5 s, so that windows and most blocks change between scrapes and
a minute begins every twelfth scrape; *calm* means ten events in between. The reference is told which coins have
windows. The stall is how late a 2 ms ticker on the event loop wakes up while the page is rendered in a thread.
"""

import asyncio
import random
import statistics
import time
from collections.abc import Callable
from contextlib import suppress

from prometheus_client import generate_latest
from prometheus_client.exposition import choose_encoder

from benchmarks.report import Progress, Row, at_least, at_most, info
from exporter.metrics import Exposition
from exporter.model import SIDES
from exporter.view import View
from tests.unit.metrics.filled import NOW_MS, busy_view, event
from tests.unit.metrics.parsed import OPENMETRICS, parsed
from tests.unit.metrics.reference import largest_bases, reference_registry

LINES = 10_000
ROUNDS = 25
STALL_ROUNDS = 5
STALL_SCRAPES = 20
SCRAPE_EVERY_MS = 5_000
BUSY_EVENTS = 5_000
CALM_EVENTS = 10
LINES_PER_BASE = 13
OTHER_LINES = 1_800
TICK_S = 0.002


class Scene:
    """A live exporter: events arrive and time goes on between scrapes."""

    def __init__(self, lines: int) -> None:
        self.view: View = busy_view(bases=17)
        self.exposition = Exposition(self.view)
        self.now_ms = NOW_MS
        self._rng = random.Random(5)
        self._exchanges = list(self.view.exchanges)
        self._bases = self.view.ledger.known_bases()
        self._bases.sort(key=lambda base: (base.startswith("COIN"), base))  # the main coins get most events
        self._seq = 1_000_000
        self._window_bases = largest_bases(self.view, self.now_ms)

    def pass_time(self, events: int) -> None:
        self.now_ms += SCRAPE_EVERY_MS
        rng = self._rng
        for _ in range(events):
            self._seq += 1
            base = self._bases[int(len(self._bases) * rng.random() ** 3)]
            exchange, side = rng.choice(self._exchanges), rng.choice(SIDES)
            time_ms = self.now_ms - rng.randrange(SCRAPE_EVERY_MS)
            self.view.ledger.apply(
                self._seq,
                event(exchange, base, side, usd=rng.lognormvariate(8, 2), quantity=rng.random(), time_ms=time_ms),
            )

    def ours(self) -> bytes:
        return self.exposition.render(None, self.now_ms)[0]

    def reference(self) -> bytes:
        return generate_latest(reference_registry(self.view, self.now_ms, self._window_bases))

    def identical(self) -> bool:
        self.now_ms += 60_000  # both choose the coins with windows anew
        self._window_bases = largest_bases(self.view, self.now_ms)
        encode, _ = choose_encoder(OPENMETRICS)
        open_ours = self.exposition.render(OPENMETRICS, self.now_ms)[0]
        open_reference = encode(reference_registry(self.view, self.now_ms, self._window_bases))
        same_text = parsed(self.ours()) == parsed(self.reference())
        return same_text and parsed(open_ours, openmetrics=True) == parsed(open_reference, openmetrics=True)


def run(progress: Progress) -> list[Row]:
    scene = Scene(LINES)
    identical = scene.identical()
    progress("busy market")
    busy = alternate(scene, BUSY_EVENTS)
    progress("calm market")
    calm = alternate(scene, CALM_EVENTS)
    progress("stalls")
    idle, ours, reference = zip(*(asyncio.run(stalls(scene)) for _ in range(STALL_ROUNDS)), strict=True)
    identical = identical and scene.identical()
    return [
        at_least("samples identical to generate_latest's (1: yes)", "", [identical], 1),
        at_least("busy market: faster than generate_latest", "x", ratios(busy), 20, 40),
        info("busy market: a scrape", "ms", busy["ours"]),
        info("busy market: generate_latest", "ms", busy["reference"]),
        at_least("calm market: faster than generate_latest", "x", ratios(calm), 20, 40),
        info("calm market: a scrape", "ms", calm["ours"]),
        at_most("event loop stalled by a scrape in a thread, p99", "ms", ours, 10, 5),
        info("event loop stalled by generate_latest in a thread, p99", "ms", reference),
        info("event loop late without a scrape, p99", "ms", idle),
    ]


def alternate(scene: Scene, events: int) -> dict[str, list[float]]:
    """Time both ways in turn, each first in every other round, each after as many new events; milliseconds."""
    times: dict[str, list[float]] = {"ours": [], "reference": []}
    ways: list[tuple[str, Callable[[], bytes]]] = [("ours", scene.ours), ("reference", scene.reference)]
    for _ in range(ROUNDS):
        for name, render in ways:
            scene.pass_time(events)
            started = time.perf_counter()
            render()
            times[name].append((time.perf_counter() - started) * 1000)
        ways.reverse()
    return times


def ratios(times: dict[str, list[float]]) -> list[float]:
    return [theirs / mine for mine, theirs in zip(times["ours"], times["reference"], strict=True)]


async def stalls(scene: Scene) -> tuple[float, float, float]:
    """Return how late the ticker was, with nothing to do, beside our rendering, and beside the reference's."""
    idle = await lateness(scene, lambda: time.sleep(0.005))
    return idle, await lateness(scene, scene.ours), await lateness(scene, scene.reference)


async def lateness(scene: Scene, render: Callable[[], object]) -> float:
    """Return the 99th percentile of the ticker's lateness beside some scrapes, in milliseconds."""
    ticks: list[tuple[float, float]] = []
    scrapes: list[tuple[float, float]] = []
    ticker = asyncio.create_task(tick(ticks))
    for _ in range(STALL_SCRAPES):
        scene.pass_time(BUSY_EVENTS)
        await asyncio.sleep(0.005)  # the ticker recovers from the events, which are not what is measured
        started = time.perf_counter()
        await asyncio.to_thread(render)
        scrapes.append((started, time.perf_counter()))
        await asyncio.sleep(0.005)
    ticker.cancel()
    with suppress(asyncio.CancelledError):
        await ticker
    beside = [
        max((end - begin - TICK_S) * 1000, 0.0)
        for begin, end in ticks
        if any(begin < finished and end > started for started, finished in scrapes)
    ]
    return statistics.quantiles(beside, n=100)[-1]


async def tick(ticks: list[tuple[float, float]]) -> None:
    while True:
        begin = time.perf_counter()
        await asyncio.sleep(TICK_S)
        ticks.append((begin, time.perf_counter()))
