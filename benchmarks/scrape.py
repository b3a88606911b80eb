"""The metrics page against prometheus_client's `generate_latest` (P4), and how the event loop bears a scrape (P6).

Both start from the same live state; the reference builds prometheus_client families from it and has no creation times.
*Busy* means 1,000 events a second with a scrape every 5 s, so that windows and most blocks change between scrapes and
a minute begins every twelfth scrape; *calm* means ten events in between. The reference is told which coins have
windows. Times are CPU time of the thread. The stall is how late a 2 ms ticker wakes up on an event loop that is busy
for 30 % of the time, while the page is rendered and compressed in a thread; the anchor renders on the loop itself.
"""

import asyncio
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from prometheus_client import generate_latest
from prometheus_client.exposition import choose_encoder

from benchmarks.contracts import EXCHANGES
from benchmarks.report import Measured, Progress, Row, at_least, at_most, info, times_as_fast
from exporter.app import settle_interpreter
from exporter.metrics import Exposition
from exporter.model import SIDES
from exporter.view import View
from exporter.web.answers import pack
from tests.unit.metrics.filled import NOW_MS, busy_view, event
from tests.unit.metrics.parsed import OPENMETRICS, parsed
from tests.unit.metrics.reference import largest_bases, reference_registry

COINS = 378
"""On three exchanges they make a page of 10,000 lines."""
ROUNDS = 25
STALL_ROUNDS = 5
STALL_SCRAPES = 20
SCRAPE_EVERY_MS = 5_000
BUSY_EVENTS = 5_000
CALM_EVENTS = 10
TICK_S = 0.002
BUSY_SHARE = 0.3


class Scene:
    """A live exporter: events arrive and time goes on between scrapes."""

    def __init__(self) -> None:
        self.view: View = busy_view(bases=COINS, exchanges=EXCHANGES)
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

    def answer(self) -> None:
        """Do what the thread does for a scrape."""
        pack(*self.exposition.render(None, self.now_ms), gzipped=True)

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


def run(progress: Progress, rounds: int = ROUNDS, stall_rounds: int = STALL_ROUNDS) -> list[Row]:
    scene = Scene()
    identical = scene.identical()
    settle_interpreter()
    rows = []
    for market, events in (("busy", BUSY_EVENTS), ("calm", CALM_EVENTS)):
        progress(f"{market} market, {rounds} rounds")
        times = alternate(scene, events, rounds)
        ours, anchor = Measured("", "ms", times["ours"]), Measured("generate_latest", "ms", times["reference"])
        rows.append(times_as_fast("P4", f"{market} market, 10,000 lines", ours, anchor, 20, 40))
    progress("stalls")
    idle, ours, reference = zip(*(asyncio.run(stalls(scene)) for _ in range(stall_rounds)), strict=True)
    identical = identical and scene.identical()
    return [
        at_least("samples identical to generate_latest's (1: yes)", "", [identical], 1, goal="P4"),
        *rows,
        at_most("event loop stalled beside a scrape, p99", "ms", ours, 10, 5, goal="P6"),
        times_as_fast(
            "P6",
            "the stall against rendering on the loop",
            Measured("", "ms", ours),
            Measured("generate_latest inline", "ms", reference),
            8,
            15,
        ),
        info("event loop late without a scrape, p99", "ms", idle),
    ]


def alternate(scene: Scene, events: int, rounds: int) -> dict[str, list[float]]:
    """Time both ways in turn, each first in every other round, each after as many new events; milliseconds."""
    times: dict[str, list[float]] = {"ours": [], "reference": []}
    ways: list[tuple[str, Callable[[], bytes]]] = [("ours", scene.ours), ("reference", scene.reference)]
    for _ in range(rounds):
        for name, render in ways:
            scene.pass_time(events)
            started = time.thread_time()
            render()
            times[name].append((time.thread_time() - started) * 1000)
        ways.reverse()
    return times


async def stalls(scene: Scene) -> tuple[float, float, float]:
    """Return how late the ticker was: with nothing to do, beside our thread, and with the reference on the loop."""

    async def nothing() -> None:
        await asyncio.sleep(0.005)

    async def ours() -> None:
        await asyncio.to_thread(scene.answer)

    async def reference() -> None:
        scene.reference()

    return await lateness(scene, nothing), await lateness(scene, ours), await lateness(scene, reference)


async def lateness(scene: Scene, scrape: Callable[[], Awaitable[None]]) -> float:
    """Return the 99th percentile of the ticker's lateness beside some scrapes, in milliseconds."""
    ticks: list[tuple[float, float]] = []
    scrapes: list[tuple[float, float]] = []
    ticker = asyncio.create_task(tick(ticks))
    for _ in range(STALL_SCRAPES):
        scene.pass_time(BUSY_EVENTS)
        await asyncio.sleep(0.01)  # the ticker recovers from the events, which are not what is measured
        started = time.perf_counter()
        await scrape()
        scrapes.append((started, time.perf_counter()))
        await asyncio.sleep(0.01)
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
    """Sleep and be busy in turn, and note every sleep."""
    while True:
        begin = time.perf_counter()
        await asyncio.sleep(TICK_S)
        end = time.perf_counter()
        ticks.append((begin, end))
        while time.perf_counter() < end + TICK_S * BUSY_SHARE / (1 - BUSY_SHARE):
            pass


def profiled() -> None:
    """Render pages of a busy market and do little else, for a profiler."""
    scene = Scene()
    for _ in range(ROUNDS):
        scene.pass_time(BUSY_EVENTS // 10)
        for _ in range(10):
            scene.pass_time(CALM_EVENTS)
            scene.answer()
