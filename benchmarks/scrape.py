"""A scrape of the metrics page against prometheus_client's `generate_latest`, alternated in one run.

Both start from the same live state; the reference builds prometheus_client families from it and has no creation times.
*Busy* means 1,000 events a second with a scrape every 5 s, so that windows and most blocks change between scrapes and
a minute begins every twelfth scrape; *calm* means ten events in between. The stall is how late a 2 ms ticker on the
event loop wakes up while the page is rendered in a thread.
"""

import asyncio
import random
import statistics
import time
from collections.abc import Callable
from contextlib import suppress

from prometheus_client import generate_latest
from prometheus_client.exposition import choose_encoder
from rich.console import Console
from rich.table import Table

from exporter.metrics import Exposition
from exporter.model import SIDES
from exporter.view import View
from tests.unit.metrics.filled import NOW_MS, busy_view, event
from tests.unit.metrics.parsed import OPENMETRICS, parsed
from tests.unit.metrics.reference import reference_registry

ROUNDS = 25
STALL_SCRAPES = 50
SCRAPE_EVERY_MS = 5_000
BUSY_EVENTS = 5_000
CALM_EVENTS = 10
LINES_PER_BASE = 12
OTHER_LINES = 680
TICK_S = 0.002


class Scene:
    """A live exporter: events arrive and time goes on between scrapes."""

    def __init__(self, lines: int) -> None:
        self.view: View = busy_view(bases=(lines - OTHER_LINES) // LINES_PER_BASE)
        self.exposition = Exposition(self.view)
        self.now_ms = NOW_MS
        self._rng = random.Random(5)
        self._exchanges = list(self.view.exchanges)
        self._bases = self.view.ledger.known_bases()
        self._bases.sort(key=lambda base: (base.startswith("COIN"), base))  # the main coins get most events
        self._seq = 1_000_000

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
        return generate_latest(reference_registry(self.view, self.now_ms))

    def identical(self) -> bool:
        encode, _ = choose_encoder(OPENMETRICS)
        open_ours = self.exposition.render(OPENMETRICS, self.now_ms)[0]
        open_reference = encode(reference_registry(self.view, self.now_ms))
        same_text = parsed(self.ours()) == parsed(self.reference())
        return same_text and parsed(open_ours, openmetrics=True) == parsed(open_reference, openmetrics=True)


def run(lines: int = 10_000) -> dict:
    """Measure; times are medians in milliseconds, spreads their 10th and 90th percentiles, ratios ours / reference."""
    scene = Scene(lines)
    identical = scene.identical()
    busy = alternate(scene, BUSY_EVENTS)
    calm = alternate(scene, CALM_EVENTS)
    stalls = asyncio.run(stall(scene))
    identical = identical and scene.identical()
    return {"lines": scene.ours().count(b"\n"), "identical": identical, "busy": busy, "calm": calm, "stall_ms": stalls}


def alternate(scene: Scene, events: int) -> dict:
    """Time both ways in turn, each first in every other round, each after as many new events."""
    times: dict[str, list[float]] = {"ours": [], "reference": []}
    ways: list[tuple[str, Callable[[], bytes]]] = [("ours", scene.ours), ("reference", scene.reference)]
    for _ in range(ROUNDS):
        for name, render in ways:
            scene.pass_time(events)
            started = time.perf_counter()
            render()
            times[name].append((time.perf_counter() - started) * 1000)
        ways.reverse()
    result: dict = {}
    for name, measured in times.items():
        tenths = statistics.quantiles(measured, n=10)
        result[f"{name}_ms"] = statistics.median(measured)
        result[f"{name}_spread_ms"] = (tenths[0], tenths[-1])
    result["ratio"] = result["ours_ms"] / result["reference_ms"]
    return result


async def stall(scene: Scene) -> dict:
    """Return how late the ticker was, with nothing to do, beside our rendering, and beside the reference's."""
    return {
        "idle": await lateness(scene, lambda: time.sleep(0.005)),
        "ours": await lateness(scene, scene.ours),
        "reference": await lateness(scene, scene.reference),
    }


async def lateness(scene: Scene, render: Callable[[], object]) -> dict:
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
    return {"p50": statistics.median(beside), "p99": statistics.quantiles(beside, n=100)[-1], "worst": max(beside)}


async def tick(ticks: list[tuple[float, float]]) -> None:
    while True:
        begin = time.perf_counter()
        await asyncio.sleep(TICK_S)
        ticks.append((begin, time.perf_counter()))


def main() -> None:
    result = run()
    same = "identical" if result["identical"] else "DIFFERENT"
    table = Table(title=f"scrape of {result['lines']:,} lines in ms, samples {same}")
    for column in ("", "ours", "reference", "ratio"):
        table.add_column(column, justify="right")
    for market in ("busy", "calm"):
        row = result[market]
        table.add_row(market, spread(row, "ours"), spread(row, "reference"), f"1/{1 / row['ratio']:.0f}")
    stalls = result["stall_ms"]
    for part in ("p50", "p99", "worst"):
        idle = f"(idle {stalls['idle'][part]:.1f})"
        table.add_row(f"stall {part}", f"{stalls['ours'][part]:.1f}", f"{stalls['reference'][part]:.1f}", idle)
    Console().print(table)


def spread(row: dict, name: str) -> str:
    low, high = row[f"{name}_spread_ms"]
    return f"{row[f'{name}_ms']:.2f} ({low:.2f} … {high:.2f})"


if __name__ == "__main__":
    main()
