"""How long an event takes in a real exporter that hears 1,000 a second over sockets, while it is scraped.

The simulated exchanges and the exporter are processes of their own. The journal has an hour-old past of further coins,
so that the page is long; it is scraped as Prometheus does it, every 5 s. Times are the exporter's own histograms,
between the first and the last scrape. `liquidation_processing_seconds` is the CPU path: reading a frame, resolving and
counting, without waiting for the disk, shared equally by the events of a frame and of a commit; it includes the time
that another thread holds the interpreter. `liquidation_commit_seconds` is all the way from arrival to durable commit;
the simulated Bybit sends its half-seconds at once, and the last of a burst has waited for the others.
"""

import gzip
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from msgspec.structs import replace

from benchmarks.report import Progress, Row, at_most, info
from exporter.demo import fill
from exporter.exchanges import REGISTRY
from exporter.folder import JOURNAL_FILE
from exporter.journal.status import COMMIT_BUCKETS
from exporter.model import SIDES, Liquidation
from exporter.simulator import compare, truthfile
from exporter.view import PROCESSING_BUCKETS
from tests.system.processes import Exporter, simulator, until
from tests.unit.metrics.parsed import values

PER_SECOND = 1000
WARM_UP_EVENTS = 8_000
"""After so many the journal has its first checkpoint, the only one that holds the whole past."""
PAST_COINS = 50
SCRAPES = 6
SCRAPE_EVERY_S = 5.0
HOUR_MS = 3_600_000
PROCESSING, COMMIT = "liquidation_processing_seconds", "liquidation_commit_seconds"
HEADERS = {
    "Accept": "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2",
    "Accept-Encoding": "gzip",
}


class Scrape:
    """One scrape: when it was answered, how long that took, and what it says."""

    def __init__(self, run: Exporter) -> None:
        started = time.perf_counter()
        request = urllib.request.Request(f"http://127.0.0.1:{run.port}/metrics", headers=HEADERS)
        with urllib.request.urlopen(request, timeout=10) as answer:
            body = gzip.decompress(answer.read())
        self.at = time.perf_counter()
        self.ms = (self.at - started) * 1000
        self.lines = body.count(b"\n")
        self.values = values(body)

    def buckets(self, histogram: str) -> list[float]:
        """Return the histogram's counts at or below each bound, as they stand in the page."""
        return [value for series, value in self.values.items() if series.startswith(f"{histogram}_bucket")]

    def count(self, histogram: str) -> float:
        return self.values[f"{histogram}_count"]


def run(progress: Progress) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with simulator(folder, "calm", 1, "--rate", PER_SECOND) as (endpoints, end), Exporter(folder, endpoints) as run:
            run.data.mkdir()
            past = list(history(PAST_COINS))
            fill(run.data / JOURNAL_FILE, past)
            progress("warming up")
            run.start()
            until(lambda: Scrape(run).count(PROCESSING) > WARM_UP_EVENTS, "the first events")
            scrapes = list(watch(run, progress))
            progress("comparing what was counted with what was sent")
            sent = truthfile.read(end())
            run.drained()
            truth = [truthfile.as_truth(event) for event in past] + sent
            comparison = compare(truth, run.scrape(), time.time_ns() // 1_000_000)
    certain = sum(event.certain for event in sent) / len(sent) * 100
    return [
        *rows(scrapes),
        at_most(f"figures unlike what was sent, of {len(comparison.rows):,}", "", [len(comparison.wrong())], 0),
        info("events that must have been counted, of those sent", "%", [certain]),
    ]


def watch(run: Exporter, progress: Progress) -> Iterator[Scrape]:
    begin = time.perf_counter()
    for number in range(SCRAPES + 1):
        progress(f"scrape {number} of {SCRAPES}")
        time.sleep(max(0.0, begin + number * SCRAPE_EVERY_S - time.perf_counter()))
        yield Scrape(run)


def rows(scrapes: list[Scrape]) -> list[Row]:
    first, last = scrapes[0], scrapes[-1]
    pairs = list(pairwise(scrapes))
    rates = [(after.count(PROCESSING) - before.count(PROCESSING)) / (after.at - before.at) for before, after in pairs]
    processing = [p99_ms(PROCESSING, PROCESSING_BUCKETS, *pair) for pair in pairs]
    commit = [p99_ms(COMMIT, COMMIT_BUCKETS, *pair) for pair in pairs]

    def whole(name: str, bounds: tuple[float, ...]) -> float:
        return p99_ms(name, bounds, first, last)

    events = last.count(PROCESSING) - first.count(PROCESSING)
    cpu_s = last.values["process_cpu_seconds_total"] - first.values["process_cpu_seconds_total"]
    return [
        info("events counted", "events/s", rates),
        info("lines of the page", "", [last.lines]),
        replace(
            at_most("CPU path of an event, p99", "ms", processing, 1), figure=whole(PROCESSING, PROCESSING_BUCKETS)
        ),
        replace(info("arrival to durable commit, p99", "ms", commit), figure=whole(COMMIT, COMMIT_BUCKETS)),
        info("CPU of the whole process, sockets and scrapes included", "µs/event", [cpu_s / events * 1e6]),
        info("a scrape as its client sees it, compressed", "ms", [scrape.ms for scrape in scrapes[1:]]),
    ]


def p99_ms(name: str, bounds: tuple[float, ...], before: Scrape, after: Scrape) -> float:
    """Return the 99th percentile between two scrapes as Prometheus estimates it: a straight line within a bucket."""
    counts = [new - old for old, new in zip(before.buckets(name), after.buckets(name), strict=True)]
    rank = 0.99 * counts[-1]
    lower, below = 0.0, 0.0
    for bound, count in zip(bounds, counts, strict=False):
        if count >= rank:
            return (lower + (bound - lower) * (rank - below) / (count - below)) * 1000
        lower, below = bound, count
    return bounds[-1] * 1000


def history(coins: int) -> Iterator[Liquidation]:
    """Return one event of every exchange and side for so many coins, some hours old."""
    now_ms = time.time_ns() // 1_000_000
    for number in range(coins):
        at = now_ms - 2 * HOUR_MS - number * 1000
        coin = f"COIN{number}"
        for exchange in REGISTRY:
            for side in SIDES:
                yield Liquidation(
                    time_ms=at,
                    received_ms=at,
                    exchange=exchange,
                    instrument=f"{coin}USDT",
                    base=coin,
                    quote="USDT",
                    settle="USDT",
                    kind="perpetual",
                    side=side,
                    price=1.5,
                    price_kind="fill",
                    quantity=1000.0 + number,
                    quantity_unit="base",
                    base_quantity=1000.0 + number,
                    notional_usd=(1000.0 + number) * 1.5,
                    id=f"{coin}:{side}",
                )
