from io import StringIO
from itertools import count

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from rich.console import Console

from exporter.simulator import compare, render
from exporter.simulator.truth import WINDOWS
from exporter.simulator.truthfile import TruthEvent

NOW_MS = 1_763_640_030_000
MINUTE_MS = 60_000
VENUE = ["exchange", "side"]
ASSET = ["exchange", "base", "side"]
VENUE_WINDOW, ASSET_WINDOW = [*VENUE, "window"], [*ASSET, "window"]
_ids = count()


def event(minutes_ago=0, usd=1000.0, *, certain=True, exchange="binance", base="BTC", side="long"):
    return TruthEvent(
        time_ms=NOW_MS - minutes_ago * MINUTE_MS,
        received_ms=NOW_MS,
        exchange=exchange,
        instrument=f"{base}USDT",
        base=base,
        quote="USDT",
        settle="USDT",
        kind="perpetual",
        side=side,
        price=1000.0,
        price_kind="fill",
        quantity=usd / 1000,
        quantity_unit="base",
        base_quantity=usd / 1000,
        notional_usd=usd,
        id=str(next(_ids)),
        certain=certain,
    )


class Exposition:
    """What a right exporter would show for some events; `families` can be spoiled one sample at a time."""

    def __init__(self, events, now_ms=NOW_MS, window_bases=("BTC",)):
        self.registry = CollectorRegistry()
        self._families = {}
        for each in events:
            self._total(each)
            for window, minutes in WINDOWS.items():
                if now_ms // MINUTE_MS - minutes < each.time_ms // MINUTE_MS:
                    self._window(each, window, window_bases)

    def _total(self, each):
        venue, asset = (each.exchange, each.side), (each.exchange, each.base, each.side)
        self.counter("liquidation_events", VENUE).labels(*venue).inc()
        self.counter("liquidation_notional_usd", VENUE).labels(*venue).inc(each.notional_usd)
        largest = self.gauge("liquidation_largest_usd", VENUE).labels(*venue)
        largest.set(max(largest._value.get(), each.notional_usd))
        self.counter("liquidation_asset_events", ASSET).labels(*asset).inc()
        self.counter("liquidation_asset_notional_usd", ASSET).labels(*asset).inc(each.notional_usd)
        self.counter("liquidation_asset_quantity", ASSET).labels(*asset).inc(each.base_quantity)

    def _window(self, each, window, bases):
        venue, asset = (each.exchange, each.side, window), (each.exchange, each.base, each.side, window)
        self.gauge("liquidation_window_events", VENUE_WINDOW).labels(*venue).inc()
        self.gauge("liquidation_window_notional_usd", VENUE_WINDOW).labels(*venue).inc(each.notional_usd)
        largest = self.gauge("liquidation_window_largest_usd", VENUE_WINDOW).labels(*venue)
        largest.set(max(largest._value.get(), each.notional_usd))
        if each.base in bases:
            self.gauge("liquidation_asset_window_events", ASSET_WINDOW).labels(*asset).inc()
            self.gauge("liquidation_asset_window_notional_usd", ASSET_WINDOW).labels(*asset).inc(each.notional_usd)
            self.gauge("liquidation_asset_window_quantity", ASSET_WINDOW).labels(*asset).inc(each.base_quantity)
            largest = self.gauge("liquidation_asset_window_largest_usd", ASSET_WINDOW).labels(*asset)
            largest.set(max(largest._value.get(), each.notional_usd))

    def counter(self, name, labels):
        if name not in self._families:
            self._families[name] = Counter(name, "help", labels, registry=self.registry)
        return self._families[name]

    def gauge(self, name, labels):
        if name not in self._families:
            self._families[name] = Gauge(name, "help", labels, registry=self.registry)
        return self._families[name]

    def text(self):
        return generate_latest(self.registry).decode()


def some_events():
    return [
        event(),
        event(30, 250.5),
        event(90, 9_999.25, side="short"),
        event(600, 123.0, base="PEPE"),
        event(1000, 77.0, exchange="bybit", base="ETH"),
        event(3000, 5_000_000.0, exchange="bybit"),
    ]


def named(rows):
    return {row.name for row in rows}


def test_a_right_exporter_is_right_in_every_family():
    events = some_events()
    comparison = compare(events, Exposition(events).text(), NOW_MS)
    assert comparison.ok
    assert len(named(comparison.rows)) == 13
    assert all(row.certain == row.counted == row.all for row in comparison.rows if row.name.endswith("events_total"))


@pytest.mark.parametrize("missing", range(5))
def test_an_event_too_few_or_too_many_is_found(missing):
    events = some_events()
    fewer = Exposition(events[:missing] + events[missing + 1 :]).text()
    assert named(compare(events, fewer, NOW_MS).wrong()) >= {
        "liquidation_events_total",
        "liquidation_asset_events_total",
    }
    twice = Exposition([*events, events[missing]]).text()
    assert named(compare(events, twice, NOW_MS).wrong()) >= {
        "liquidation_events_total",
        "liquidation_asset_events_total",
    }


