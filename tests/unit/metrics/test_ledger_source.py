import random

import pytest

from exporter.metrics import Exposition
from exporter.model import SIDES
from exporter.stats import WINDOWS
from tests.unit.metrics.filled import MAIN, NOW_MS, empty_view, event
from tests.unit.metrics.parsed import values


def page(view, now_ms=NOW_MS):
    return values(Exposition(view).render(None, now_ms)[0])


def test_main_coins_start_at_zero():
    shown = page(empty_view())
    for base in MAIN:
        for side in SIDES:
            labels = f'exchange="binance",base="{base}",side="{side}"'
            assert shown[f"liquidation_asset_events_total{{{labels}}}"] == 0
            assert shown[f"liquidation_asset_notional_usd_total{{{labels}}}"] == 0
            assert shown[f"liquidation_asset_quantity_total{{{labels}}}"] == 0
            assert shown[f'liquidation_asset_window_events{{{labels},window="24h"}}'] == 0
    assert shown['liquidation_events_total{exchange="bybit",side="short"}'] == 0
    assert shown['liquidation_size_usd_count{exchange="bybit",side="short"}'] == 0


def test_coins_beyond_the_cap_are_other_without_an_amount():
    view = empty_view(bases=("BTC",), base_cap=2)
    for seq, base in enumerate(("BTC", "AAA", "BBB", "CCC")):
        view.ledger.apply(seq, event("bybit", base, "long", usd=10.0, quantity=3.0))
    shown = page(view)
    assert shown['liquidation_asset_events_total{exchange="bybit",base="other",side="long"}'] == 2
    assert shown['liquidation_asset_notional_usd_total{exchange="bybit",base="other",side="long"}'] == 20
    assert shown['liquidation_asset_quantity_total{exchange="bybit",base="AAA",side="long"}'] == 3
    assert not [series for series in shown if "quantity" in series and "other" in series]
    assert not [series for series in shown if "BBB" in series or "CCC" in series or "*" in series]
    assert shown['liquidation_events_total{exchange="bybit",side="long"}'] == 4
    assert shown["liquidation_base_cap_reached"] == 1


def test_a_new_coin_is_in_the_next_scrape():
    view = empty_view()
    exposition = Exposition(view)
    series = 'liquidation_asset_events_total{exchange="bybit",base="PEPE",side="short"}'
    assert series not in values(exposition.render(None, NOW_MS)[0])
    view.ledger.apply(1, event("bybit", "PEPE", "short", usd=10.0))
    assert values(exposition.render(None, NOW_MS)[0])[series] == 1


def test_windows_only_of_the_main_coins_when_there_is_no_room_for_others():
    view = empty_view(bases=("BTC",), window_bases=0)
    view.ledger.apply(1, event("bybit", "PEPE", "short", usd=10.0))
    shown = page(view)
    assert not [series for series in shown if "window" in series and "PEPE" in series]
    assert shown['liquidation_asset_window_events{exchange="bybit",base="BTC",side="short",window="1h"}'] == 0
    assert shown['liquidation_window_events{exchange="bybit",side="short",window="1h"}'] == 1


def test_windows_of_another_coin_where_it_has_had_events():
    view = empty_view(bases=("BTC",), window_bases=2)
    view.ledger.apply(1, event("bybit", "PEPE", "short", usd=10.0, quantity=4.0))
    view.ledger.apply(2, event("bybit", "PEPE", "short", usd=30.0, quantity=4.0, time_ms=NOW_MS - 7_200_000))
    shown = {series: value for series, value in page(view).items() if "asset_window" in series and "PEPE" in series}
    assert len(shown) == 4 * len(WINDOWS)
    labels = 'exchange="bybit",base="PEPE",side="short"'
    assert shown[f'liquidation_asset_window_largest_usd{{{labels},window="1h"}}'] == 10
    assert shown[f'liquidation_asset_window_largest_usd{{{labels},window="4h"}}'] == 30
    assert shown[f'liquidation_asset_window_notional_usd{{{labels},window="24h"}}'] == 40
    assert shown[f'liquidation_asset_window_quantity{{{labels},window="1h"}}'] == 4


def test_a_coin_that_has_windows_has_them_on_the_next_exchange_at_once():
    view = empty_view(bases=("BTC",), window_bases=2)
    exposition = Exposition(view)
    view.ledger.apply(1, event("bybit", "PEPE", "short", usd=10.0))
    exposition.render(None, NOW_MS)
    view.ledger.apply(2, event("binance", "PEPE", "long", usd=7.0))
    shown = values(exposition.render(None, NOW_MS)[0])
    series = 'liquidation_asset_window_notional_usd{exchange="binance",base="PEPE",side="long",window="1h"}'
    assert shown[series] == 7


