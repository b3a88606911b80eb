import math
import statistics

import pytest

from tests.streams import DAY_S, FULL, hawkes, order, play, rng, size, started, times


def ratio_of(orders, feeds=FULL):
    engine = started(feeds=feeds)
    play(engine, orders)
    return engine.reading("X", "long").branching


def measured(truth, seed):
    random = rng(seed)
    return ratio_of([order(second, usd=size(random)) for second in hawkes(random, truth, 0.03, 2000)])


@pytest.mark.parametrize("truth", [0.0, 0.3, 0.6, 0.8, 0.9, 0.95])
def test_two_thousand_orders_of_a_full_feed_give_the_branching_ratio(truth):
    assert statistics.mean(measured(truth, seed) for seed in range(6)) == pytest.approx(truth, abs=0.05)


def test_a_drifting_rate_is_no_self_excitation():
    def drifting(seed):
        random = rng(seed)
        moments = times(random, 2000, 2 * DAY_S, lambda second: 1 + 0.8 * math.sin(second / 7200), 1.8)
        return ratio_of([order(second, usd=size(random)) for second in moments])

    assert max(drifting(seed) for seed in range(4)) < 0.2


def test_orders_with_one_time_do_not_excite_each_other():
    block = [order(3600.0 * hour, usd=1000.0 + row) for hour in range(1, 60) for row in range(20)]
    assert ratio_of(block) < 0.2


def test_a_sampled_exchange_is_asked_only_where_no_full_one_has_the_coin():
    random = rng(1)
    moments = hawkes(random, 0.8, 0.1, 1500)
    full = [order(second, usd=size(random)) for second in moments]
    sampled = [order(second, exchange="s") for second in sorted({int(second) for second in moments})]
    feeds = {"a": "full", "s": "sampled"}
    assert ratio_of(full + sampled, feeds) == pytest.approx(ratio_of(full), abs=0.02)
    assert ratio_of(sampled, feeds) < ratio_of(full) - 0.04