@pytest.mark.parametrize(
    ("name", "labels", "values"),
    [
        ("liquidation_notional_usd", VENUE, ("binance", "long")),
        ("liquidation_asset_notional_usd", ASSET, ("bybit", "BTC", "long")),
        ("liquidation_asset_quantity", ASSET, ("binance", "PEPE", "long")),
    ],
)
def test_totals_agree_to_a_billionth(name, labels, values):
    events = some_events()
    for off, ok in ((1e-10, True), (1e-8, False)):
        exposition = Exposition(events)
        child = exposition.counter(name, labels).labels(*values)
        child.inc(child._value.get() * off)
        assert compare(events, exposition.text(), NOW_MS).ok is ok


@pytest.mark.parametrize(
    ("name", "labels", "values"),
    [
        ("liquidation_largest_usd", VENUE, ("bybit", "long")),
        ("liquidation_window_events", VENUE_WINDOW, ("binance", "long", "1h")),
        ("liquidation_window_notional_usd", VENUE_WINDOW, ("binance", "short", "4h")),
        ("liquidation_window_largest_usd", VENUE_WINDOW, ("binance", "long", "24h")),
        ("liquidation_asset_window_events", ASSET_WINDOW, ("binance", "BTC", "long", "12h")),
        ("liquidation_asset_window_quantity", ASSET_WINDOW, ("binance", "BTC", "short", "24h")),
        ("liquidation_asset_window_largest_usd", ASSET_WINDOW, ("binance", "BTC", "short", "4h")),
    ],
)
def test_a_wrong_gauge_is_found(name, labels, values):
    events = some_events()
    exposition = Exposition(events)
    exposition.gauge(name, labels).labels(*values).inc()
    (wrong,) = compare(events, exposition.text(), NOW_MS).wrong()
    assert wrong.name == name
    assert tuple(wrong.labels.values()) == values


def test_windows_hold_whole_minutes():
    exposition = Exposition([event(59), event(60), event(0, 5.0)])
    assert exposition.gauge("liquidation_window_events", VENUE_WINDOW).labels("binance", "long", "1h")._value.get() == 2
    right = [event(59), event(60), event(0, 5.0)]
    assert compare(right, exposition.text(), NOW_MS).ok
    for shifted in ([event(58), event(59), event(0, 5.0)], [event(60), event(61), event(0, 5.0)]):
        wrong = compare(shifted, exposition.text(), NOW_MS).wrong()
        assert {row.labels["window"] for row in wrong} == {"1h"}


def test_a_scrape_may_have_crossed_a_minute():
    events = [event(60), event(61), event(1)]
    assert compare(events, Exposition(events, NOW_MS - MINUTE_MS).text(), NOW_MS).ok
    assert not compare(events, Exposition(events, NOW_MS - 2 * MINUTE_MS).text(), NOW_MS).ok


def test_uncertain_events_may_be_counted_or_not():
    sure, unsure = some_events(), [event(certain=False), event(5, 8_888_888.0, certain=False, base="NEW")]
    for counted in (sure, [*sure, unsure[0]], sure + unsure):
        assert compare(sure + unsure, Exposition(counted).text(), NOW_MS).ok
    assert not compare(sure + unsure, Exposition([*sure, *unsure, unsure[0]]).text(), NOW_MS).ok
    assert not compare(sure + unsure, Exposition(sure[1:]).text(), NOW_MS).ok


def test_an_empty_scrape_is_wrong_unless_nothing_was_sent():
    assert compare([], "", NOW_MS).ok
    assert compare([event(certain=False)], "", NOW_MS).ok
    assert not compare([event()], "", NOW_MS).ok


def test_a_series_for_what_was_never_sent_is_wrong():
    events = some_events()
    exposition = Exposition(events)
    exposition.counter("liquidation_events", VENUE).labels("okx", "long")
    assert compare(events, exposition.text(), NOW_MS).ok, "series that exist at 0 are right"
    exposition.counter("liquidation_events", VENUE).labels("okx", "long").inc()
    assert not compare(events, exposition.text(), NOW_MS).ok


def test_not_a_number_is_wrong():
    events = [event()]
    text = (
        Exposition(events).text().replace('liquidation_notional_usd_total{exchange="binance",side="long"} 1000.0', "")
    )
    text += 'liquidation_notional_usd_total{exchange="binance",side="long"} NaN\n'
    assert not compare(events, text, NOW_MS).ok


def printed(comparison):
    console = Console(width=160, file=StringIO())
    console.print(render(comparison))
    return console.file.getvalue()


def test_the_report_names_what_is_wrong():
    events = some_events()
    report = printed(compare(events, Exposition(events[1:]).text(), NOW_MS))
    assert "WRONG" in report
    assert 'liquidation_events_total{exchange="binance",side="long"}' in report
    assert "figures are wrong" in report


def test_the_report_of_a_right_run_says_so():
    events = some_events()
    report = printed(compare(events, Exposition(events).text(), NOW_MS))
    assert "WRONG" not in report
    assert "agree with the truth" in report
    assert "A range means" not in report
    unsure = [*events, event(certain=False)]
    assert "A range means" in printed(compare(unsure, Exposition(events).text(), NOW_MS))
