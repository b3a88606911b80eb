import json

import pytest

from exporter.exchanges.aster import Aster
from exporter.exchanges.binance import Binance

ASTER, BINANCE = Aster(), Binance()
(FEED,) = ASTER.feeds
T = 1_790_000_000_000


def order(**fields):
    names = {"s": "BTCUSDT", "S": "SELL", "q": "2", "p": "49000", "ap": "50000", "X": "FILLED", "z": "2", "T": T}
    return json.dumps({"stream": "!forceOrder@arr", "data": {"e": "forceOrder", "E": T, "o": names | fields}})


def test_quantities_are_base_units_whatever_a_symbol_looks_like():
    for symbol in ("BTCUSDT", "BTCUSD_PERP", "USD_USDT"):
        (event,) = ASTER.parse(order(s=symbol), T).events
        assert (event.exchange, event.side, event.quantity_unit, event.price) == ("aster", "long", "base", 50_000.0)


def test_an_order_of_each_exchange_is_its_own():
    (aster,), (binance,) = ASTER.parse(order(), T).events, BINANCE.parse(order(), T).events
    assert (aster.id, aster.exchange != binance.exchange) == (binance.id, True)


@pytest.mark.parametrize("fields", [{"X": "NEW"}, {"z": "0"}, {"ap": "0"}, {"S": "HOLD"}])
def test_what_is_refused_there_is_refused_here(fields):
    assert not ASTER.parse(order(**fields), T).events
    reasons = [row.reason for row in ASTER.parse(order(**fields), T).rejected]
    assert reasons == [row.reason for row in BINANCE.parse(order(**fields), T).rejected]


def test_the_streams_stay_within_the_limits():
    (request,) = ASTER.control(FEED, [f"C{number}" for number in range(150)])
    assert len(json.loads(request.frame)["params"]) <= 200
    assert FEED.max_life_s == 86_400


@pytest.mark.parametrize(
    ("fields", "asset_class"),
    [
        ({}, "crypto"),
        ({"underlyingType": "INDEX"}, "crypto"),
        ({"underlyingType": "EQUITY", "contractType": "TRADIFI_PERPETUAL"}, "stock"),
        ({"underlyingType": "COMMODITY", "contractType": "TRADIFI_PERPETUAL"}, "commodity"),
        ({"underlyingType": "?", "contractType": "TRADIFI_PERPETUAL"}, "other"),
    ],
)
@pytest.mark.parametrize("exchange", [ASTER, BINANCE], ids=["aster", "binance"])
def test_contracts_of_traditional_finance_are_tagged(exchange, fields, asset_class):
    names = {"symbol": "XUSDT", "baseAsset": "X", "quoteAsset": "USDT", "marginAsset": "USDT"}
    body = json.dumps({"symbols": [names | {"contractType": "PERPETUAL", "underlyingType": "COIN"} | fields]})
    (instrument,) = exchange.parse_instruments(exchange.instrument_requests[0], body.encode()).instruments
    assert (instrument.asset_class, instrument.kind) == (asset_class, "perpetual")
