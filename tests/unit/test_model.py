import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import USD_QUOTES, Instrument, Liquidation, resolve
from tests.events import raw

LINEAR = Instrument("binance", "BTCUSDT", "BTC", "USDT", "USDT", "perpetual")
PEPE = Instrument("binance", "1000PEPEUSDT", "PEPE", "USDT", "USDT", "perpetual", multiplier=1000.0)
OKX = Instrument("okx", "BTC-USDT-SWAP", "BTC", "USDT", "USDT", "perpetual", contract_size=0.01)
COIN_M = Instrument("binance", "BTCUSD_PERP", "BTC", "USD", "BTC", "perpetual", inverse=True, contract_size=100.0)
INVERSE = Instrument("bybit", "BTCUSD", "BTC", "USD", "BTC", "perpetual", inverse=True)
SHIB = Instrument(
    "x", "1000SHIBUSD", "SHIB", "USD", "SHIB", "future", inverse=True, contract_size=10.0, multiplier=1000.0
)


@pytest.mark.parametrize(
    ("instrument", "unit", "quantity", "price", "base", "usd"),
    [
        (LINEAR, "base", 0.014, 9910.0, 0.014, 138.74),
        (PEPE, "base", 7.0, 0.01, 7000.0, 0.07),
        (OKX, "contracts", 13.0, 50_000.0, 0.13, 6_500.0),
        (LINEAR, "contracts", 3.0, 50_000.0, 3.0, 150_000.0),
        (COIN_M, "contracts", 1.0, 9496.5, 100 / 9496.5, 100.0),
        (COIN_M, "contracts", 25.0, 50_000.0, 0.05, 2_500.0),
        (INVERSE, "usd", 100_000.0, 50_000.0, 2.0, 100_000.0),
        (LINEAR, "quote", 5_000.0, 50_000.0, 0.1, 5_000.0),
        (PEPE, "quote", 50.0, 0.01, 5_000_000.0, 50.0),
        (SHIB, "contracts", 2.0, 0.02, 1_000_000.0, 20.0),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_base_quantity_and_notional(instrument, unit, quantity, price, base, usd):
    event = resolve(raw(quantity=quantity, quantity_unit=unit, price=price), instrument)
    assert event.base_quantity == pytest.approx(base, rel=1e-14)
    assert event.notional_usd == pytest.approx(usd, rel=1e-14)


@given(
    quantity=st.floats(1e-9, 1e12),
    price=st.floats(1e-9, 1e7),
    size=st.sampled_from([0.001, 1.0, 10.0, 100.0]),
    multiplier=st.sampled_from([1.0, 1000.0, 1e6]),
    inverse=st.booleans(),
    unit=st.sampled_from(["base", "contracts", "quote", "usd"]),
)
def test_the_notional_is_the_base_quantity_at_the_price(quantity, price, size, multiplier, inverse, unit):
    instrument = msgspec.structs.replace(LINEAR, inverse=inverse, contract_size=size, multiplier=multiplier)
    event = resolve(raw(quantity=quantity, price=price, quantity_unit=unit), instrument)
    assert math.isclose(event.notional_usd, event.base_quantity / multiplier * price, rel_tol=1e-12)


def test_the_report_is_kept_as_received():
    report = raw(7, side="short", quantity=25.0, quantity_unit="contracts", price_kind="bankruptcy")
    event = resolve(report, COIN_M, "backfill")
    kept = {name: getattr(event, name) for name in report.__struct_fields__}
    assert kept == msgspec.structs.asdict(report)
    assert (event.base, event.quote, event.settle, event.kind) == ("BTC", "USD", "BTC", "perpetual")
    assert event.origin == "backfill"
    assert resolve(report, COIN_M).origin == "live"


def test_the_json_form_is_one_object_of_the_field_names():
    event = resolve(raw(), LINEAR)
    text = msgspec.json.encode(event)
    assert list(msgspec.json.decode(text)) == list(Liquidation.__struct_fields__)
    assert msgspec.json.decode(text, type=Liquidation) == event
    assert b"\n" not in text


def test_dollar_stablecoins_count_as_usd_and_coins_do_not():
    for quote in ("USD", "USDT", "USDC", "USD1"):
        assert quote in USD_QUOTES
        assert msgspec.structs.replace(LINEAR, quote=quote).in_usd
    for quote in ("BTC", "EUR", ""):
        assert not msgspec.structs.replace(LINEAR, quote=quote).in_usd


def test_a_quanto_contract_is_worth_its_settle_coin():
    quanto = Instrument("x", "ETHUSD", "ETH", "USD", "BTC", "perpetual", contract_size=1e-6, quanto=True)
    event = resolve(raw(quantity=5_000.0, quantity_unit="contracts", price=2_500.0), quanto, rate=80_000.0)
    assert quanto.value_coin == "BTC"
    assert event.notional_usd == pytest.approx(5_000 * 1e-6 * 2_500 * 80_000)
    assert event.base_quantity == pytest.approx(event.notional_usd / 2_500)


def test_the_rate_that_was_used_is_kept_and_a_dollar_counts_as_one():
    ethbtc = Instrument("binance", "ETHBTC", "ETH", "BTC", "BTC", "perpetual")
    event = resolve(raw(quantity=2.0, price=0.03), ethbtc, rate=100_000.0)
    assert (event.base_quantity, event.notional_usd) == (2.0, pytest.approx(6_000.0))
    assert event.usd_rate == 100_000.0
    assert [resolve(raw(), each).usd_rate for each in (LINEAR, INVERSE)] == [1.0, 1.0]
