import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.signals.evidence import CEILING, Evidence

ORDERS = st.lists(st.tuples(st.integers(0, 40_000), st.integers(0, 2), st.floats(1.0, 1e7)), min_size=1, max_size=40)


RATE = 0.01


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
    evidence = Evidence(3, 0)
    for clock, place, usd in orders:
        evidence.order(clock, place, usd, 0.0, RATE, RATE)
    return evidence


@given(ORDERS)
def test_the_sums_are_those_of_all_orders_decayed(gaps):
    orders = absolute(gaps)
    evidence = filled(orders)
    expected = [brute_force(orders, tau, lambda _order: 1.0) for tau in (3, 10, 30, 90)]
    assert evidence.counts == pytest.approx(expected, rel=1e-9)
    assert evidence.usd == pytest.approx(brute_force(orders, 30, lambda order: order[2]), rel=1e-9)


@given(ORDERS)
def test_persistence_counts_seconds_and_not_orders(gaps):
    orders = absolute(gaps)
    firsts = {clock // 1000: (clock, place, usd) for clock, place, usd in reversed(orders)}
    started = sorted(firsts.values())
    expected = math.fsum(math.exp((clock - orders[-1][0]) / 90_000) for clock, _, _ in started)
    assert filled(orders).seconds == pytest.approx(expected, rel=1e-9)


@given(ORDERS)
def test_the_effective_number_of_exchanges_needs_no_loop_over_them(gaps):
    orders = absolute(gaps)
    evidence = filled(orders)
    by_exchange = [brute_force(orders, 30, lambda order, i=i: order[2] * (order[1] == i)) for i in range(3)]
    assert evidence.squares == pytest.approx(math.fsum(usd * usd for usd in by_exchange), rel=1e-6)


@given(ORDERS, st.integers(0, 300_000))
def test_looking_ahead_changes_nothing_and_says_what_time_will_do(gaps, later):
    evidence = filled(absolute(gaps))
    before, clock = evidence.dump(), evidence.clock + later
    usd, counts, cusum = evidence.usd_at(clock), evidence.counts_at(clock), evidence.cusum_at(clock, RATE)
    seconds, fresh = evidence.seconds_at(clock), clock // 1000 != evidence.second
    assert evidence.dump() == before
    assert evidence.order(clock, 0, 1.0, 0.25, RATE, None) == pytest.approx(counts, rel=1e-9)
    assert evidence.usd == pytest.approx(usd + 1.0, rel=1e-9)
    assert evidence.seconds == pytest.approx(seconds + fresh, rel=1e-9)
    assert cusum <= before[evidence.__slots__.index("cusum")]


def test_a_clock_that_runs_backwards_is_ignored():
    evidence = filled([(5000, 0, 10.0)])
    evidence.order(1000, 0, 10.0, 0.0, RATE, RATE)
    assert evidence.clock == 5000
    assert evidence.usd == 20.0


@given(ORDERS)
def test_the_cusum_and_the_branching_ratio_keep_their_bounds(gaps):
    evidence = Evidence(3, 0)
    for clock, place, usd in absolute(gaps):
        evidence.order(clock, place, usd, usd - 5e6, RATE, RATE)
        assert 0.0 <= evidence.cusum <= CEILING
        assert 0.0 < evidence.branching < 1.0


def test_a_burst_is_evidence_and_time_takes_it_away():
    strong = filled(absolute([(200, 0, 1000.0)] * 200))
    assert strong.cusum > 5.0
    assert strong.cusum_at(strong.clock + 3_600_000, RATE) == 0.0
    assert filled(absolute([(100_000, 0, 1000.0)] * 200)).cusum < 2.0
