import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from exporter.web.answers import ApiError
from exporter.web.query import Query, find_base

KNOWN = ["BTC", "ETH", "PEPE", "1INCH", "USDE", "币安人生"]


def query(text, *known):
    return Query(make_mocked_request("GET", f"/?{text}"), *known)


@pytest.mark.parametrize(
    ("symbol", "base"),
    [
        ("BTC", "BTC"),
        ("btc", "BTC"),
        ("BTCUSDT", "BTC"),
        ("BTC-USDT", "BTC"),
        ("BTC_USDT", "BTC"),
        ("BTC/USDT:USDT", "BTC"),
        ("BTCUSD_PERP", "BTC"),
        ("BTCPERP", "BTC"),
        ("BTC-PERPETUAL", "BTC"),
        ("BTCUSDT_261225", "BTC"),
        ("XBTUSD", "BTC"),
        ("1000PEPEUSDT", "PEPE"),
        ("1INCHUSDT", "1INCH"),
        ("USDE", "USDE"),
        ("USDEUSDT", "USDE"),
        ("币安人生USDT", "币安人生"),
    ],
)
def test_a_symbol_means_its_base(symbol, base):
    assert find_base(symbol, KNOWN) == base


@pytest.mark.parametrize("symbol", ["NOPE", "USDT", "BTCX", "1000BTCC"])
def test_an_unknown_base_is_not_found(symbol):
    with pytest.raises(ApiError, match=symbol) as caught:
        find_base(symbol, KNOWN)
    assert caught.value.status == 404


@pytest.mark.parametrize("symbol", ["B" * 65, "<script>", "BTC;DROP", "-", "*"])
def test_nonsense_is_a_bad_request(symbol):
    with pytest.raises(ApiError) as caught:
        find_base(symbol, KNOWN)
    assert caught.value.status == 400
    assert len(caught.value.reason) < 200


def outcome(symbol):
    try:
        return find_base(symbol, KNOWN)
    except ApiError as error:
        return error.status


@given(st.text())
def test_whatever_is_asked_for_is_answered_or_refused(symbol):
    assert outcome(symbol) in (*KNOWN, 400, 404)


def test_parameters_that_are_not_given_have_defaults():
    asked = query("base=&side=", "base", "side", "window", "limit")
    assert asked.symbol("base") is None
    assert asked.window() is None
    assert asked.count("limit", 100, 1000) == 100
    assert asked.filters() == {}


def test_filters_are_read():
    asked = query("side=short&exchange=bybit&min_usd=2.5e4", "side", "exchange", "min_usd")
    assert asked.filters() == {"side": "short", "exchange": "bybit", "min_usd": 25_000.0}


@pytest.mark.parametrize(
    "text", ["limit=0", "limit=1001", "limit=-1", "limit=1.5", "limit=ten", "limit=1e2", "limit=٣"]
)
def test_a_count_outside_its_bounds_is_refused(text):
    with pytest.raises(ApiError, match="from 1 to 1000"):
        query(text, "limit").count("limit", 100, 1000)


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "much", "1e999"])
def test_an_amount_that_is_none_is_refused(value):
    with pytest.raises(ApiError, match="min_usd"):
        query(f"min_usd={value}", "min_usd", "side", "exchange").filters()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("sdie=long", "unknown parameter 'sdie'; known here: side"),
        ("side=long&side=short", "side is given twice"),
        ("side=buy", "side 'buy' is not known; it is one of long, short"),
    ],
)
def test_a_mistake_is_named(text, reason):
    with pytest.raises(ApiError) as caught:
        query(text, "side").choice("side", ("long", "short"))
    assert caught.value.reason == reason


def test_a_window_is_one_of_the_ledgers():
    assert query("window=4h", "window").window() == "4h"
    assert query("window=all", "window").window() is None
    with pytest.raises(ApiError, match="1h, 4h, 12h, 24h, all"):
        query("window=2h", "window").window()


def test_a_coin_is_asked_for_by_one_name():
    with pytest.raises(ApiError, match="base or symbol, not both"):
        query("base=BTC&symbol=ETHUSDT", "base", "symbol").symbol("base", "symbol")
