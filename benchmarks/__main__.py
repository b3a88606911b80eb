"""`python -m benchmarks [SECTION...] [--json]`: measures, says which goals are met, exits with 1 when one is missed.

Each section runs in a process of its own, so that no heap or cache of one disturbs another.
"""

import os
import platform
import sys
from argparse import ArgumentParser
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context

import msgspec
from msgspec.structs import asdict

from benchmarks.report import Row, measured, output, table

SECTIONS = {
    "pipeline": "From frame to aggregated event, CPU only",
    "ingest": "Sustained ingest through parser, journal file, ledger, cascade signals and metrics",
    "journal": "Journal against a raw sqlite3 loop",
    "latency": "A running exporter at 1,000 events/s over sockets, scraped every 5 s",
    "memory": "Resident memory over 2 million events",
    "startup": "From process start to the first scrape",
    "scrape": "A page of 10,000 lines against prometheus_client",
    "stores_redis": "The Redis store against a pipeline per event",
    "stores_sql": "The history against executemany and COPY",
    "boards": "Every SQL of every board over 10 million rows on TimescaleDB (takes ten minutes)",
    "boards_promql": "Every PromQL of every board over a day of 12 exchanges and 300 coins (takes two minutes)",
    "boards_delay": "From the exporter's level of a coin to the boards that show it (takes two minutes)",
    "signals": "The cascade detector per event, with the number of bases, and what it holds",
    "alerts": "From the event that makes a cascade critical to a webhook (takes about four minutes)",
    "idle": "All exchanges and 3,100 instruments while next to nothing is liquidated (takes two minutes)",
    "hostile": "One exchange hostile, four ways, each exchange in turn (takes six minutes)",
    "growth": "Cost per event with instruments and exchanges, the journal's with its rows (takes ten minutes)",
    "web": "Commits while 1,000 slow clients and a storm of scrapes are at the door",
    "backlog": "1.8 million events into Redis and TimescaleDB, live ingest beside them",
}


def main() -> int:
    parser = ArgumentParser(prog="python -m benchmarks", description="Measure the exporter against its goals.")
    listing = ", ".join(SECTIONS)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {listing}; all when none is named")
    parser.add_argument("--json", action="store_true", help="print the rows as one JSON object instead of tables")
    options = parser.parse_args()
    unknown = [name for name in options.sections if name not in SECTIONS]
    if unknown:
        parser.error(f"unknown section {unknown[0]!r}; known: {listing}")
    results: dict[str, list[Row]] = {}
    for name in options.sections or SECTIONS:
        results[name] = in_own_process(name)
        if not options.json:
            output().print(table(f"{name}: {SECTIONS[name]}", results[name]), "")
    if options.json:
        sections = {name: [asdict(row) | {"verdict": row.verdict} for row in rows] for name, rows in results.items()}
        print(msgspec.json.encode({"machine": machine(), "sections": sections}).decode())
    else:
        output().print(machine())
    return int(any(row.verdict == "MISSED" for rows in results.values() for row in rows))


def in_own_process(section: str) -> list[Row]:
    run = import_module(f"benchmarks.{section}").run
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measured, section, run).result()


def machine() -> str:
    busy = f"load {os.getloadavg()[0]:.1f}"
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}, {busy}"
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
