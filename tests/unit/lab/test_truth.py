import pytest

from benchmarks.cascade_lab.injections import Plan
from benchmarks.cascade_lab.stream import BACKGROUND, BURST, WHALE, Stream, generate
from benchmarks.cascade_lab.truth import LEAST_DAYS, LEAST_EVENTS, LEAST_USD, naturals, truth_of
from benchmarks.cascade_lab.world import TIERS, WARM_UP, World, venues_of

WORLD = World(TIERS[2], venues=3)
AT = WARM_UP + 10_000.0


def order(after, usd, side=0, cause=0):
    return (AT + after, 0, side, usd, cause, 100.0)


def stream(orders, mean_day=1_000_000.0):
    plan = Plan(start=AT, seconds=60.0, side=0, usd=0.0, branching=0.9, venues=[0])
    return Stream(WORLD, venues_of(WORLD), mean_day, [plan], orders)


def test_a_cascade_is_eligible_at_the_order_that_completes_both_parts_of_the_definition():
    cascade = truth_of(stream([order(second, 10_000.0) for second in range(30)])).cascades[0]
    assert (cascade.start, cascade.eligible, cascade.end) == (AT, AT + 19, AT + 29), "the twentieth order comes last"
    cascade = truth_of(stream([order(second, 4_000.0) for second in range(30)])).cascades[0]
    assert cascade.eligible == AT + 24, "100,000 USD come last"
    assert (cascade.usd, cascade.days, cascade.events) == (120_000.0, 0.12, 30)


def test_five_per_cent_of_a_mean_day_count_where_they_are_more():
    orders = [order(second, 10_000.0) for second in range(30)]
    assert truth_of(stream(orders, mean_day=5_000_000.0)).cascades[0].eligible == AT + 24
    assert truth_of(stream(orders, mean_day=10_000_000.0)).cascades == []


def test_a_cascade_that_falls_short_is_neutral():
    truth = truth_of(stream([order(second, 50_000.0) for second in range(LEAST_EVENTS - 1)]))
    assert truth.cascades == []
    assert [(each.side, each.start, each.natural) for each in truth.neutral] == [(0, AT, False)]


def test_the_other_side_does_not_count():
    orders = [order(second, 10_000.0, side=second % 2) for second in range(30)]
    assert truth_of(stream(orders)).cascades == []


def test_everyday_flow_that_meets_the_definition_is_a_natural_cluster():
    orders = [order(second, 10_000.0, cause=BACKGROUND) for second in range(40)]
    found = list(naturals(orders, 0, LEAST_USD))
    assert [(each.side, each.start, each.end, each.natural) for each in found] == [(0, AT, AT + 39, True)]
    assert list(naturals(orders, 1, LEAST_USD)) == []


def test_one_large_order_among_small_ones_is_no_natural_cluster():
    orders = [order(second, 9e6 if second == 20 else 100.0, cause=BACKGROUND) for second in range(40)]
    assert list(naturals(orders, 0, LEAST_USD)) == []


def test_orders_too_far_apart_are_no_natural_cluster():
    orders = [order(30 * step, 90_000.0, cause=BACKGROUND) for step in range(40)]
    assert list(naturals(orders, 0, LEAST_USD)) == []


@pytest.mark.parametrize("seed", range(4))
def test_news_and_whales_never_meet_the_definition(seed):
    made = generate(World(TIERS[1], venues=4), seed)
    least = max(LEAST_USD, LEAST_DAYS * made.mean_day)
    for side in (0, 1):
        for cause in (BURST, WHALE):
            mine = [each for each in made.orders if each[2] == side and each[4] == cause]
            for first in range(len(mine)):
                near = [each for each in mine[first : first + 2000] if each[0] - mine[first][0] <= 60.0]
                assert len(near) < LEAST_EVENTS or sum(each[3] for each in near) < 2 * least
