"""What the page asks of the ledger: minutes and coins."""

import math

import msgspec

from exporter.ledger import Ledger
from exporter.model import SIDES
from exporter.stats import WINDOWS
from exporter.web.overview import Subject, overview, take_status
from tests.events import T0, liquidation, random_liquidations
from tests.unit.web.views import make_view, now_ms


def filled(events):
    ledger = Ledger(("binance", "bybit"), ("BTC",), 2)
    for seq, event in enumerate(events, 1):
        ledger.apply(seq, event)
    return ledger


def test_minutes_are_the_sums_of_their_events():
    events = random_liquidations(5, 3000)
    ledger = filled(events)
    now = T0 + 50 * 60_000 + 30_000
    first = T0 + 21 * 60_000
    for base in (None, "BTC", "PEPE"):
        minutes = ledger.minutes(base, now, 30)
        for side in SIDES:
            assert len(minutes[side]) == 30
            for index, tally in enumerate(minutes[side]):
                begin = first + index * 60_000
                group = [e for e in events if begin <= e.time_ms < begin + 60_000 and e.side == side]
                group = [e for e in group if base in (None, e.base)]
                assert tally.events == len(group)
                assert math.isclose(tally.usd, math.fsum(e.notional_usd for e in group), rel_tol=1e-12)
                assert (tally.base_quantity is None) == (base is None)


def test_a_minute_without_events_is_there():
    minutes = filled([liquidation(0)]).minutes("BTC", T0 + 60_000, 3)
    assert [tally.events for tally in minutes["long"]] == [0, 1, 0]
    assert [tally.events for tally in minutes["short"]] == [0, 0, 0]


def test_every_coin_has_its_sums_also_beyond_the_cap():
    events = random_liquidations(6, 2000)
    ledger = filled(events)
    now = T0 + 3600_000
    assert ledger.cap_reached
    for window in (None, *WINDOWS):
        by_base = ledger.by_base(window, now)
        assert set(by_base) == {"BTC", "ETH", "SOL", "PEPE", "1INCH"}
        since = T0 - 1 if window is None else (now // 60_000 - WINDOWS[window] + 1) * 60_000
        for base, sides in by_base.items():
            for side, tally in sides.items():
                group = [e for e in events if (e.base, e.side) == (base, side) and e.time_ms >= since]
                assert tally.events == len(group)
                assert math.isclose(tally.usd, math.fsum(e.notional_usd for e in group), rel_tol=1e-12)


def test_a_coin_that_is_quiet_in_the_window_has_zeroes():
    ledger = filled([liquidation(0, base="ETH")])
    sides = ledger.by_base("1h", T0 + 2 * 3600_000)["ETH"]
    assert [sides[side].events for side in SIDES] == [0, 0]


def test_the_overview_shows_the_ledgers_figures():
    now = now_ms()
    times = {str(hours): now - hours * 3600_000 for hours in (0, 2, 30)}
    view = make_view(liquidation(time_ms=time_ms, received_ms=time_ms, id=name) for name, time_ms in times.items())
    shown = overview(view, take_status(view, now), Subject("BTC", "4h"))
    assert [shown.windows[name].total.events for name in ("1h", "4h", "24h", "all")] == [1, 2, 2, 3]
    assert shown.stats == view.stats("BTC", "4h", now)
    assert [each.title for each in shown.exchanges] == ["Binance", "Bybit"]
    assert msgspec.json.encode(shown)
