"""Live, replayed and resumed runs end in the same bytes, and what comes late or twice breaks nothing."""

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.signals import Engine, Parameters
from exporter.signals.parameters import Baselines, Gates, Levels, Threshold, Warmup
from tests.streams import START_MS, background, cascade, play, rng, started

FEEDS = {"a": "full", "b": "sampled", "c": "batch"}
NERVOUS = Parameters(
    gates=Gates(relative=0.0, orders=1.0, concentration=1.0, scan=0.0, share=0.3),
    levels=Levels(
        watch=Threshold(enter=40.0, exit=38.0),
        warning=Threshold(enter=42.0, exit=40.0),
        critical=Threshold(enter=60.0, exit=55.0),
        dwell_s=5.0,
    ),
    warmup=Warmup(hours=0.0, orders=1, hours_at_most=0.0),
    baselines=Baselines(hour_of_day_after_h=0.0),
    floor_usd=1000.0,
    market_floor_usd=1000.0,
    coins={},
)
"""Reacts to almost anything, so that short streams reach every part."""

ORDERS = st.tuples(
    st.just("order"),
    st.sampled_from([0, 0, 1, 250, 900, 3000, 40_000, 200_000]),
    st.sampled_from("XYZ"),
    st.sampled_from(["long", "short"]),
    st.sampled_from("abc"),
    st.floats(1.0, 1e7),
    st.sampled_from([0, 0, 0, 800, 59_000, 61_000, -500]),
)
CHANGES = st.tuples(st.just("feed"), st.sampled_from([0, 500, 70_000, 700_000]), st.sampled_from("abc"), st.booleans())
STEPS = st.lists(ORDERS | CHANGES, min_size=1, max_size=60)
FIXED = settings(deadline=None, max_examples=30)


class Driver:
    """Applies steps one after the other and keeps all that comes out."""

    def __init__(self):
        self.engine = started(NERVOUS, FEEDS)
        self.now_ms = START_MS
        self.changes, self.episodes, self.prints = [], [], []

    def step(self, step):
        self.now_ms += step[1]
        if step[0] == "order":
            _, _, base, side, exchange, usd, late_ms = step
            self.engine.order(base, side, exchange, usd, 100.0, self.now_ms - late_ms, self.now_ms)
        else:
            self.engine.feed(step[2], step[3], self.now_ms)
        self.take()

    def take(self):
        engine = self.engine
        self.changes += engine.take_changes()
        self.episodes += engine.take_episodes()
        self.prints += engine.take_prints()

    def finished(self):
        self.engine.advance(self.now_ms + 400_000)
        self.take()
        return msgspec.json.encode([self.changes, self.episodes, self.prints]), self.engine.snapshot()


def run(steps, between=lambda _number, _driver: None):
    driver = Driver()
    for number, step in enumerate(steps):
        driver.step(step)
        between(number, driver)
    return driver.finished()


@FIXED
@given(STEPS)
def test_the_same_calls_give_the_same_bytes(steps):
    assert run(steps) == run(steps)


@FIXED
@given(STEPS, st.sets(st.integers(0, 60)))
def test_a_snapshot_taken_anywhere_continues_as_if_nothing_had_happened(steps, cuts):
    def cut(number, driver):
        if number in cuts:
            driver.engine = Engine.restore(driver.engine.snapshot(), NERVOUS, FEEDS)

    assert run(steps, cut) == run(steps)


@FIXED
@given(STEPS, st.randoms(use_true_random=False))
def test_it_does_not_matter_how_often_time_is_told(steps, random):
    """Live, the clock moves on every second; replayed, with the next record."""

    def ticking(number, driver):
        gap = steps[number + 1][1] if number + 1 < len(steps) else 0
        for passed in sorted(random.randint(0, gap) for _ in range(4)):
            driver.engine.advance(driver.now_ms + passed)
            driver.take()

    assert run(steps, ticking) == run(steps)


@FIXED
@given(STEPS)
def test_reading_changes_nothing(steps):
    def look(_number, driver):
        engine = driver.engine
        for base in (*engine.bases(), "*", "unknown"):
            for side in ("long", "short"):
                engine.reading(base, side)
                engine.sample(base, side)
                engine.clusters(base, side)
                engine.stress(side, "1h")
            engine.coverage(base)
            engine.dominance(base)
        engine.pairs()

    assert run(steps, look) == run(steps)


@FIXED
@given(STEPS)
def test_what_can_be_read_is_sound(steps):
    driver = Driver()
    for step in steps:
        driver.step(step)
        for base in (*driver.engine.bases(), "*"):
            for side in ("long", "short"):
                assert_sound(driver.engine.reading(base, side))


def assert_sound(reading):
    assert reading.score is None or 0.0 <= reading.score <= 100.0
    assert -1 <= reading.level <= 3
    assert 0.0 <= reading.branching < 1.0
    assert 0.0 <= reading.coverage <= 1.0
    assert all(math.isfinite(term) for term in reading.terms)
    total = 0.0
    for contribution in reading.contributions:
        total += contribution
    assert total == reading.excess
    if reading.episode is not None:
        assert reading.episode.start_ms <= reading.episode.opened_ms
        assert reading.episode.usd > 0.0


@FIXED
@given(STEPS)
def test_an_order_that_comes_over_a_minute_late_is_as_if_it_had_not_come(steps):
    def late(step):
        return step[0] == "order" and step[6] > 60_000

    kept = [("feed", step[1], "a", True) if late(step) else step for step in steps]
    marked = [(*step[:6], 61_000) if late(step) else step for step in steps]

    def up(number, driver):
        if late(marked[number]):
            driver.engine.feed("a", True, driver.now_ms)

    assert run(marked, up) == run(kept)


def test_levels_and_episodes_do_occur_in_these_streams():
    """The properties above must not hold for want of anything happening."""
    engine = started(NERVOUS, FEEDS)
    orders = background(rng(1), 1000, 3600, "abc") + cascade(rng(2), 3000, 60, 30, exchanges="abc")
    changes, episodes = play(engine, orders, 4000)
    assert {change.level for change in changes} == {0, 1, 2, 3}
    assert any(change.base == "*" for change in changes)
    assert {episode.state for episode in episodes} == {"open", "closed"}


def test_bytes_that_are_no_snapshot_are_refused():
    for wrong in (b"", b"nonsense", msgspec.msgpack.encode({"version": 0}), msgspec.msgpack.encode([1])):
        with pytest.raises(ValueError, match="not a snapshot"):
            Engine.restore(wrong, NERVOUS, FEEDS)


def test_an_exchange_can_be_added_and_another_dropped_over_a_restart():
    orders = background(rng(3), 2000, 7200, "abc")
    engine = started(NERVOUS, FEEDS)
    play(engine, orders)
    again = Engine.restore(engine.snapshot(), NERVOUS, {"b": "sampled", "c": "batch", "new": "full"})
    assert again.coverage("X") == 1.0
    again.feed("new", True, again.now_ms)
    again.order("X", "long", "new", 1000.0, 100.0, again.now_ms, again.now_ms)
    again.advance(again.now_ms + 120_000)
    assert "a" not in again.dominance("X").usd
    assert set(again.dominance("X").usd) == {"b", "c", "new"}
    assert {pair.a for pair in again.pairs()} | {pair.b for pair in again.pairs()} == {"b", "c", "new"}
    with pytest.raises(KeyError, match="gone"):
        again.order("X", "long", "gone", 1000.0, 100.0, again.now_ms, again.now_ms)
