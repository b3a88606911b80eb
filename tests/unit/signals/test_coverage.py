"""A feed that is down reads as unknown, never as calm, and takes no level away."""

from exporter.signals import Engine, Parameters
from tests.streams import DAY_S, START_MS, background, cascade, order, play, rng, started

FEEDS = {"a": "full", "b": "full"}


def at(second):
    return START_MS + int(second * 1000)


def warm(exchanges="ab", seconds=1.5 * DAY_S, per_day=1500):
    engine = started(feeds=FEEDS)
    play(engine, background(rng(1), per_day, seconds, exchanges))
    return engine


def in_cascade():
    """Return an engine in mid-cascade on both exchanges, and the second at which that is."""
    engine = warm()
    start_s = 1.5 * DAY_S + 5
    play(engine, cascade(rng(2), start_s, 250, 40, exchanges="ab"), start_s + 40)
    assert engine.reading("X", "long").level >= 2
    return engine, start_s + 40


def test_an_exchange_lost_in_a_cascade_takes_no_level_away_and_is_told_at_once():
    engine, now_s = in_cascade()
    level = engine.reading("X", "long").level
    engine.feed("a", False, at(now_s))
    assert engine.coverage("X") < 0.8
    for second in range(1, 1200, 10):
        engine.advance(at(now_s + second))
        assert engine.reading("X", "long").level >= level


def test_everything_lost_in_a_cascade_keeps_the_level_and_hides_the_score():
    engine, now_s = in_cascade()
    level = engine.reading("X", "long").level
    for exchange in FEEDS:
        engine.feed(exchange, False, at(now_s))
    engine.advance(at(now_s + 61))
    reading = engine.reading("X", "long")
    assert (reading.level, reading.score, reading.coverage) == (level, None, 0.0)
    assert reading.episode is not None
    assert reading.episode.flags == ("gap",)


def test_everything_down_is_unknown_within_a_minute_where_nothing_was_on():
    engine = warm()
    now_s = 1.5 * DAY_S
    for exchange in FEEDS:
        engine.feed(exchange, False, at(now_s))
    engine.advance(at(now_s + 59))
    assert engine.reading("X", "long").level == 0
    engine.advance(at(now_s + 60))
    for reading in (engine.reading("X", "long"), engine.reading("X", "short"), engine.market("long")):
        assert (reading.level, reading.score) == (-1, None)
    assert engine.stress("long", "1h") is None


def test_the_score_returns_with_the_feeds():
    engine = warm()
    now_s = 1.5 * DAY_S
    for exchange in FEEDS:
        engine.feed(exchange, False, at(now_s))
    engine.advance(at(now_s + 600))
    for exchange in FEEDS:
        engine.feed(exchange, True, at(now_s + 600))
    assert engine.reading("X", "long").level == 0
    assert engine.reading("X", "long").score is not None


def test_no_time_passes_for_what_cannot_be_seen():
    """The evidence of before an outage is neither lost nor an episode over, when the feeds come back."""
    engine, now_s = in_cascade()
    before = engine.reading("X", "long")
    for exchange in FEEDS:
        engine.feed(exchange, False, at(now_s))
    engine.advance(at(now_s + 3000))
    for exchange in FEEDS:
        engine.feed(exchange, True, at(now_s + 3000))
    after = engine.reading("X", "long")
    assert after.level == before.level
    assert abs(after.score - before.score) < 5.0
    engine.advance(at(now_s + 3000 + 400))
    assert engine.reading("X", "long").level == 0
    assert engine.reading("X", "long").episode is None


def test_the_baseline_of_an_exchange_that_was_down_for_days_is_what_it_was():
    engine = warm("a", 3 * DAY_S)
    now_s = 3 * DAY_S
    expected = engine.reading("X", "long").terms[8]
    engine.feed("a", False, at(now_s))
    engine.feed("a", True, at(now_s + 5 * DAY_S))
    engine.order("X", "long", "a", 1000.0, 100.0, at(now_s + 5 * DAY_S + 60), at(now_s + 5 * DAY_S + 60))
    assert abs(engine.reading("X", "long").terms[8] - expected) < 0.3


def test_coverage_is_weighed_by_what_an_exchange_ordinarily_liquidates():
    engine = started(feeds=FEEDS)
    play(engine, background(rng(1), 2000, DAY_S, "a") + background(rng(2), 100, DAY_S, "b"))
    engine.feed("b", False, at(DAY_S))
    assert engine.coverage("X") > 0.8
    engine.feed("b", True, at(DAY_S))
    engine.feed("a", False, at(DAY_S))
    assert engine.coverage("X") < 0.2


def test_an_exchange_is_up_while_all_its_lines_are():
    engine = Engine(Parameters(), {"a": "full"})
    engine.feed("a", True, START_MS, "linear")
    assert engine.coverage("*") == 1.0
    engine.feed("a", False, START_MS, "inverse")
    assert engine.coverage("*") == 0.0
    engine.feed("a", True, START_MS, "inverse")
    assert engine.coverage("*") == 1.0


def test_a_burst_of_old_orders_after_a_reconnect_opens_nothing():
    engine = warm("a")
    now_s = 1.5 * DAY_S
    engine.feed("a", False, at(now_s))
    engine.feed("a", True, at(now_s + 300))
    for time_ms, base, side, exchange, usd, price in cascade(rng(3), now_s + 100, 300, 40):
        engine.order(base, side, exchange, usd, price, time_ms, at(now_s + 300))
    engine.advance(at(now_s + 400))
    assert not engine.take_changes()


def test_a_new_coin_stays_at_watch_while_it_is_learned():
    engine = started()
    play(engine, background(rng(4), 300, 3600))
    changes, _ = play(engine, [order(3700 + n / 2, usd=5000.0) for n in range(80)], 4000)
    assert engine.reading("X", "long").warmup
    assert max(change.level for change in changes) == 1


def test_a_cascade_beyond_doubt_is_believed_of_a_new_coin_too():
    engine = started()
    orders = background(rng(4), 300, 3600) + [order(3700 + n / 5, usd=50_000.0) for n in range(200)]
    changes, episodes = play(engine, orders, 4500)
    assert max(change.level for change in changes if change.base == "X") >= 2
    assert any("warmup" in episode.flags for episode in episodes)
