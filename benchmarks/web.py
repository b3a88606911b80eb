"""How long a commit takes while the web server is under attack: 1,000 slow clients and a storm of scrapes at once.

The simulated exchanges and the exporter are processes of their own. Quiet and attacked
rounds alternate in one run. The slow clients come from 16 addresses, send a byte a second, never end a request, and
come again when they are cut; the exporter has been told to hold them all, which by default it would not. The storm is
20 clients that scrape as fast as they are answered. Bybit is left out: the simulated one sends half a second's events
at once, which is what its commits would measure.
"""

import gzip
import os
import resource
import statistics
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import bcrypt

from benchmarks.latency import COMMIT, HEADERS, PROCESSING, Scrape, p99_ms
from benchmarks.report import Progress, Row, at_most, info
from benchmarks.turns import SCRAPERS, SLOW, turns
from exporter.exchanges import REGISTRY
from exporter.journal.status import COMMIT_BUCKETS
from exporter.view import PROCESSING_BUCKETS
from exporter.web.passwords import compare
from tests.system.processes import Exporter, simulator, until
from tests.system.slow import Slow

PER_SECOND = 1000
WARM_UP_EVENTS = 8_000
ROUNDS = 3
ROUND_S = 10.0
LEFT_OUT = "bybit"
FILES, MEMORY, CPU = "process_open_fds", "process_resident_memory_bytes", "process_cpu_seconds_total"
COST = 10
GUESSES = 15


class Round:
    """Two scrapes with a time between them, how long the storm's scrapes took (ms)."""

    def __init__(self, before: Scrape, after: Scrape, storm: list[float]) -> None:
        self.before, self.after, self.storm = before, after, storm

    def cpu(self) -> float:
        """Return the exporter's share of a processor (%)."""
        spent = self.after.values[CPU] - self.before.values[CPU]
        return spent / (self.after.at - self.before.at) * 100

    def p99_ms(self, histogram: str, bounds: tuple[float, ...]) -> float:
        return p99_ms(histogram, bounds, self.before, self.after)


def run(progress: Progress) -> list[Row]:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    os.environ["LIQ_WEB_MAX_CONNECTIONS"] = str(SLOW + 10 * SCRAPERS)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with simulator(folder, "calm", 1, "--rate", PER_SECOND) as (endpoints, _), exporter(folder, endpoints) as run:
            progress("warming up")
            run.start()
            until(lambda: Scrape(run).count(PROCESSING) > WARM_UP_EVENTS, "the first events")
            quiet, attacked = rounds(run, progress)
            files = Scrape(run).values[FILES] - quiet[0].before.values[FILES]
    progress("watching the event loop")
    longest = turns()
    progress("comparing passwords")
    return [*rows(quiet, attacked), at_most("open files more than before", "", [files], 5), *longest, passwords()]


def exporter(folder: Path, endpoints: dict[str, dict[str, str]]) -> Exporter:
    return Exporter(
        folder,
        {},
        exchanges={name: {"enabled": name != LEFT_OUT, "endpoints": endpoints.get(name, {})} for name in REGISTRY},
    )


def rounds(run: Exporter, progress: Progress) -> tuple[list[Round], list[Round]]:
    quiet, attacked = [], []
    for number in range(1, ROUNDS + 1):
        progress(f"quiet round {number} of {ROUNDS}")
        quiet.append(one_round(run))
        progress(f"attacked round {number} of {ROUNDS}")
        with Slow(run.port, SLOW) as slow:
            until(lambda slow=slow: slow.open >= SLOW, "the slow clients")
            attacked.append(one_round(run, SCRAPERS))
        until(lambda: Scrape(run).values[FILES] < quiet[0].before.values[FILES] + 5, "the slow clients to be gone")
    return quiet, attacked


def one_round(run: Exporter, scrapers: int = 0) -> Round:
    stop = Event()
    with ThreadPoolExecutor(max(scrapers, 1)) as pool:
        before = Scrape(run)
        storm = [pool.submit(scraping, run.port, stop) for _ in range(scrapers)]
        time.sleep(ROUND_S)
        after = Scrape(run)
        stop.set()
    return Round(before, after, [took for each in storm for took in each.result()])


def scraping(port: int, stop: Event) -> list[float]:
    """Scrape as fast as it goes; an answer that is no page is an error."""
    took = []
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers=HEADERS)
    while not stop.is_set():
        started = time.perf_counter()
        with urllib.request.urlopen(request, timeout=30) as answer:
            content = answer.read()
        took.append((time.perf_counter() - started) * 1000)
    assert b"liquidation_events_total" in gzip.decompress(content)
    return took


def rows(quiet: list[Round], attacked: list[Round]) -> list[Row]:
    took = [each.storm for each in attacked]
    grown = attacked[-1].after.values[MEMORY] - quiet[0].before.values[MEMORY]
    quiet_ms, attacked_ms = ([each.p99_ms(COMMIT, COMMIT_BUCKETS) for each in those] for those in (quiet, attacked))
    cpu_ms = [each.p99_ms(PROCESSING, PROCESSING_BUCKETS) for each in attacked]
    quiet_cpu, attacked_cpu = ([each.cpu() for each in those] for those in (quiet, attacked))
    return [
        info("lines of the page", "", [attacked[-1].after.lines]),
        info("arrival to durable commit, p99, quiet", "ms", quiet_ms),
        at_most("arrival to durable commit, p99, attacked", "ms", attacked_ms, 5),
        info("CPU path of an event, p99, attacked", "ms", cpu_ms),
        info("of a processor, quiet", "%", quiet_cpu),
        info("of a processor, attacked", "%", attacked_cpu),
        info("scrapes answered in the storm", "/s", [len(each) / ROUND_S for each in took]),
        info("a scrape in the storm", "ms", [statistics.median(each) for each in took]),
        info("a scrape in the storm, p99", "ms", [statistics.quantiles(each, n=100)[98] for each in took]),
        info("resident memory more than before", "MiB", [grown / (1 << 20)]),
    ]


def passwords() -> Row:
    """Return how much longer a wrong password takes than an unknown user, or the other way round."""
    hashed = bcrypt.hashpw(b"right", bcrypt.gensalt(COST)).decode()
    ratios = []
    for _ in range(GUESSES):
        wrong, unknown = timed(hashed), timed(None)
        ratios.append(max(wrong, unknown) / min(wrong, unknown))
    return at_most("wrong password against unknown user, time", "x", ratios, 1.1)


def timed(hashed: str | None) -> float:
    started = time.thread_time()
    compare(hashed, b"wrong", COST)
    return time.thread_time() - started
