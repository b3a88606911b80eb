"""How fast a backlog drains into both stores while live ingest goes on.

Exporter, simulated exchanges, redis-server and PostgreSQL (with TimescaleDB where it is installed) are real processes
on this machine. The exporter follows into both stores for a moment and is stopped; then the journal gets an hour of a
market in turmoil that the stores do not have: 1.8 million events, 500 a second. From its next start on, the exporter
hears 500 live events a second beside that. In the end `check` compares everything.
"""

import json
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from random import Random

from prometheus_client.parser import text_string_to_metric_families

from benchmarks.report import Progress, Row, at_least, at_most, output, table
from exporter.folder import JOURNAL_FILE
from exporter.journal import Batch, Database
from exporter.model import SIDES, Liquidation
from stack.programs import has_timescale
from tests import services
from tests.redis_server import new_server
from tests.system.processes import ROOT, Exporter, exporter, simulator, until

EVENTS = 1_800_000
PER_SECOND = 500
LIVE_PER_SECOND = 500
COINS = 200
BATCH = 5_000
FLOOR = 20_000
LIVE_SHARE = 0.8
"""Of what the simulator aims at; it draws at random, and Binance's own sampling leaves some out."""
DRAINED = 1_500
"""Fewer records than this are what live ingest leaves on the way at any moment."""
POLL_S = 0.5
PATIENCE_S = 600.0
STORES = ("redis", "timescale")
SHOWN = (
    "liquidation_events_total",
    "liquidation_journal_dropped_events_total",
    "liquidation_store_lag_events",
    "liquidation_store_up",
)


class Sample:
    """What the exporter showed at one moment; only that is parsed, because measuring takes from the same cores."""

    def __init__(self, text: str) -> None:
        self.at = time.perf_counter()
        lines = (line for line in text.splitlines() if line.startswith(SHOWN))
        values = {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families("\n".join(lines))
            for sample in family.samples
        }
        self.events = sum(value for key, value in values.items() if key[0] == "liquidation_events_total")
        self.dropped = values["liquidation_journal_dropped_events_total",]
        self.lag = {store: values["liquidation_store_lag_events", store] for store in STORES}
        self.up = {store: bool(values["liquidation_store_up", store]) for store in STORES}


def run(progress: Progress) -> list[Row]:
    return measure(EVENTS, progress)


def measure(events: int, progress: Progress) -> list[Row]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        postgres = services.Postgres(timescale=has_timescale(), options=("-c", "fsync=on"))
        stack.callback(postgres.stop)
        redis_server = new_server(folder, "--appendonly", "yes").start()
        stack.callback(redis_server.kill)
        live = ("--rate", LIVE_PER_SECOND)
        endpoints, _ = stack.enter_context(simulator(folder, "busy", 1, *live))
        urls = {"redis": redis_server.address, "timescale": postgres.url(postgres.new_database())}
        stores = {store: {"url": url} for store, url in urls.items()}
        exporting = stack.enter_context(Exporter(folder, endpoints, stores=stores))
        progress("the stores begin to follow")
        begin(exporting)
        progress(f"a backlog of {events:,} events")
        append(exporting.data / JOURNAL_FILE, events)
        progress("the exporter counts them and the stores take them")
        exporting.start()
        samples = drain(exporting, progress)
        progress("comparing everything")
        titles = {"redis": "Redis", "timescale": "TimescaleDB" if postgres.timescale else "PostgreSQL"}
        return rows(samples, titles, different(exporting))


def begin(exporting: Exporter) -> None:
    """Let both stores take something, and stop."""
    exporting.start()

    def followed() -> bool:
        sample = Sample(exporting.scrape())
        return sample.events > LIVE_PER_SECOND and all(sample.up.values()) and max(sample.lag.values()) < DRAINED

    until(followed, "both stores to follow")
    assert exporting.stop() == 0


