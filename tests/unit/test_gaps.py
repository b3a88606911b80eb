from exporter.gaps import Gaps, summed
from exporter.model import NEVER_RUN, FeedChange


def change(time_ms, feed, up, reason="x"):
    return FeedChange(time_ms, "bybit", feed, up=up, reason=reason)


def test_a_gap_lasts_from_the_first_feed_down_to_the_last_feed_up():
    gaps = Gaps()
    gaps.apply_all([change(1000, "linear", False, "reset"), change(2000, "inverse", False)])
    assert gaps.seconds("bybit", 5000) == 4.0
    gaps.apply(change(6000, "linear", True))
    assert gaps.newest("bybit")[0].until_ms is None
    gaps.apply(change(7000, "inverse", True))
    (gap,) = gaps.newest("bybit")
    assert (gap.from_ms, gap.until_ms, gap.reason) == (1000, 7000, "reset")
    assert gaps.seconds("bybit", 99_000) == 6.0
    assert gaps.seconds("binance", 99_000) == 0.0


def test_the_newest_gap_comes_first_and_only_so_many_are_kept():
    gaps = Gaps()
    for n in range(150):
        gaps.apply_all([change(n * 1000, "linear", False), change(n * 1000 + 500, "linear", True)])
    assert [gap.from_ms for gap in gaps.newest("bybit")][:2] == [149_000, 148_000]
    assert len(gaps.newest("bybit")) == Gaps.KEPT
    assert gaps.seconds("bybit", 10**9) == 75.0


def filled(time_ms, feed):
    return change(time_ms, feed, True, "backfilled")


def test_a_gap_is_filled_when_all_feeds_that_made_it_are():
    gaps = Gaps()
    gaps.apply_all([change(1000, "linear", False), change(2000, "inverse", False)])
    gaps.apply_all([change(6000, "linear", True), change(7000, "inverse", True)])
    gaps.apply(filled(1000, "linear"))
    (gap,) = gaps.newest("bybit")
    assert (gap.missing, gap.filled_ms) == (((2000, 7000),), 1000)
    gaps.apply(filled(2000, "inverse"))
    (gap,) = gaps.newest("bybit")
    assert (gap.missing, gap.filled_ms) == ((), 6000)
    assert gaps.seconds("bybit", 99_000) == 6.0, "it was down, whatever was asked for afterwards"
    assert gaps.filled_seconds("bybit") == 6.0
    gaps.apply(filled(2000, "inverse"))
    assert gaps.filled_seconds("bybit") == 6.0


def test_what_lies_beyond_the_depth_stays_missing():
    gaps = Gaps()
    gaps.apply_all([change(1000, "linear", False), change(9000, "linear", True), filled(4000, "linear")])
    assert gaps.newest("bybit")[0].missing == ((1000, 4000),)
    assert gaps.filled_seconds("bybit") == 5.0


def test_outages_that_are_still_to_be_filled():
    gaps = Gaps()
    gaps.apply_all([change(0, "linear", False, "not started yet"), change(500, "linear", True)])
    gaps.apply_all([change(1000, "linear", False), change(2000, "linear", True), filled(1000, "linear")])
    gaps.apply_all([change(3000, "linear", False, "closed"), change(4000, "linear", True)])
    gaps.apply(change(5000, "inverse", False, "stopped"))
    assert [(each.feed, each.from_ms, each.until_ms) for each in gaps.unfilled("bybit", 0)] == [
        ("linear", 3000, 4000),
        ("inverse", 5000, None),
    ]
    assert [each.feed for each in gaps.unfilled("bybit", 4500)] == ["inverse"]
    assert gaps.unfilled("binance", 0) == []


def test_a_feed_that_was_down_before_the_gap_was_noticed_fills_it_too():
    gaps = Gaps()
    gaps.apply_all([change(1000, "linear", False), change(800, "inverse", False)])
    gaps.apply_all([change(6000, "linear", True), change(6000, "inverse", True)])
    gaps.apply_all([filled(1000, "linear"), filled(800, "inverse")])
    assert gaps.newest("bybit")[0].missing == ()


def test_an_exchange_is_listened_to_since_its_first_change():
    gaps = Gaps()
    assert gaps.first_ms("x") is None
    gaps.apply(FeedChange(5, "x", "a", up=False, reason=NEVER_RUN))
    gaps.apply(FeedChange(9, "x", "a", up=True))
    assert gaps.first_ms("x") == 5


def test_what_ended_within_a_span_can_be_asked_for_by_hand():
    gaps = Gaps()
    gaps.apply_all([change(1000, "linear", False), change(5000, "linear", True), change(8000, "linear", False)])
    assert [outage.from_ms for outage in gaps.missed("bybit", 2000, 9000)] == [1000]
    assert gaps.missed("bybit", 2000, 4000) == [], "it ended later"
    assert gaps.missed("bybit", 5000, 9000) == [], "it ended before, and the other one still lasts"
    gaps.apply(filled(2000, "linear"))
    assert gaps.missed("bybit", 2000, 9000) == [], "it is filled from there on"
    assert [outage.from_ms for outage in gaps.missed("bybit", 1500, 9000)] == [1000]


def test_sums_of_the_past_and_what_comes_after_are_as_long_as_everything():
    """For every place at which the past may end, also while feeds are down."""
    changes = []
    for n in range(20):
        start = n * 10_000
        changes += [change(start, "linear", False), change(start + 1000, "inverse", False)]
        changes += [change(start + 3000, "inverse", True), change(start + 4000 + n, "linear", True)]
        changes += [filled(start + 2000, "linear")] if n % 2 else []
    numbered = list(enumerate(changes, 1))
    whole = Gaps()
    whole.apply_all(changes)
    shortened = 0
    for end in range(len(numbered) + 1):
        past = summed({}, numbered[:end])
        after = past["bybit"].seq if past else 0
        shortened += bool(after)
        gaps = Gaps()
        gaps.restore(past)
        gaps.apply_all([each for number, each in numbered if number > after])
        assert gaps.seconds("bybit", 10**9) == whole.seconds("bybit", 10**9)
        assert gaps.first_ms("bybit") == whole.first_ms("bybit")
        if after == 0 or not changes[after : after + 1] or not changes[after].looks_back:
            assert gaps.filled_seconds("bybit") == whole.filled_seconds("bybit"), end
    assert shortened > 50