def test_largest_and_first_of_all_time():
    view = empty_view(bases=("BTC",), base_cap=2)
    long_ago = NOW_MS - 90_000_000
    for seq, (base, usd, time_ms) in enumerate(
        (("BTC", 50.0, NOW_MS), ("BTC", 70.0, long_ago), ("AAA", 60.0, NOW_MS - 500), ("BBB", 10.0, NOW_MS - 250))
    ):
        view.ledger.apply(seq, event("bybit", base, "long", usd=usd, time_ms=time_ms))
    view.ledger.apply(9, event("binance", "AAA", "short", usd=5.0, time_ms=NOW_MS - 1000))
    shown = page(view)
    assert shown['liquidation_largest_usd{exchange="bybit",side="long"}'] == 70
    assert shown['liquidation_largest_usd{exchange="bybit",side="short"}'] == 0
    firsts = {series: value for series, value in shown.items() if "first_event" in series}
    assert firsts == {
        'liquidation_first_event_timestamp_seconds{exchange="binance"}': NOW_MS / 1000 - 1,
        'liquidation_first_event_timestamp_seconds{exchange="bybit"}': long_ago / 1000,
        'liquidation_asset_first_event_timestamp_seconds{base="AAA"}': NOW_MS / 1000 - 1,
        'liquidation_asset_first_event_timestamp_seconds{base="BTC"}': long_ago / 1000,
        'liquidation_asset_first_event_timestamp_seconds{base="other"}': NOW_MS / 1000 - 0.25,
    }


@pytest.mark.parametrize("base", [None, "BTC", "AAA"])
def test_rates_of_all_time_from_the_page_are_those_of_the_ledger(base):
    view = empty_view(bases=("BTC",))
    rng = random.Random(2)
    for seq in range(200):
        exchange, coin, side = rng.choice(("binance", "bybit")), rng.choice(("BTC", "AAA")), rng.choice(SIDES)
        time_ms = NOW_MS - rng.randrange(500_000_000)
        view.ledger.apply(seq, event(exchange, coin, side, usd=rng.lognormvariate(8, 2), time_ms=time_ms))
    shown = page(view)

    def of(family):
        return [value for series, value in shown.items() if series.startswith(f"{family}{{") and part in series]

    part, infix = ("", "") if base is None else (f'base="{base}"', "asset_")
    hours = (NOW_MS / 1000 - min(of(f"liquidation_{infix}first_event_timestamp_seconds"))) / 3600
    total = view.stats(base, None, NOW_MS).total
    assert sum(of(f"liquidation_{infix}events_total")) / hours == pytest.approx(total.events_per_hour, rel=1e-9)
    assert sum(of(f"liquidation_{infix}notional_usd_total")) / hours == pytest.approx(total.usd_per_hour, rel=1e-9)


def test_sizes_of_orders():
    view = empty_view()
    for seq, usd in enumerate((99.0, 100.0, 101.0, 2e7)):
        view.ledger.apply(seq, event("bybit", "BTC", "long", usd=usd))
    shown = page(view)
    assert shown['liquidation_size_usd_bucket{exchange="bybit",side="long",le="100.0"}'] == 2
    assert shown['liquidation_size_usd_bucket{exchange="bybit",side="long",le="1e+07"}'] == 3
    assert shown['liquidation_size_usd_bucket{exchange="bybit",side="long",le="+Inf"}'] == 4
    assert shown['liquidation_size_usd_sum{exchange="bybit",side="long"}'] == 2e7 + 300


@pytest.mark.parametrize("seed", range(5))
def test_windows_are_exact_whatever_order_events_come_in(seed):
    """Most events are of the running minute, some late, some ahead of our clock, and the clock goes on."""
    rng = random.Random(seed)
    view = empty_view(bases=("BTC",))
    exposition = Exposition(view)
    events = []
    now_ms = NOW_MS
    for seq in range(300):
        now_ms += rng.choice((100, 1_000, 20_000, 400_000))
        late = rng.choice((0, 0, 0, -20_000, 61_000, rng.randrange(90_000_000)))
        usd, quantity = rng.lognormvariate(8, 2), rng.random()
        events.append(event("bybit", "BTC", "long", usd=usd, quantity=quantity, time_ms=now_ms - late))
        view.ledger.apply(seq, events[-1])
        if seq % 3 == 0:
            check_windows(values(exposition.render(None, now_ms)[0]), events, now_ms // 60_000)


def check_windows(shown, events, minute):
    for window, minutes in WINDOWS.items():
        inside = [each for each in events if minute - minutes < each.time_ms // 60_000 <= minute]
        labels = f'exchange="bybit",side="long",window="{window}"'
        usd = sum(each.notional_usd for each in inside)
        assert shown[f"liquidation_window_events{{{labels}}}"] == len(inside)
        assert shown[f"liquidation_window_notional_usd{{{labels}}}"] == pytest.approx(usd, rel=1e-9)
        largest = max((each.notional_usd for each in inside), default=0)
        assert shown[f"liquidation_window_largest_usd{{{labels}}}"] == largest
        labels = f'exchange="bybit",base="BTC",side="long",window="{window}"'
        quantity = sum(each.base_quantity for each in inside)
        assert shown[f"liquidation_asset_window_events{{{labels}}}"] == len(inside)
        assert shown[f"liquidation_asset_window_notional_usd{{{labels}}}"] == pytest.approx(usd, rel=1e-9)
        assert shown[f"liquidation_asset_window_quantity{{{labels}}}"] == pytest.approx(quantity, rel=1e-9)
        assert shown[f"liquidation_asset_window_largest_usd{{{labels}}}"] == largest
