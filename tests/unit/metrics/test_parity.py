"""What we render is what prometheus_client would render."""

import random

import pytest
from prometheus_client.exposition import choose_encoder

from exporter.metrics import Exposition
from exporter.model import SIDES
from tests.unit.metrics.filled import MAIN, NOW_MS, busy_view, connect, empty_view, event
from tests.unit.metrics.parsed import OPENMETRICS, parsed
from tests.unit.metrics.reference import reference_registry

FORMATS = pytest.mark.parametrize("accept", [None, OPENMETRICS], ids=["text", "openmetrics"])
ODD_NAMES = ('A"B', "C\\D", "E\nF", "G\\nH", "Ünïcödé", "{I}", "J,K", 'L="M"', " ", "", "1e21")
ODD_VALUES = (0.0, 1e-9, 1e-320, 0.1 + 0.2, 1e6, 123456789.123, 1e15, 1e16, 1e21, 1e308, 5.0)


def assert_parity(view, accept, now_ms=NOW_MS):
    ours, content_type = Exposition(view).render(accept, now_ms)
    encode, expected_type = choose_encoder(accept or "")
    theirs = encode(reference_registry(view, now_ms))
    assert content_type == expected_type
    openmetrics = accept is not None
    assert parsed(ours, openmetrics=openmetrics) == parsed(theirs, openmetrics=openmetrics)


@FORMATS
def test_nothing_seen_yet(accept):
    assert_parity(empty_view(), accept)


@FORMATS
def test_several_thousand_cells(accept):
    view = busy_view(bases=1200)
    assert len(view.ledger.cells) > 4000
    assert_parity(view, accept)


@FORMATS
def test_more_coins_than_the_cap(accept):
    view = empty_view(base_cap=20)
    rng = random.Random(3)
    for seq in range(5000):
        exchange, side = rng.choice(["binance", "bybit"]), rng.choice(SIDES)
        base = rng.choice([*MAIN, *(f"C{n}" for n in range(50))])
        view.ledger.apply(seq, event(exchange, base, side, usd=rng.lognormvariate(8, 3), quantity=rng.random()))
    assert view.ledger.cap_reached
    assert_parity(view, accept)


@FORMATS
def test_odd_names_and_values(accept):
    view = empty_view()
    for seq, base in enumerate((*ODD_NAMES, *MAIN)):
        for usd in ODD_VALUES:
            view.ledger.apply(seq, event("binance", base, "long", usd=usd, quantity=usd))
    connect(view, "bybit").mark_prices.update(zip(MAIN, ODD_VALUES, strict=False))
    assert_parity(view, accept)


@FORMATS
def test_values_that_are_no_numbers(accept):
    view = empty_view()
    view.ledger.apply(1, event("bybit", "BTC", "short", usd=float("inf")))
    connect(view, "bybit").mark_prices.update({"ETH": float("nan"), "BTC": float("-inf"), "SOL": 1.5})
    assert_parity(view, accept)


@FORMATS
def test_an_exposition_that_has_rendered_before(accept):
    view = busy_view(bases=300)
    exposition = Exposition(view)
    exposition.render(accept, NOW_MS)
    exposition.render(None, NOW_MS + 1000)
    for seq, base in enumerate(("BTC", "COIN17", "NEW", "COIN290")):
        view.ledger.apply(seq, event("bybit", base, "long", usd=1234.5))
    view.exchanges["bybit"].quarantined["unheard_of_too"] += 1
    view.exchanges["bybit"].mark_prices["ETH"] = 3456.7
    del view.exchanges["binance"]
    body, _ = exposition.render(accept, NOW_MS + 60_000)
    encode, _ = choose_encoder(accept or "")
    theirs = encode(reference_registry(view, NOW_MS + 60_000))
    openmetrics = accept is not None
    assert parsed(body, openmetrics=openmetrics) == parsed(theirs, openmetrics=openmetrics)
