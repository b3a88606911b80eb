"""`python -m benchmarks [SECTION...] [--quick] [--json FILE]`: measures, says which goals are met.

Exits with 1 when a goal is missed; with `--quick` only when one is missed grossly. Each section runs in a process of
its own, so that no heap or cache of one disturbs another.
"""

import platform
import sys
from argparse import ArgumentParser, Namespace
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

from benchmarks.report import Row, measured, output, table
from benchmarks.results import circumstances, keep

SECTIONS = {
    "ingest": "From frame to counted event: on the CPU, through the journal, sustained",
    "scrape": "A page of 10,000 lines against prometheus_client",
    "stores": "Redis and TimescaleDB against the usual ways to write to them",
    "end_to_end": "From frames into both stores, journal and signals on",
    "signals": "The cascade detector per event, with the number of bases, and what it holds",
    "startup": "From process start to the first scrape",
}
"""What `make bench` measures, about a quarter of an hour."""
MORE = {
    "latency": "A running exporter at 1,000 events/s over sockets, scraped every 5 s",
    "memory": "Resident memory over 2 million events",
    "sizing": "What a day of events takes on disk and in memory",
    "boards": "Every SQL of every board over 10 million rows on TimescaleDB (takes ten minutes)",
    "boards_promql": "Every PromQL of every board over a day of 12 exchanges and 300 coins (takes two minutes)",
    "boards_delay": "From the exporter's level of a coin to the boards that show it (takes two minutes)",
    "alerts": "From the event that makes a cascade critical to a webhook (takes about four minutes)",
    "idle": "All exchanges and 3,100 instruments while next to nothing is liquidated (takes two minutes)",
    "hostile": "One exchange hostile, four ways, each exchange in turn (takes six minutes)",
    "growth": "Cost per event with instruments and exchanges, the journal's with its rows (takes ten minutes)",
    "web": "Commits while 1,000 slow clients and a storm of scrapes are at the door",
    "backlog": "1.8 million events into Redis and TimescaleDB, live ingest beside them",
    "quick": "The floors in about a minute",
}
"""What is measured when it is named."""
KNOWN = SECTIONS | MORE


def main() -> int:
    options = arguments()
    results: dict[str, list[Row]] = {}
    for name in ["quick"] if options.quick else options.sections or SECTIONS:
        results[name] = in_own_process(name)
        output().print(table(f"{name}: {KNOWN[name]}", results[name]), "")
        if options.json:
            keep(options.json, name, results[name])
    output().print(f"{circumstances()}, {platform.system()} {platform.machine()}")
    rows = [row for each in results.values() for row in each]
    if options.quick:
        return int(any(row.grossly_missed for row in rows))
    return int(any(row.verdict == "MISSED" for row in rows))


def arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m benchmarks", description="Measure the exporter against its goals.")
    names = f"of {', '.join(SECTIONS)} (all of these when none is named), {', '.join(MORE)}"
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=names)
    parser.add_argument("--quick", action="store_true", help="the floors in a minute; fails on a gross loss only")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the rows there; other sections in it stay")
    options = parser.parse_args()
    unknown = [name for name in options.sections if name not in KNOWN]
    if unknown:
        parser.error(f"unknown section {unknown[0]!r}; known: {', '.join(KNOWN)}")
    return options


def in_own_process(section: str) -> list[Row]:
    run = import_module(f"benchmarks.{section}").run
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measured, section, run).result()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
