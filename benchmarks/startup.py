"""From the start of the process to the first scrape that is answered, and what an idle exporter holds in memory.

The exporter is `python -m exporter` with exchanges that cannot be reached, once with an empty journal and once with one
of a million events whose last 20,000 are not in the checkpoint, the most that an unclean stop leaves to count anew.
Byte code is cached, as on any start but the first after an installation, which finds that of the libraries only. The
anchor (P13) is an interpreter that imports libraries that the exporter needs.
"""

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from benchmarks.engine import nowhere
from benchmarks.frames import Traffic
from benchmarks.journal import resolved
from benchmarks.memory import resident_mib
from benchmarks.report import Measured, Progress, Row, at_most, info, times_the_cost
from exporter.config import Metrics
from exporter.exchanges import REGISTRY
from exporter.folder import JOURNAL_FILE
from exporter.journal import Batch, Checkpoint, Database
from exporter.journal.writer import CHECKPOINT_RECORDS
from exporter.ledger import Ledger
from tests.system.processes import ROOT, Exporter, exporter
from tests.unit.metrics.parsed import values

ROUNDS = 5
EVENTS = 1_000_000
EVENTS_PER_DAY = 250_000
DAY_S = 86_400
BATCH = 5_000
POLL_S = 0.002
PATIENCE_S = 30.0
LIBRARIES = "aiohttp, redis.asyncio, asyncpg, prometheus_client, structlog, yaml"
MORE_LIBRARIES = "msgspec, websockets.asyncio.client"


class Start:
    """Seconds from the start of a process until it was ready, and its resident memory then."""

    def __init__(self, seconds: float, mib: float) -> None:
        self.seconds = seconds
        self.mib = mib


def run(progress: Progress) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        environment = os.environ | {"PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "PYTHONDONTWRITEBYTECODE": ""}
        progress(f"a journal of {EVENTS:,} events")
        full = prepared(folder / "full")
        build(full.data / JOURNAL_FILE)
        empty = prepared(folder / "empty")
        imports(f"{LIBRARIES}, {MORE_LIBRARIES}", environment)  # caches their byte code, as their installation does
        first = serve(empty, environment, 0)
        rounds = [one_round(empty, full, environment, progress, number) for number in range(1, ROUNDS + 1)]
    return rows(rounds, first)


def one_round(
    empty: Exporter, full: Exporter, environment: Mapping[str, str], progress: Progress, number: int
) -> dict[str, Start]:
    progress(f"round {number} of {ROUNDS}")
    return {
        "empty": serve(empty, environment, 0),
        "full": serve(full, environment, EVENTS),
        "libraries": imports(LIBRARIES, environment),
        "exporter": imports("exporter.app", environment),
    }


def rows(rounds: list[dict[str, Start]], first: Start) -> list[Row]:
    def seconds(what: str) -> list[float]:
        return [each[what].seconds for each in rounds]

    def sides(field: str, unit: str) -> tuple[Measured, Measured]:
        ours, anchor = ([getattr(each[what], field) for each in rounds] for what in ("empty", "libraries"))
        return Measured("", unit, ours), Measured("libraries", unit, anchor)

    return [
        at_most("to the first scrape, empty journal", "s", seconds("empty"), 2.0),
        at_most(f"to the first scrape, journal of {EVENTS:,} events", "s", seconds("full"), 2.0),
        info("to the first scrape after an installation, empty journal", "s", [first.seconds]),
        times_the_cost("P13", "to the first scrape, empty journal", *sides("seconds", "s"), 2.0, 1.5),
        times_the_cost("P13", "resident when idle, empty journal", *sides("mib", "MiB"), 1.7, 1.4),
        info(f"resident when idle, journal of {EVENTS:,} events", "MiB", [each["full"].mib for each in rounds]),
        info("importing the exporter", "s", seconds("exporter")),
        info(f"importing {LIBRARIES}", "s", seconds("libraries")),
    ]


def prepared(folder: Path) -> Exporter:
    folder.mkdir()
    addresses = {name: nowhere(name) for name in REGISTRY}
    run = Exporter(folder, addresses)
    run.data.mkdir()
    return run


def build(path: Path) -> None:
    """Write a journal as an exporter leaves it that was killed just before a checkpoint."""
    metrics = Metrics()
    ledger = Ledger(REGISTRY, metrics.bases, metrics.base_cap)
    database = Database(path)
    traffic = Traffic(time.time_ns() // 1_000_000 - EVENTS * DAY_S // EVENTS_PER_DAY * 1000, EVENTS_PER_DAY / DAY_S)
    remaining = islice(resolved_all(traffic), EVENTS)
    written = 0
    while entries := list(islice(remaining, BATCH)):
        for record in database.write(Batch(entries=entries)).records:
            ledger.apply(record.seq, record.entry)
        written += len(entries)
        if written == EVENTS - CHECKPOINT_RECORDS:
            database.write(Batch(checkpoint=Checkpoint(ledger.last_seq, ledger.take_changes())))
    database.close()


def resolved_all(traffic: Traffic) -> Iterator:
    while True:
        yield from resolved(traffic)


def serve(run: Exporter, environment: Mapping[str, str], events: int) -> Start:
    """Start the exporter and wait for its first scrape, which has to show so many events.

    Then it is killed, so that the journal stays as it is.
    """
    command = exporter("--config.file", run.config, "--log.level", "error")
    started = time.perf_counter()
    with process(command, environment) as exporting:
        while not (body := scraped(f"http://127.0.0.1:{run.port}/metrics")):
            assert exporting.poll() is None, "it ended"
            assert time.perf_counter() < started + PATIENCE_S, "it does not serve"
            time.sleep(POLL_S)
        start = Start(time.perf_counter() - started, resident_mib(exporting.pid))
    counted = sum(value for series, value in values(body).items() if series.startswith("liquidation_events_total{"))
    assert counted == events, f"{counted} events counted of {events}"
    return start


def scraped(address: str) -> bytes:
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE_S) as answer:
            return answer.read()
    except OSError:
        return b""


def imports(modules: str, environment: Mapping[str, str]) -> Start:
    """Start an interpreter that imports some modules and waits."""
    code = f"import {modules}; import sys; sys.stdout.write('.'); sys.stdout.flush(); sys.stdin.read()"
    started = time.perf_counter()
    with process([sys.executable, "-c", code], environment) as importing:
        importing.stdout.read(1)
        seconds = time.perf_counter() - started
        return Start(seconds, resident_mib(importing.pid))


@contextmanager
def process(command: list[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen]:
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as it:
        try:
            yield it
        finally:
            it.kill()
