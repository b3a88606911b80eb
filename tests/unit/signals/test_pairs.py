import pytest

from exporter.signals.leads import peak
from exporter.signals.pairs import Crossings, Trace
from tests.streams import DAY_S, START_MS, background, order, play, rng, started

FEEDS = {"a": "full", "b": "full"}


def bursts(random, lag_s, count=300, feeds=("a", "b")):
    """Bursts that two exchanges share, the second `lag_s` later; each shows its own orders of it."""
    orders = []
    for _ in range(count):
        start_s = random.random() * DAY_S / 4
        for exchange, offset in zip(feeds, (0.0, lag_s), strict=True):
            moments = [start_s + offset + random.expovariate(2.0) for _ in range(random.randint(2, 6))]
            orders += [order(moment, exchange=exchange) for moment in moments]
    return orders


def pair_of(orders, feeds=FEEDS, until_s=DAY_S / 4 + 120):
    engine = started(feeds=feeds)
    play(engine, orders, until_s)
    return next(pair for pair in engine.pairs() if pair.side == "long")


@pytest.mark.parametrize("lag_s", [-5.0, -2.0, -1.0, 1.0, 2.0, 5.0])
def test_the_leader_of_shared_bursts_is_found_within_a_third_of_a_second(lag_s):
    pair = pair_of(background(rng(1), 2000, DAY_S / 4, "ab") + bursts(rng(2), lag_s))
    assert (pair.a, pair.b) == ("a", "b")
    assert pair.lead_s == pytest.approx(lag_s, abs=0.3)
    assert pair.asymmetry * lag_s > 0
    assert pair.synchrony > 0.1 or abs(lag_s) > 2


@pytest.mark.parametrize("lag_s", [0.0, 0.2])
def test_below_half_a_second_is_simultaneous(lag_s):
    assert pair_of(background(rng(1), 2000, DAY_S / 4, "ab") + bursts(rng(3), lag_s)).lead_s == 0.0


def test_a_sampled_feed_is_good_enough_for_seconds():
    feeds = {"a": "full", "b": "sampled"}
    seen, orders = set(), []
    for row in sorted(bursts(rng(4), 2.0)):
        if row[3] == "a" or row[0] // 1000 not in seen:
            orders.append(row)
            seen.update({row[0] // 1000} if row[3] == "b" else ())
    assert pair_of(orders, feeds).lead_s == pytest.approx(2.0, abs=0.3)


def test_independent_exchanges_have_no_leader():
    for seed in range(4):
        pair = pair_of(background(rng(seed), 20_000, DAY_S / 4, "ab"))
        assert pair.lead_s is None
        assert abs(pair.synchrony) < 0.05


def test_few_pairs_are_not_published():
    assert pair_of(bursts(rng(5), 2.0, count=4)).lead_s is None


def test_orders_out_of_sequence_count_at_their_own_time():
    """The second exchange's orders are applied three seconds late, after newer ones of the first."""
    engine = started(feeds=FEEDS)
    rows = sorted(bursts(rng(6), 1.0), key=lambda row: row[0] + (3000 if row[3] == "b" else 0))
    now_ms = START_MS
    for time_ms, base, side, exchange, usd, price in rows:
        now_ms = max(now_ms, time_ms + (3000 if exchange == "b" else 0))
        engine.order(base, side, exchange, usd, price, time_ms, now_ms)
    engine.advance(START_MS + int((DAY_S / 4 + 120) * 1000))
    assert engine.pairs()[0].lead_s == pytest.approx(1.0, abs=0.3)


def test_the_packed_histogram_counts_every_difference_once():
    random = rng(7)
    trace, crossings = Trace(2), Crossings(2)
    moments = [(random.randrange(40_000), random.randrange(2)) for _ in range(300)]
    for time_ms, place in moments:
        crossings.order(trace, place, [0, 1], 10**9 + time_ms)
    crossings.minute()
    seen = crossings.histogram(0, 1)
    expected = [0.0] * 65
    bins = [((10**9 + time_ms) // 250, place) for time_ms, place in moments]
    newest = 0
    for number, (now, place) in enumerate(bins):
        newest = max(newest, now)
        for then, other in bins[:number] if newest - now <= 32 else ():
            difference = (now - then) if place else (then - now)
            if other != place and newest - then <= 32:
                expected[32 + difference] += 1
    assert sum(seen) > 900
    assert seen == expected


def test_a_peak_is_found_between_two_bins():
    histogram = [1.0] * 65
    histogram[40], histogram[41] = 50.0, 50.0
    found = peak(histogram, 1.0)
    assert found.lag_s == pytest.approx(8.5 * 0.25)
    assert found.z > 4


def test_minutes_that_move_together_are_correlated():
    random = rng(8)
    feeds = {"a": "full", "b": "full", "c": "full"}
    orders = []
    for minute in range(300):
        busy = random.random() < 0.3
        for exchange in "ab" if busy else "":
            orders += [order(60 * minute + random.random() * 60, exchange=exchange) for _ in range(5)]
        if random.random() < 0.3:
            orders.append(order(60 * minute + random.random() * 60, exchange="c"))
    engine = started(feeds=feeds)
    play(engine, orders, 300 * 60)
    together = {(pair.a, pair.b): pair.correlation for pair in engine.pairs() if pair.side == "long"}
    assert together["a", "b"] > 0.9
    assert abs(together["a", "c"]) < 0.25
    assert {pair.correlation for pair in engine.pairs() if pair.side == "short"} == {None}
