"""The slow parts: stress, price clusters, dominance, the hour of the day, the exchanges' clocks."""

import pytest

from exporter.signals import Engine, Parameters
from exporter.signals.clusters import BUCKETS, SLACK, Prices
from exporter.signals.exchanges import MOST_HALVINGS
from exporter.signals.hours import Exposure, Hours
from exporter.signals.parameters import Baselines
from exporter.signals.stress import SAMPLES, Ranks
from tests.streams import DAY_S, START_MS, background, order, play, rng, started

HOUR_MS = 3_600_000


def test_stress_ranks_the_last_hours_among_the_month():
    engine = started()
    quiet = background(rng(1), 300, 5 * DAY_S)
    heavy = [order(5 * DAY_S + 10 * n, usd=50_000.0) for n in range(720)]
    play(engine, quiet[:1], 600)
    assert engine.stress("long", "1h") is None
    play(engine, quiet + heavy, 5 * DAY_S + 7200)
    assert engine.stress("long", "1h") > 0.97
    assert engine.stress("long", "24h") > 0.97
    assert engine.stress("short", "1h") < 0.97


def test_ranks_forget_what_is_older_than_the_month():
    ranks = Ranks()
    for _ in range(SAMPLES):
        ranks.sample(1e9)
    assert ranks.rank(1e6) == 0.0
    for _ in range(SAMPLES):
        ranks.sample(1e3)
    assert ranks.rank(1e6) == 1.0
    assert sum(ranks.counts) == SAMPLES


def test_ties_count_half():
    ranks = Ranks()
    for _ in range(200):
        ranks.sample(0.0)
    assert ranks.rank(0.0) == 0.5


def test_a_cluster_is_a_run_of_heavy_buckets():
    prices = Prices(0)
    for number in range(200):
        prices.add(50.0 * 1.0011**number, 1000.0, 0)
    for price in (100.0, 100.05, 100.15, 100.25):
        prices.add(price, 50_000.0, 0)
    prices.add(110.0, 10_000.0, 0)
    first, second = prices.clusters(0)
    assert first.low <= 100.0
    assert first.high >= 100.25
    assert first.usd == pytest.approx(200_000.0, rel=0.02)
    assert first.low < first.centre < first.high
    assert first.distance == pytest.approx(first.centre / 110.0 - 1)
    assert second.low <= 110.0 <= second.high


def test_clusters_fade_with_a_half_life_of_six_hours_however_long_it_lasts():
    prices = Prices(0)
    now_ms = 0
    for day in range(400):
        now_ms = day * 24 * HOUR_MS
        for number in range(10):
            prices.add(80.0 * 1.01**number, 100.0, now_ms)
        prices.add(100.0, 64_000.0, now_ms)
    before = prices.clusters(now_ms)[0].usd
    assert before == pytest.approx(64_000.0 / (1 - 2**-4), rel=0.01)
    assert prices.clusters(now_ms + 6 * HOUR_MS)[0].usd == pytest.approx(before / 2)


def test_the_lightest_buckets_are_dropped_first():
    prices = Prices(0)
    for number in range(BUCKETS + SLACK):
        prices.add(1.01**number, 1000.0 + (number if number % 2 else 5000.0), 0)
    assert len(prices.buckets) == BUCKETS
    assert min(prices.usd) > 1000.0 + 2 * SLACK - 2
    assert list(prices.buckets) == sorted(prices.buckets)


def test_an_order_without_a_price_makes_no_cluster():
    engine = started()
    engine.order("X", "long", "a", 1000.0, 0.0, START_MS, START_MS)
    assert engine.clusters("X", "long") == []


def test_dominance_says_who_publishes_and_who_is_sampled():
    engine = started(feeds={"a": "full", "b": "sampled", "c": "batch"})
    orders = [
        order(n, usd=usd, exchange=exchange) for n, (exchange, usd) in enumerate([("a", 6e3), ("b", 3e3), ("c", 1e3)])
    ]
    play(engine, orders)
    dominance = engine.dominance("X")
    assert dominance.usd == pytest.approx({"a": 6e3, "b": 3e3, "c": 1e3})
    assert dominance.hhi == pytest.approx(0.36 + 0.09 + 0.01)
    assert dominance.hhi_full == pytest.approx((36 + 1) / 49)
    assert dominance.sampled == ("b",)
    assert engine.dominance("*").usd == pytest.approx(dominance.usd)
    assert engine.dominance("unknown").hhi is None


def test_the_hour_of_the_day_has_a_bounded_factor():
    exposure, hours = Exposure(0), Hours()
    for minute in range(1, 3 * 1440 + 1):
        exposure.minute(minute * 60_000, observed=True)
    hours.learn(9, 3000.0)
    for hour in range(24):
        hours.learn(hour, 100.0)
    assert hours.factor(9, exposure) == 3.0
    assert hours.factor(3, exposure) < 1.0
    assert Hours().factor(3, exposure) == 1.0


def test_an_hour_that_was_not_watched_is_not_calm():
    exposure, hours = Exposure(0), Hours()
    for minute in range(1, 3 * 1440 + 1):
        hour = (minute - 1) // 60 % 24
        exposure.minute(minute * 60_000, observed=hour < 12)
        if hour < 12:
            hours.learn(hour, 1.0)
    assert all(hours.factor(hour, exposure) == pytest.approx(1.0, abs=0.01) for hour in range(12))


def test_a_baseline_does_not_change_when_its_gain_is_scaled_back():
    """With a half-life of an hour, 400 half-lives are 17 days."""
    parameters = Parameters(baselines=Baselines(slow_half_life_h=1.0, context_half_life_min=1.0))
    engine = started(parameters)
    terms, now_s = [], (MOST_HALVINGS - 6) * 3600.0
    for hour in range(12):
        play(engine, [order(now_s + 3600 * hour + 36 * n, usd=1000.0) for n in range(100)])
        terms.append(engine.reading("X", "long").terms[8])
    assert max(terms[6:]) - min(terms[6:]) < 0.05


def test_the_coin_without_orders_for_longest_is_forgotten():
    engine = started(Parameters(idle_coins=3))
    for second, base in enumerate("ABCAD"):
        play(engine, [order(second, base=base)])
    assert engine.bases() == ["A", "C", "D"]


def test_an_order_of_an_exchange_that_is_not_configured_is_an_error():
    engine = Engine(Parameters(), {"a": "full"})
    with pytest.raises(KeyError, match="b"):
        engine.order("X", "long", "b", 1.0, 1.0, START_MS, START_MS)
