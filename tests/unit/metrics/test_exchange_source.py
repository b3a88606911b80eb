import msgspec
import pytest

from exporter.config import ExchangeSection
from exporter.feeds.status import State
from exporter.metrics import Exposition
from exporter.metrics.reasons import QUARANTINE_REASONS, RECONNECT_REASONS
from exporter.model import FeedChange
from tests.unit.metrics.filled import NOW_MS, connect, empty_view
from tests.unit.metrics.parsed import values


def page(view, now_ms=NOW_MS):
    return values(Exposition(view).render(None, now_ms)[0])


def test_what_is_not_known_yet_is_absent():
    shown = page(empty_view())
    for unknown in ("timestamp_seconds{", "clock_offset", "price_usd{"):
        assert not [series for series in shown if unknown in series and series.startswith("liquidation_")]


def test_what_has_not_happened_yet_is_zero():
    shown = page(empty_view())
    for reason in QUARANTINE_REASONS:
        assert shown[f'liquidation_exchange_quarantined_total{{exchange="bybit",reason="{reason}"}}'] == 0
    for reason in RECONNECT_REASONS:
        assert shown[f'liquidation_exchange_reconnects_total{{exchange="binance",reason="{reason}"}}'] == 0
    assert shown['liquidation_exchange_event_delay_seconds_count{exchange="bybit"}'] == 0
    assert shown['liquidation_exchange_frames_total{exchange="bybit"}'] == 0


def test_times_are_in_seconds():
    view = empty_view()
    connect(view, "bybit")
    shown = page(view)
    assert shown['liquidation_exchange_last_message_timestamp_seconds{exchange="bybit"}'] == NOW_MS / 1000 - 0.04
    assert shown['liquidation_exchange_last_event_timestamp_seconds{exchange="bybit"}'] == NOW_MS / 1000 - 2.5
    assert 'liquidation_exchange_last_event_timestamp_seconds{exchange="binance"}' not in shown


@pytest.mark.parametrize("state", State)
def test_one_state_at_a_time_and_up_only_when_live(state):
    view = empty_view()
    connect(view, "bybit")
    next(iter(view.exchanges["bybit"].feeds.values())).connections[2] = state
    shown = page(view)
    for each in State:
        series = f'liquidation_exchange_state{{exchange="bybit",state="{each}"}}'
        assert shown[series] == (each is state)
    assert shown['liquidation_exchange_up{exchange="bybit"}'] == (state is State.LIVE)
    assert shown['liquidation_exchange_up{exchange="binance"}'] == 0
    assert shown['liquidation_exchange_state{exchange="binance",state="connecting"}'] == 1


def test_an_exchange_that_is_off_is_shown_as_not_configured():
    view = empty_view()
    exchanges = view.config.exchanges | {"bybit": ExchangeSection(enabled=False)}
    view.config = msgspec.structs.replace(view.config, exchanges=exchanges)
    del view.exchanges["bybit"]
    shown = page(view)
    assert shown['liquidation_exchange_configured{exchange="bybit"}'] == 0
    assert shown['liquidation_exchange_configured{exchange="binance"}'] == 1
    assert 'liquidation_exchange_up{exchange="bybit"}' not in shown


def test_a_reason_that_nobody_foresaw_is_shown():
    view = empty_view()
    view.exchanges["bybit"].quarantined["new_reason"] = 3
    assert page(view)['liquidation_exchange_quarantined_total{exchange="bybit",reason="new_reason"}'] == 3


def test_what_the_feed_is_worth_is_told():
    shown = page(empty_view())
    assert shown['liquidation_exchange_info{exchange="bybit",completeness="full",price_kind="bankruptcy"}'] == 1
    assert shown['liquidation_exchange_info{exchange="binance",completeness="sampled_1s",price_kind="fill"}'] == 1


def test_prices_only_of_the_main_coins():
    view = empty_view(bases=("BTC",))
    connect(view, "bybit")
    shown = page(view)
    assert shown['liquidation_mark_price_usd{exchange="bybit",base="BTC"}'] == 97_312.5
    assert shown['liquidation_last_price_usd{exchange="bybit",base="BTC"}'] == 97_001
    assert not [series for series in shown if "price_usd" in series and "DOGE" in series]


def test_gap_seconds_never_run_backwards():
    view = empty_view()
    exposition = Exposition(view)
    series = 'liquidation_exchange_gap_seconds_total{exchange="bybit"}'

    def seen(now_ms):
        return values(exposition.render(None, now_ms)[0])[series]

    view.gaps.apply(FeedChange(NOW_MS, "bybit", "linear", up=False, reason="closed"))
    running = seen(NOW_MS + 5_000)
    assert running == 5
    view.gaps.apply(FeedChange(NOW_MS + 4_900, "bybit", "linear", up=True))  # committed after the scrape
    assert seen(NOW_MS + 6_000) == running
    view.gaps.apply(FeedChange(NOW_MS + 10_000, "bybit", "linear", up=False, reason="closed"))
    assert seen(NOW_MS + 12_000) == pytest.approx(6.9)
