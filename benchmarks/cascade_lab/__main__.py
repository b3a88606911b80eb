"""`python -m benchmarks.cascade_lab [--full] [--fit]`: measures the cascade detector on simulated markets.

Progress goes to stderr, tables to stdout; plots and tables also go into docs/. Exits with 1 when a target is missed.
"""

import os
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.cascade_lab import document, fitting, plots
from benchmarks.cascade_lab.episode import SHOWN_SEED, show
from benchmarks.cascade_lab.example import example
from benchmarks.cascade_lab.grid import Grid
from benchmarks.cascade_lab.laboratory import LOOSE, TIGHT, Results, by_tier, measure, targets
from benchmarks.cascade_lab.plan import FIT, FULL, QUICK, TEST_FROM, TRAIN_FROM
from benchmarks.cascade_lab.symbolweek import Done, Job, do_all
from benchmarks.cascade_lab.tables import detectors_table, levels_table, shifts_table, targets_table, tiers_table
from benchmarks.report import output
from exporter.signals.parameters import Parameters


class Bench:
    """Runs symbol-weeks on several processes and shows how far they are."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._console = Console(stderr=True, highlight=False)

    def run(self, name: str, jobs: Sequence[Job], parameters: Parameters) -> list[Done]:
        """Do the jobs."""
        columns = (TextColumn("{task.description:28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        started, events = time.monotonic(), 0
        with Progress(*columns, console=self._console, disable=not self._console.is_terminal) as progress:
            task = progress.add_task(name, total=len(jobs))

            def tell(more: int) -> None:
                nonlocal events
                events += more
                progress.advance(task)

            done = do_all(jobs, parameters, self._processes, tell)
        if not self._console.is_terminal:
            took = time.monotonic() - started
            self._console.print(f"{name}: {len(jobs)} symbol-weeks, {events:,} orders, {took:.0f} s")
        return done


def main() -> int:
    options = arguments()
    bench, parameters = Bench(options.processes), Parameters()
    if options.fit:
        parameters = fit(bench, options.fit_weeks)
    plan = msgspec.structs.replace(FULL if options.full else QUICK, test_from=options.seeds)
    if options.weeks:
        plan = msgspec.structs.replace(plan, test=options.weeks)
    results = measure(plan, parameters, lambda name, jobs: bench.run(name, jobs, parameters))
    grids = grids_of(results)
    for grid in grids:
        output().print(grid.table(), "")
    if not options.no_docs:
        shown = show(SHOWN_SEED, parameters)
        plots.draw(results, shown, parameters)
        document.write("results", "\n".join([introduction(results), "", *(grid.markdown() for grid in grids)]))
        document.write("example", example(shown).markdown())
    return int(not all(met for *_, met in targets(results)))


def arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m benchmarks.cascade_lab", description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--weeks", type=int, metavar="N", help=f"test symbol-weeks (default {QUICK.test})")
    parser.add_argument("--full", action="store_true", help=f"{FULL.test} test symbol-weeks, {FULL.shifted} per shift")
    parser.add_argument(
        "--seeds", type=int, default=TEST_FROM, metavar="FIRST", help=f"first test seed (default {TEST_FROM})"
    )
    parser.add_argument(
        "--fit", action="store_true", help="fit on train seeds first, write the numbers into the engine's file"
    )
    parser.add_argument(
        "--fit-weeks", type=int, default=FIT, metavar="N", help=f"symbol-weeks to fit on (default {FIT})"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, metavar="N", help="default: all cores")
    parser.add_argument("--no-docs", action="store_true", help="print only, leave docs/ alone")
    options = parser.parse_args()
    if TRAIN_FROM <= options.seeds < TEST_FROM:
        parser.error(f"seeds from {TRAIN_FROM} to {TEST_FROM - 1} are for the fit; judge on others")
    if min(options.weeks or 4, options.fit_weeks, options.processes) < 1:
        parser.error("the numbers of symbol-weeks and processes must be at least 1")
    return options


def fit(bench: Bench, weeks: int) -> Parameters:
    jobs = [Job(seed, samples=True) for seed in range(TRAIN_FROM, TRAIN_FROM + weeks)]
    result = fitting.fitted(Parameters(), lambda name, parameters: bench.run(name, jobs, parameters))
    path = fitting.write(result.parameters)
    numbers = msgspec.structs.asdict(result.parameters.weights)
    rows = [[name, f"{value:.3f}"] for name, value in numbers.items()]
    note = f"{result.positive:,} samples in cascades, {result.negative:,} outside; written to {path.name}"
    output().print(Grid("Fitted weights", ["term", "weight"], rows, note).table(), "")
    return result.parameters


def grids_of(results: Results) -> list[Grid]:
    return [
        targets_table(targets(results)),
        levels_table(results.levels),
        detectors_table(results.loose, LOOSE),
        detectors_table(results.tight, TIGHT),
        tiers_table(by_tier(results)),
        shifts_table(results.shifts),
    ]


def introduction(results: Results) -> str:
    plan, cascades = results.plan, results.levels["warning"][1].cascades
    return (
        f"{plan.test} test symbol-weeks (seeds {plan.test_seeds[0]} to {plan.test_seeds[-1]}) with {cascades} cascades "
        f"that meet the definition and {results.events:,} observed orders; {plan.train} train symbol-weeks; "
        f"{plan.shifted} symbol-weeks per changed market."
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
