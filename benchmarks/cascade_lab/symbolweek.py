"""One symbol-week from seed to judged figures, and many of them on all cores."""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

import msgspec

from benchmarks.cascade_lab.alarms import Points
from benchmarks.cascade_lab.detector import LEVELS, Terms, Watched, level_runs, watch
from benchmarks.cascade_lab.evaluation import Week
from benchmarks.cascade_lab.feeds import observe
from benchmarks.cascade_lab.rivals import RIVALS, thinned
from benchmarks.cascade_lab.stream import generate
from benchmarks.cascade_lab.truth import truth_of
from benchmarks.cascade_lab.world import world_of
from exporter.signals.parameters import Parameters, Weights

SCORE, SCAN, CUSUM = "score", "scan and gates", "CUSUM and gates"


class Job(msgspec.Struct, frozen=True):
    """A symbol-week to do: its seed, what is shifted, whether the samples for a fit are wanted."""

    seed: int
    shift: str = ""
    samples: bool = False


class Done(msgspec.Struct, frozen=True):
    """A symbol-week that was done, with the samples of the open gates when they were wanted."""

    week: Week
    events: int
    reentries: list[int]
    samples: tuple[list[tuple[int, Terms]], list[tuple[int, Terms]]]
    ordinary: list[Terms]


def do(job: Job, parameters: Parameters) -> Done:
    """Generate, observe, detect and keep what the evaluation needs."""
    world = world_of(job.seed, job.shift)
    stream = generate(world, job.seed)
    seen = observe(stream, job.seed)
    watched = watch(seen, stream.venues, parameters)
    sides = [[record for record in seen if record.up is None and record.side == side] for side in (0, 1)]
    points = {name: (thinned(rule(sides[0])), thinned(rule(sides[1]))) for name, rule in RIVALS.items()}
    points |= {name: (values[0], values[1]) for name, values in values_of(watched, parameters.weights).items()}
    levels = {name: level_runs(watched.changes, level) for name, level in LEVELS.items()}
    return Done(
        week=Week(job.seed, world.tier.name, truth_of(stream), points, levels),
        events=len(sides[0]) + len(sides[1]),
        reentries=reentries(watched),
        samples=watched.open if job.samples else ([], []),
        ordinary=watched.ordinary if job.samples else [],
    )


def values_of(watched: Watched, weights: Weights) -> dict[str, list[Points]]:
    """Return the logit of the score and its two strongest parts, wherever the gates are open."""
    return {
        SCORE: [[(at, logit(terms, weights)) for at, terms in side] for side in watched.open],
        SCAN: [[(at, terms[0]) for at, terms in side] for side in watched.open],
        CUSUM: [[(at, terms[1]) for at, terms in side] for side in watched.open],
    }


def logit(terms: Terms, weights: Weights) -> float:
    """Return x, whose logistic function times 100 is the score."""
    factors: tuple[float, ...] = msgspec.structs.astuple(weights)
    return factors[0] + sum(map(float.__mul__, factors[1:], terms))


def score_of(x: float) -> float:
    """Return the score of a logit."""
    return 100.0 / (1.0 + math.exp(-x))


def reentries(watched: Watched) -> list[int]:
    """Return for each episode how often its level came back to warning after it had fallen."""
    risen = [change for change in watched.changes if change.level >= LEVELS["warning"] > change.previous]
    episodes = {episode.id: episode for episode in watched.episodes}
    return [
        max(0, sum(e.side == c.side and e.opened_ms <= c.time_ms <= (e.closed_ms or e.end_ms) for c in risen) - 1)
        for e in episodes.values()
    ]


def do_all(jobs: Sequence[Job], parameters: Parameters, processes: int, tell: Callable[[int], object]) -> list[Done]:
    """Do the jobs on this many processes, `tell` after each how many orders it had; the order of the jobs is kept."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(do, job, parameters): index for index, job in enumerate(jobs)}
        results: dict[int, Done] = {}
        for future in as_completed(futures):
            results[futures[future]] = future.result()
            tell(results[futures[future]].events)
    return [results[index] for index in range(len(jobs))]
