from math import isnan

import pytest

from benchmarks.cascade_lab.alarms import HOLD_MS, judge, runs_of
from benchmarks.cascade_lab.evaluation import Week, at_threshold, curve, figures, quantiles, threshold_for
from benchmarks.cascade_lab.truth import AFTER, Cascade, Neutral, Truth
from benchmarks.cascade_lab.world import WARM_UP

AT = WARM_UP + 5000.0
CASCADE = Cascade(side=0, start=AT, end=AT + 100, eligible=AT + 20, usd=1e6, days=0.2, events=50)


def alarm(start, end, side=0):
    return side, (int(start * 1000), int(end * 1000))


def test_an_alarm_lasts_until_the_statistic_has_been_low_for_two_minutes():
    points = [(0, 5.0), (1000, 7.0), (1000 + HOLD_MS, 6.0), (2000 + 2 * HOLD_MS + 1, 6.0)]
    assert runs_of(points, 6.0) == [(1000, 1000 + HOLD_MS), (2000 + 2 * HOLD_MS + 1, 2000 + 2 * HOLD_MS + 1)]
    assert runs_of(points, 8.0) == []


@pytest.mark.parametrize(
    ("run", "delay"),
    [
        (alarm(AT + 5, AT + 50), 5.0),
        (alarm(AT - 30, AT + 50), 0.0),
        (alarm(AT + 100 + AFTER, AT + 900), 100.0 + AFTER),
    ],
)
def test_an_alarm_during_or_shortly_after_a_cascade_finds_it(run, delay):
    verdict = judge(Truth([CASCADE], []), [run])
    assert verdict.found[0].from_start == pytest.approx(delay)
    assert verdict.found[0].from_eligible == pytest.approx(delay - 20)
    assert (verdict.right, verdict.false) == (1, [])


@pytest.mark.parametrize(
    "run", [alarm(AT + 10, AT + 50, side=1), alarm(AT - 90, AT - 1), alarm(AT + 101 + AFTER, AT + 999)]
)
def test_an_alarm_elsewhere_is_false(run):
    verdict = judge(Truth([CASCADE], []), [run])
    assert verdict.found[0].at is None
    assert (verdict.right, verdict.false) == (0, [run[1]])


def test_an_alarm_in_a_neutral_stretch_is_neither_right_nor_wrong():
    verdict = judge(Truth([], [Neutral(0, AT, AT + 10, natural=True)]), [alarm(AT + 5, AT + 6)])
    assert (verdict.right, verdict.false) == (0, [])


def test_the_warm_up_is_not_judged():
    assert judge(Truth([], []), [alarm(100, 200)]).false == []


def week(seed, values):
    points = [(int((AT - 4000 + 500 * step) * 1000), float(value)) for step, value in enumerate(values)]
    return Week(seed, "major", Truth([CASCADE], []), {"it": (points, [])}, {})


def test_a_threshold_is_the_lowest_with_few_enough_false_alarms():
    weeks = [week(1, [1, 2, 3, 4, 5, 6, 7, 8, 20]), week(2, [1, 9, 1, 1, 1, 1, 1, 1, 15])]
    assert threshold_for(weeks, "it", 0.0) == 15.0
    assert threshold_for(weeks, "it", 0.5) == 9.0
    assert threshold_for(weeks, "it", 1.0) == 8.0
    result = figures(at_threshold(weeks, "it", 8.0))
    assert (result.recall, result.false_per_week, result.precision) == (1.0, 1.0, 0.5)
    assert result.by_tier == {"major": (1.0, 1.0)}
    assert result.by_size == {"10-30 %": 1.0}
    assert curve(weeks, "it", 1.0)[0] == (0.0, 0.0)


def test_quantiles_of_nothing_are_unknown():
    assert all(isnan(value) for value in quantiles([]))
    assert quantiles([3.0]) == (3.0, 3.0)
    assert quantiles([1.0, 2.0, 3.0]) == (2.0, pytest.approx(2.8))
