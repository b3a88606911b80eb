import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.signals.decay import Recent

ORDERS = st.lists(st.tuples(st.integers(0, 40_000), st.integers(0, 2), st.floats(1.0, 1e7)), min_size=1, max_size=40)


def brute_force(orders, tau_s, value):
    last = orders[-1][0]
    return math.fsum(value(order) * math.exp((order[0] - last) / (1000 * tau_s)) for order in orders)


def absolute(gaps):
    clock, result = 0, []
    for gap, place, usd in gaps:
        clock += gap
        result.append((clock, place, usd))
    return result


def filled(orders):
    recent = Recent(3, 0)
    for clock, place, usd in orders:
        recent.decay(clock)
        recent.add(place, usd)
    return recent


@given(ORDERS)
def test_the_sums_are_those_of_all_orders_decayed(gaps):
    orders = absolute(gaps)
    recent = filled(orders)
    expected = [brute_force(orders, tau, lambda _order: 1.0) for tau in (3, 10, 30, 90)]
    assert recent.counts == pytest.approx(expected, rel=1e-9)
    assert recent.usd == pytest.approx(brute_force(orders, 30, lambda order: order[2]), rel=1e-9)


@given(ORDERS)
def test_the_effective_number_of_exchanges_needs_no_loop_over_them(gaps):
    orders = absolute(gaps)
    recent = filled(orders)
    by_exchange = [brute_force(orders, 30, lambda order, i=i: order[2] * (order[1] == i)) for i in range(3)]
    assert recent.squares == pytest.approx(math.fsum(usd * usd for usd in by_exchange), rel=1e-6)


@given(ORDERS, st.integers(0, 300_000))
def test_looking_ahead_changes_nothing_and_says_what_decay_will_do(gaps, later):
    recent = filled(absolute(gaps))
    before = recent.dump()
    seen = recent.usd_at(recent.clock + later)
    assert recent.dump() == before
    recent.decay(recent.clock + later)
    assert seen == pytest.approx(recent.usd, rel=1e-9)


def test_a_clock_that_runs_backwards_is_ignored():
    recent = filled([(5000, 0, 10.0)])
    recent.decay(1000)
    assert recent.clock == 5000
    assert recent.usd == 10.0
