import math
from random import Random

import pytest

from benchmarks.cascade_lab.feeds import Seen
from benchmarks.cascade_lab.rivals import LEAST_COUNT, both, count60, rolling_usd, thinned, usd60, z_scores


def orders(seed=1, count=800):
    rng = Random(seed)
    times = sorted(rng.randrange(6_000_000) for _ in range(count // 2))
    times += sorted(rng.randrange(6_000_000, 6_300_000) for _ in range(count // 2))
    return [Seen(at, at, 0, 0, rng.lognormvariate(7, 2), 1.0) for at in times]


def test_the_naive_rules_are_the_sums_that_they_say():
    made = orders()
    counts, usd = dict(count60(made)), dict(usd60(made))
    assert counts
    assert usd
    for each in made:
        window = [other for other in made if each.applied - 60_000 < other.applied <= each.applied]
        assert counts.get(each.applied, 0.0) == (len(window) if len(window) >= LEAST_COUNT else 0.0)
        if each.applied in usd:
            assert usd[each.applied] == pytest.approx(sum(other.usd for other in window))


def test_a_z_score_compares_with_the_mean_of_closed_windows():
    made, window, half_life = orders(), 10_000, 3_600_000
    keep = 0.5 ** (window / half_life)
    scores = dict(z_scores(made, window, half_life, math.log1p))
    assert scores
    totals = dict(rolling_usd(made, window))
    for at, score in list(scores.items())[::10]:
        closed = [0.0] * (at // window)
        for each in made:
            if each.applied // window < len(closed):
                closed[each.applied // window] += each.usd
        values = [math.log1p(total) for total in closed]
        weights = [keep ** (len(values) - 1 - index) for index in range(len(values))]
        mean = sum(map(float.__mul__, weights, values)) / sum(weights)
        square = sum(weight * value**2 for weight, value in zip(weights, values, strict=True)) / sum(weights)
        assert score == pytest.approx(
            (math.log1p(totals[at]) - mean) / math.sqrt(max(square - mean**2, 1e-9)), rel=1e-6
        )


def test_both_is_the_weaker_of_the_two_in_units_of_their_thresholds():
    assert both([(1, 50.0), (2, 100.0)], [(1, 3e6)], 100.0, 1e6) == [(1, 0.5), (2, 0.0)]


def test_thinning_keeps_every_first_crossing():
    points = [(at, value) for at, value in count60(orders())]
    for threshold in (10.0, 20.0, 40.0, 60.0):
        first = next((at for at, value in points if value >= threshold), None)
        assert next((at for at, value in thinned(points) if value >= threshold), None) == first
