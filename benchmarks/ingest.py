"""The way of an event from its frame to the totals: on the CPU alone, through the journal, and sustained.

Three measurements, each with its own docstring: `adapters`, `journal`, `sustained`.
"""

from benchmarks import adapters, journal, sustained
from benchmarks.report import Progress, Row


def run(progress: Progress) -> list[Row]:
    return [*adapters.run(progress), *journal.run(progress), *sustained.run(progress)]
