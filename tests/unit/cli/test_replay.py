import pytest

from exporter.commands.replay import count, find_base
from exporter.errors import UserError
from exporter.interchange import event_line, read
from exporter.ledger import FUTURE_MS, Ledger
from exporter.model import FeedChange, Record
from exporter.stats import WINDOWS, Bands
from tests.events import T0, liquidation, random_liquidations


def counted(events) -> tuple[Ledger, int]:
    ledger = Ledger((), (), 1000)
    return ledger, count(ledger, read("x", map(event_line, events)))


def test_the_figures_are_those_of_a_ledger_that_saw_the_same():
    events = sorted(random_liquidations(3, 500, spread_s=86_400 * 2), key=lambda event: event.time_ms)
    ledger, now_ms = counted(events)
    live = Ledger((), (), 1000)
    for number, event in enumerate(events, 1):
        live.apply(number, event)
    for base in (None, "BTC", "PEPE"):
        for window in (None, *WINDOWS):
            assert ledger.stats(base, window, now_ms, Bands()) == live.stats(base, window, now_ms, Bands())
    assert now_ms == events[-1].time_ms


def test_windows_end_with_the_last_event():
    ledger, now_ms = counted([liquidation(0), liquidation(1, time_ms=T0 + 7_200_000, received_ms=T0 + 7_200_000)])
    events = [ledger.stats(None, window, now_ms, Bands()).total.events for window in WINDOWS]
    assert events == [1, 2, 2, 2]


def test_an_event_ahead_of_the_clock_is_within_the_windows():
    ledger, now_ms = counted([liquidation(0, received_ms=T0 - FUTURE_MS)])
    assert ledger.stats(None, "1h", now_ms, Bands()).total.events == 1


def test_an_event_of_another_century_does_not_move_the_clock():
    ledger, now_ms = counted([liquidation(0), liquidation(1, time_ms=4_000_000_000_000)])
    assert now_ms < T0 + 2 * FUTURE_MS
    assert ledger.stats(None, "1h", now_ms, Bands()).total.events == 2


def test_feed_changes_move_the_clock_and_count_nothing():
    ledger = Ledger((), (), 1000)
    changes = [Record(1, T0 + 5000, FeedChange(T0 + 5000, "bybit", "linear", up=True))]
    assert count(ledger, iter(changes)) == T0 + 5000
    assert ledger.stats(None, None, T0, Bands()).total.events == 0


@pytest.mark.parametrize("symbol", ["BTC", "btc", "BTCUSDT", "BTC-USDT", "BTC/USDT:USDT"])
def test_a_symbol_means_its_coin(symbol):
    assert find_base(symbol, ["BTC", "ETH"]) == "BTC"


def test_a_coin_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(UserError, match=r"--base SOL: .* they have BTC, ETH$"):
        find_base("SOL", ["BTC", "ETH"])
    with pytest.raises(UserError, match="none at all"):
        find_base("SOL", [])
    with pytest.raises(UserError, match="--base: '!' is not a coin"):
        find_base("!", ["BTC"])
