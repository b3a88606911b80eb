"""The frozen detector on twenty test symbol-weeks: a change of engine, weights or generator that costs shows here."""

import pytest

from benchmarks.cascade_lab.alarms import judge
from benchmarks.cascade_lab.detector import LEVELS, level_runs, watch
from benchmarks.cascade_lab.evaluation import figures
from benchmarks.cascade_lab.feeds import observe
from benchmarks.cascade_lab.plan import TEST_FROM
from benchmarks.cascade_lab.stream import generate
from benchmarks.cascade_lab.truth import truth_of
from benchmarks.cascade_lab.world import world_of
from exporter.signals.parameters import Parameters

WEEKS = 20


@pytest.fixture(scope="module")
def judged():
    verdicts = {name: [] for name in LEVELS}
    for seed in range(TEST_FROM, TEST_FROM + WEEKS):
        world = world_of(seed)
        stream = generate(world, seed)
        watched, truth = watch(observe(stream, seed), stream.venues, Parameters()), truth_of(stream)
        for name, level in LEVELS.items():
            verdicts[name].append((world.tier.name, judge(truth, level_runs(watched.changes, level))))
    return {name: figures(found) for name, found in verdicts.items()}


def test_warning_finds_cascades_with_few_false_alarms(judged):
    warning = judged["warning"]
    assert warning.cascades > 80, "the figures below mean something"
    assert warning.recall >= 0.80
    assert warning.false_per_week <= 1.5
    assert warning.by_size["over 100 %"] >= 0.90
    assert warning.from_eligible[0] <= 3.0


def test_critical_is_nearly_never_false(judged):
    assert judged["critical"].false_per_week <= 0.25
    assert judged["critical"].recall >= 0.45


def test_each_level_is_stricter_than_the_one_below(judged):
    watch_level, warning, critical = (judged[name] for name in ("watch", "warning", "critical"))
    assert watch_level.recall >= warning.recall >= critical.recall
    assert watch_level.false_per_week > warning.false_per_week > critical.false_per_week
