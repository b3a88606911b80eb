import math
from collections import defaultdict

import pytest

from exporter.cells import ALL, OTHER
from exporter.ledger import Ledger
from exporter.stats import WINDOWS, Bands
from tests.events import T0, liquidation, random_liquidations

EXCHANGES = ("binance", "bybit")


def filled(events, bases=("BTC",), cap=1000):
    ledger = Ledger(EXCHANGES, bases, cap)
    for seq, event in enumerate(events, 1):
        ledger.apply(seq, event)
    return ledger


def test_totals_are_the_sums_of_the_events():
    events = random_liquidations(7, 5000)
    ledger = filled(events)
    expected = defaultdict(list)
    for event in events:
        expected[event.exchange, event.base, event.side].append(event)
        expected[event.exchange, ALL, event.side].append(event)
    for key, group in expected.items():
        cell = ledger.cells[key]
        assert cell.events == len(group)
        assert math.isclose(cell.usd, math.fsum(e.notional_usd for e in group), rel_tol=1e-12)
        assert cell.largest_usd == max(e.notional_usd for e in group)
        assert (cell.first_ms, cell.last_ms) == (min(e.time_ms for e in group), max(e.time_ms for e in group))
        if key[1] != ALL:
            assert math.isclose(cell.base_quantity, math.fsum(e.base_quantity for e in group), rel_tol=1e-12)
        else:
            assert sum(cell.sizes.counts) == len(group)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("minutes_later", [0, 1, 59, 60, 239, 700, 1439, 1440, 3000])
def test_windows_hold_exactly_their_minutes(window, minutes_later):
    events = random_liquidations(3, 2000, spread_s=7200)
    ledger = filled(events)
    now = T0 + minutes_later * 60_000 + 12_345
    inside = [e for e in events if now // 60_000 - WINDOWS[window] < e.time_ms // 60_000 <= now // 60_000]
    for exchange in EXCHANGES:
        group = [e for e in inside if (e.exchange, e.side) == (exchange, "long")]
        tally = ledger.cells[exchange, ALL, "long"].window(window, now // 60_000)
        assert tally.events == len(group)
        assert math.isclose(tally.usd, math.fsum(e.notional_usd for e in group), rel_tol=1e-12)
        assert tally.largest_usd == max((e.notional_usd for e in group), default=0.0)


def test_a_late_event_changes_the_window_it_belongs_to():
    ledger = filled([liquidation(0), liquidation(3000)])
    cell = ledger.cells["binance", "BTC", "long"]
    minute = (T0 + 3_000_000) // 60_000
    assert cell.window("1h", minute).events == 2
    ledger.apply(3, liquidation(60, received_ms=T0 + 3_000_000))
    assert cell.window("1h", minute).events == 3
    assert cell.window("1h", minute + 9).events == 3
    assert cell.window("1h", minute + 10).events == 2
    assert cell.window("1h", minute + 11).events == 1


def test_an_event_from_the_future_is_put_where_it_arrived():
    ledger = filled([liquidation(0, time_ms=T0 + 10**9)])
    assert ledger.cells["binance", "BTC", "long"].window("1h", T0 // 60_000).events == 1


def test_forgetting_old_minutes_changes_no_window():
    ledger = filled(random_liquidations(5, 2000, spread_s=3 * 86_400))
    now = T0 + 3 * 86_400_000
    before = [cell.window("24h", now // 60_000) for cell in ledger.cells.values()]
    ledger.forget_minutes(now)
    for cell in ledger.cells.values():
        cell.restore(cell.take_state())  # also what a checkpoint would hold
    assert sum(len(cell._minutes) for cell in ledger.cells.values()) > 0
    assert all(minute > now // 60_000 - 1440 for cell in ledger.cells.values() for minute in cell._minutes)
    assert len(before) == len(ledger.cells)


def test_main_coins_have_series_at_zero_from_the_start():
    ledger = Ledger(EXCHANGES, ["BTC", "ETH"], 10)
    assert {cell.key for cell in ledger.series()} == {
        (e, b, s) for e in EXCHANGES for b in ("BTC", "ETH") for s in ("long", "short")
    }


def test_coins_beyond_the_cap_go_to_other_and_stay_there():
    events = [liquidation(n, base=base) for n, base in enumerate(["BTC", "AAA", "BBB", "CCC", "BBB"])]
    ledger = filled(events, bases=("BTC",), cap=2)
    assert [ledger.has_series(base) for base in ("BTC", "AAA", "BBB", "CCC")] == [True, True, False, False]
    assert ledger.cap_reached
    assert ledger.cells["binance", OTHER, "long"].events == 3
    assert ledger.cells["binance", "BBB", "long"].events == 2, "stats still know the coin"

    raised = Ledger(EXCHANGES, ["BTC"], 100)
    raised.restore(ledger.take_changes(), ledger.last_seq)
    raised.apply(9, liquidation(9, base="BBB"))
    raised.apply(10, liquidation(10, base="DDD"))
    assert not raised.has_series("BBB"), "a total that moved to a series of its own would look like a spike"
    assert raised.has_series("DDD")
    assert raised.cells["binance", OTHER, "long"].events == 4


def test_stats_of_a_coin_and_of_all_coins():
    events = [
        liquidation(0, notional_usd=6000.0, base_quantity=0.6),
        liquidation(10, side="short", notional_usd=3000.0, base_quantity=0.3),
        liquidation(20, exchange="bybit", notional_usd=1000.0, base_quantity=0.1),
        liquidation(30, exchange="bybit", base="ETH", notional_usd=90_000.0, base_quantity=30.0),
    ]
    ledger = filled(events, bases=("BTC", "ETH"))
    btc = ledger.stats("BTC", None, T0 + 7_200_000, Bands())
    assert (btc.total.events, btc.total.usd, btc.duration_s) == (3, 10_000.0, 7200.0)
    assert math.isclose(btc.total.base_quantity, 1.0)
    assert (btc.total.events_per_hour, btc.total.usd_per_hour) == (1.5, 5000.0)
    assert btc.exchanges["binance"].total.share_usd == 0.9
    assert btc.exchanges["binance"].sides["short"].events == 1
    assert btc.balance.usd.long_share == 0.7
    assert btc.balance.usd.sentiment == "BEARISH"
    assert (btc.dominance.usd.exchange, btc.dominance.usd.share) == ("binance", 0.9)
    everything = ledger.stats(None, "1h", T0 + 60_000, Bands())
    assert everything.total.events == 4
    assert everything.total.base_quantity is None
    assert everything.dominance.usd.exchange == "bybit"
    assert everything.duration_s == 60.0, "a window that began before the first event is as long as there was data"


def test_stats_without_events_are_empty_and_do_not_divide():
    stats = Ledger(EXCHANGES, ["BTC"], 10).stats("BTC", "4h", T0, Bands())
    assert stats.total.events == 0
    assert stats.total.average_usd is None
    assert stats.balance.usd.sentiment is None
    assert stats.dominance.events.exchange is None
    assert set(stats.exchanges) == set(EXCHANGES)
