from exporter.gaps import Gaps
from exporter.model import FeedChange


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
