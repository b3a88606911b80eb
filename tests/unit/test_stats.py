import pytest

from exporter.stats import Bands, Span, Tally, balance, cumulative


@pytest.mark.parametrize(
    ("long", "short", "share", "ratio", "toward", "sentiment"),
    [
        (55, 45, 0.55, 55 / 45, "LONGS", "BEARISH"),
        (54, 46, 0.54, 54 / 46, "LONGS", "NEUTRAL"),
        (50, 50, 0.5, 1.0, None, "NEUTRAL"),
        (45, 55, 0.45, 45 / 55, "SHORTS", "BULLISH"),
        (7, 0, 1.0, None, "LONGS", "BEARISH"),
        (0, 7, 0.0, 0.0, "SHORTS", "BULLISH"),
    ],
)
def test_balance(long, short, share, ratio, toward, sentiment):
    result = balance(long, short, Bands())
    assert (result.long_share, result.ratio, result.toward, result.sentiment) == (share, ratio, toward, sentiment)
    assert result.imbalance == share - 0.5


def test_nothing_has_no_balance():
    assert balance(0, 0, Bands()).sentiment is None


def test_the_bands_are_configurable():
    assert balance(60, 40, Bands(bearish_from=0.7, bullish_to=0.3)).sentiment == "NEUTRAL"


def test_events_and_usd_can_disagree():
    tallies = {
        ("binance", "long"): Tally(90, 1000.0, 1.0, 50.0),
        ("bybit", "short"): Tally(10, 9000.0, 9.0, 8000.0),
    }
    stats = cumulative(tallies, "BTC", None, Span(0, 1, 3600.0), Bands())
    assert stats.balance.events.sentiment == "BEARISH"
    assert stats.balance.usd.sentiment == "BULLISH"
    assert stats.dominance.events.exchange == "binance"
    assert stats.dominance.usd.exchange == "bybit"
    assert stats.total.largest_usd == 8000.0
    assert stats.exchanges["bybit"].sides["long"].events == 0
    assert stats.exchanges["bybit"].total.average_usd == 900.0