def append(path: Path, count: int) -> None:
    """Write events into the journal that no checkpoint contains, as an exporter would whose stores are down."""
    database = Database(path)
    remaining = islice(past(count), count)
    while entries := list(islice(remaining, BATCH)):
        database.write(Batch(entries=list(entries), alive_ms=entries[-1].received_ms))
    database.close()


def past(count: int) -> Iterator[Liquidation]:
    rng = Random(1)
    prices = {f"COIN{number}": rng.lognormvariate(3, 3) for number in range(COINS)}
    bases = list(prices)
    first_ms = time.time_ns() // 1_000_000 - count * 1000 // PER_SECOND
    for number in range(count):
        base = bases[int(COINS * rng.random() ** 3)]
        price = prices[base] = prices[base] * (1 + rng.gauss(0, 0.0002))
        quantity = rng.lognormvariate(7, 2) / price
        time_ms = first_ms + number * 1000 // PER_SECOND
        yield Liquidation(
            time_ms=time_ms,
            received_ms=time_ms + 40,
            exchange=rng.choice(("binance", "bybit")),
            instrument=f"{base}USDT",
            base=base,
            quote="USDT",
            settle="USDT",
            kind="perpetual",
            side=rng.choice(SIDES),
            price=price,
            price_kind="fill",
            quantity=quantity,
            quantity_unit="base",
            base_quantity=quantity,
            notional_usd=quantity * price,
            id=f"backlog-{number}",
        )


def drain(exporting: Exporter, progress: Progress) -> list[Sample]:
    """Watch until both stores were behind and have everything."""
    samples = [Sample(exporting.scrape())]
    behind: set[str] = set()
    end = time.monotonic() + PATIENCE_S
    while len(behind) < len(STORES) or max(samples[-1].lag.values()) > DRAINED:
        assert time.monotonic() < end, samples[-1].lag
        time.sleep(POLL_S)
        samples.append(Sample(exporting.scrape()))
        behind |= {store for store in STORES if samples[-1].lag[store] > DRAINED}
        if len(samples) % 10 == 0:
            progress(", ".join(f"{store} lacks {lag:,.0f}" for store, lag in samples[-1].lag.items()))
    return samples


def rows(samples: list[Sample], titles: Mapping[str, str], differing: int) -> list[Row]:
    """Rates are events a second, from when a store is known to be behind until it has everything."""
    drained = []
    for store, title in titles.items():
        first = next(sample for sample in samples if sample.lag[store] > DRAINED)
        last = next(sample for sample in samples if sample.at > first.at and sample.lag[store] <= DRAINED)
        events = first.lag[store] - last.lag[store] + last.events - first.events
        drained.append(at_least(f"drained into {title}", "events/s", [events / (last.at - first.at)], FLOOR))
    live = (samples[-1].events - samples[0].events) / (samples[-1].at - samples[0].at)
    return [
        *drained,
        at_least("live events counted beside it", "events/s", [live], LIVE_PER_SECOND * LIVE_SHARE),
        at_most("events that the journal had to drop", "events", [samples[-1].dropped], 0),
        at_most("figures that differ between journal, stores and metrics", "", [differing], 0),
    ]


def different(exporting: Exporter) -> int:
    command = exporter("check", "--json", "--config.file", exporting.config)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    sources = json.loads(done.stdout)["sources"]
    return sum(len(source["differences"]) or source["verdict"] != "equal" for source in sources)


def main() -> int:
    parser = ArgumentParser(prog="python -m benchmarks.backlog", description="Drain a backlog into both stores.")
    parser.add_argument("--events", type=int, default=EVENTS, help=f"default: {EVENTS:,}")
    events = parser.parse_args().events
    with Progress("backlog") as progress:
        result = measure(events, progress)
    output().print(table(f"backlog: {events:,} events", result))
    return int(any(row.verdict == "MISSED" for row in result))


if __name__ == "__main__":
    sys.exit(main())
