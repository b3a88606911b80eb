"""What the detector costs per event, in plain Python, with everything that belongs to it: coin, market, pairs, prices.

The flow is as real feeds are: bursts of a few orders on one coin and side, seconds apart, on any exchange, and the coin
of rank r as often as 1/r. Each engine first learns hours of it. In the cascade every second burst belongs to one side
of ten coins, at fifty times the ordinary rate, so that levels are up, episodes are open and every batch is scored.
"""

import gc
import random
import time
import tracemalloc
from collections.abc import Iterator, Sequence

from benchmarks.report import Progress, Row, at_most, info
from exporter.signals import Engine, Parameters

BASES = (10, 100, 1000)
ORDINARY_BASES = 100
PER_SECOND = 3.0
CASCADE_PER_SECOND = 150.0
WARM_EVENTS = 30_000
EVENTS = 4_000
HANDFUL = 100
ROUNDS = 7
MEASURED_BASES = 100
EVENTS_PER_BASE = 3_000

Order = tuple[str, str, str, float, float, int, int]


class Flow:
    """A seeded, endless flow of orders."""

    def __init__(self, exchanges: int, bases: int, per_second: float, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self.exchanges = [f"exchange-{number}" for number in range(exchanges)]
        self.bases = [f"C{number}" for number in range(bases)]
        self.per_second = per_second
        self.now_ms = 1_700_000_000_000
        self._prices = {base: self._random.lognormvariate(3, 3) for base in self.bases}
        self._ranked = [1.0 / (rank + 1) for rank in range(bases)]
        self._orders = self._clusters()

    def take(self, count: int) -> list[Order]:
        return [next(self._orders) for _ in range(count)]

    def _clusters(self) -> Iterator[Order]:
        draw = self._random
        while True:
            cascading = self.per_second == CASCADE_PER_SECOND and draw.random() < 0.5
            base = draw.choice(self.bases[:10]) if cascading else draw.choices(self.bases, self._ranked)[0]
            side = "long" if cascading else draw.choice(("long", "short"))
            price = self._prices[base] = self._prices[base] * draw.lognormvariate(0.0, 0.003)
            orders = 1 + int(draw.expovariate(0.5))
            for _ in range(orders):
                self.now_ms += int(draw.expovariate(self.per_second) * 1000)
                usd = draw.lognormvariate(6.9, 2.1)
                yield base, side, draw.choice(self.exchanges), usd, price, self.now_ms, self.now_ms


def run(progress: Progress) -> list[Row]:
    rows = []
    for exchanges, goal in ((3, 15.0), (12, 40.0)):
        progress(f"{exchanges} exchanges")
        engine, flow = learned(exchanges, ORDINARY_BASES)
        rows.append(at_most(f"{exchanges} exchanges, ordinary flow", "µs/event", costs(engine, flow), goal))
        flow.per_second = CASCADE_PER_SECOND
        rows.append(info(f"{exchanges} exchanges, in a market-wide cascade", "µs/event", costs(engine, flow)))
    return [*rows, *flatness(progress), *sizes(progress)]


def learned(exchanges: int, bases: int) -> tuple[Engine, Flow]:
    """Return an engine that has seen hours of a flow; every third exchange is sampled."""
    flow = Flow(exchanges, bases, PER_SECOND)
    feeds = {name: "sampled" if number % 3 == 1 else "full" for number, name in enumerate(flow.exchanges)}
    engine = Engine(Parameters(), feeds)
    for name in feeds:
        engine.feed(name, True, flow.now_ms)
    give(engine, flow.take(WARM_EVENTS))
    return engine, flow


def give(engine: Engine, orders: Sequence[Order]) -> None:
    for order in orders:
        engine.order(*order)
    engine.take_changes(), engine.take_episodes(), engine.take_prints()


def costs(engine: Engine, flow: Flow) -> list[float]:
    """Return the CPU time per event of each round."""
    return [cost(engine, flow) for _ in range(ROUNDS)]


def cost(engine: Engine, flow: Flow) -> float:
    """Return the CPU time per event; orders are made shortly before they are given, as a feed makes them."""
    gc.collect()
    spent = 0.0
    for _ in range(EVENTS // HANDFUL):
        orders = flow.take(HANDFUL)
        started = time.process_time()
        give(engine, orders)
        spent += time.process_time() - started
    return spent / EVENTS * 1e6


def flatness(progress: Progress) -> list[Row]:
    """Compare few with many bases, the same flow over all of them, in alternating rounds."""
    engines = {bases: learned(3, bases) for bases in BASES}
    rounds: dict[int, list[float]] = {bases: [] for bases in BASES}
    for number in range(ROUNDS):
        progress(f"few and many bases, round {number + 1} of {ROUNDS}")
        for bases, (engine, flow) in engines.items():
            rounds[bases].append(cost(engine, flow))
    few, many = rounds[BASES[0]], rounds[BASES[-1]]
    ratios = [more / less for more, less in zip(many, few, strict=True)]
    rows = [info(f"3 exchanges, {bases} bases", "µs/event", each) for bases, each in rounds.items()]
    return [*rows, at_most(f"{BASES[-1]} bases against {BASES[0]}", "x", ratios, 1.5)]


def sizes(progress: Progress) -> list[Row]:
    """Measure memory and snapshot of bases that are all active, on 12 exchanges, over a wide range of prices."""
    progress(f"memory of {MEASURED_BASES} active bases")
    flow = Flow(12, MEASURED_BASES, PER_SECOND * 10)
    engine = Engine(Parameters(), dict.fromkeys(flow.exchanges, "full"))
    for name in flow.exchanges:
        engine.feed(name, True, flow.now_ms)
    tracemalloc.start()
    for _ in range(EVENTS_PER_BASE * MEASURED_BASES // EVENTS):
        give(engine, flow.take(EVENTS))
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    rounds, state = [], b""
    for _ in range(ROUNDS):
        started = time.process_time()
        state = engine.snapshot()
        rounds.append((time.process_time() - started) * 1e3)
    return [
        at_most("memory of an active base, 12 exchanges", "kB", [held / MEASURED_BASES / 1e3], 100),
        info("snapshot of an active base", "kB", [len(state) / MEASURED_BASES / 1e3]),
        info(f"taking a snapshot of {MEASURED_BASES} active bases", "ms", rounds),
    ]
