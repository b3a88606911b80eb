"""The floors in about a minute: fewer rounds of the same measurements, for every change.

Its verdicts are a report. It fails only on a gross loss: a ratio whose best round is not even half of the floor. What
is not installed here (the peers, Redis, PostgreSQL) is left out.
"""

from collections.abc import Callable

from benchmarks import adapters, journal, scrape, stores_redis, stores_sql
from benchmarks.report import Progress, Row
from stack.programs import installed

ROUNDS = 3


def run(progress: Progress) -> list[Row]:
    """Return the ratios only: absolute figures say more about the machine."""
    found = [row for measure in measurements() for row in measure(progress)]
    return [row for row in found if row.anchor]


def measurements() -> list[Callable[[Progress], list[Row]]]:
    """Return what can be measured here."""
    chosen: list[Callable[[Progress], list[Row]]] = [
        lambda progress: adapters.run(progress, ROUNDS),
        lambda progress: journal.run(progress, ROUNDS),
        lambda progress: scrape.run(progress, ROUNDS, 1),
    ]
    if installed("redis-server"):
        chosen.append(lambda progress: stores_redis.run(progress, ROUNDS))
    if installed("postgres"):
        chosen.append(lambda progress: stores_sql.run(progress, ROUNDS))
    return chosen
