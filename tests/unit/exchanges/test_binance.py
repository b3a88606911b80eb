import json

import pytest

from exporter.exchanges.base import UNKNOWN, Ack, Known, MarkPrices, ParseError
from exporter.exchanges.binance import Binance
from exporter.model import resolve

BINANCE = Binance()
FEED = BINANCE.feeds[0]
USD_M, COIN_M = BINANCE.instrument_requests
T = 1_790_000_000_000


def order(event=None, **fields):
    """A forced order of 2 BTC at 50,000 as the combined stream sends it; fields of `o` and of the event override."""
    row = {
        "s": "BTCUSDT",
        "S": "SELL",
        "o": "LIMIT",
        "f": "IOC",
        "q": "2",
        "p": "49000",
        "ap": "50000",
        "X": "FILLED",
        "l": "2",
        "z": "2",
        "T": T,
    }
    data = {"e": "forceOrder", "E": T + 3, "o": row | fields, **(event or {})}
    return json.dumps({"stream": "!forceOrder@arr", "data": data})


def only(frame):
    parsed = BINANCE.parse(frame, T + 50)
    assert not parsed.rejected
    (event,) = parsed.events
    return event


def reason(frame):
    parsed = BINANCE.parse(frame, T + 50)
    assert not parsed.events
    (row,) = parsed.rejected
    assert json.loads(row.row)
    return row.reason


def test_a_sell_order_closed_a_long_and_a_buy_order_a_short():
    assert only(order(S="SELL")).side == "long"
    assert only(order(S="BUY")).side == "short"


def test_price_and_quantity_are_what_was_filled():
    event = only(order(q="5", p="49000", ap="50123.5", l="0.5", z="3", X="EXPIRED"))
    assert (event.price, event.price_kind, event.quantity) == (50123.5, "fill", 3.0)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"X": "EXPIRED", "z": "0", "ap": "0"}, "unfilled"),
        ({"X": "CANCELED", "z": "0.000", "ap": "0.0"}, "unfilled"),
        ({"X": "NEW", "z": "0", "ap": "0"}, "open_order"),
        ({"X": "PARTIALLY_FILLED", "z": "1"}, "open_order"),
        ({"z": "0"}, "quantity"),
        ({"z": "-1"}, "quantity"),
        ({"z": "nan"}, "quantity"),
        ({"z": None}, "quantity"),
        ({"z": "1e300"}, "quantity"),
        ({"ap": "0"}, "price"),
        ({"ap": ""}, "price"),
        ({"ap": "Infinity"}, "price"),
        ({"S": "HOLD"}, "side"),
        ({"S": "sell"}, "side"),
        ({"s": ""}, "instrument"),
        ({"T": 0}, "time"),
        ({"T": T // 1000}, "time"),
        ({"T": T * 1000}, "time"),
        ({"T": -T}, "time"),
        ({"T": 1_483_228_799_999}, "time"),
        ({"T": 4_102_444_800_000}, "time"),
    ],
)
def test_rows_that_are_no_liquidation_are_refused_with_a_reason(fields, expected):
    assert reason(order(**fields)) == expected


@pytest.mark.parametrize(
    ("symbol", "event", "inner", "unit"),
    [
        ("BTCUSDT", {"st": 1}, {}, "base"),
        ("BTCUSDT", {}, {}, "base"),
        ("BTCUSDT_261225", {}, {}, "base"),
        ("ETHBTC", {"st": 1}, {}, "base"),
        ("BTCUSD_PERP", {"st": 2}, {}, "contracts"),
        ("BTCUSD_PERP", {}, {"st": 2, "ps": "BTCUSD"}, "contracts"),
        ("BTCUSD_PERP", {}, {}, "contracts"),
        ("BTCUSD_261225", {}, {}, "contracts"),
        ("BTCUSD_261225", {"st": 1}, {}, "contracts"),
        ("NEWNAME", {"st": 2}, {}, "contracts"),
        ("NEWNAME", {}, {"st": 2}, "contracts"),
    ],
)
def test_product_lines_are_told_apart(symbol, event, inner, unit):
    assert only(order(event, s=symbol, **inner)).quantity_unit == unit


def test_ids_hold_everything_that_distinguishes_an_order():
    base = only(order())
    assert base.id == "BTCUSDT:SELL:1790000000000:49000:50000:2:2"
    changes = [{"s": "ETHUSDT"}, {"S": "BUY"}, {"T": T + 1}, {"p": "1"}, {"ap": "1"}, {"q": "3"}, {"z": "1"}]
    ids = {only(order(**change)).id for change in changes} | {base.id}
    assert len(ids) == len(changes) + 1


def test_wrapped_and_bare_frames_and_both_text_types_agree():
    wrapped = order()
    bare = json.dumps(json.loads(wrapped)["data"])
    assert only(wrapped) == only(bare) == only(wrapped.encode()) == only(bare.encode())


def test_amounts_of_a_coin_margined_order():
    answer = {
        "symbols": [
            {
                "symbol": "ETHUSD_PERP",
                "contractType": "PERPETUAL",
                "contractStatus": "TRADING",
                "contractSize": 10,
                "quoteAsset": "USD",
                "baseAsset": "ETH",
                "marginAsset": "ETH",
            }
        ]
    }
    (instrument,) = BINANCE.parse_instruments(COIN_M, json.dumps(answer).encode()).instruments
    event = resolve(only(order({"st": 2}, s="ETHUSD_PERP", z="30", ap="2000")), instrument)
    assert (event.base, event.quote, event.settle, event.kind) == ("ETH", "USD", "ETH", "perpetual")
    assert event.notional_usd == 300.0
    assert event.base_quantity == pytest.approx(0.15, rel=1e-15)


def contract(**fields):
    row = {"symbol": "BTCUSDT", "baseAsset": "BTC", "quoteAsset": "USDT", "marginAsset": "USDT"}
    return row | {"contractType": "PERPETUAL", "status": "TRADING"} | fields


def instruments(*rows, request=USD_M):
    page = BINANCE.parse_instruments(request, json.dumps({"symbols": rows}).encode())
    assert page.next_request is None
    return page.instruments


def test_multiplied_contracts_become_the_plain_coin():
    (pepe,) = instruments(contract(symbol="1000PEPEUSDT", baseAsset="1000PEPE"))
    assert (pepe.base, pepe.multiplier, pepe.contract_size) == ("PEPE", 1000.0, 1.0)
    event = resolve(only(order(s="1000PEPEUSDT", z="7", ap="0.01")), pepe)
    assert (event.base_quantity, event.notional_usd) == (7000.0, pytest.approx(0.07, rel=1e-15))


@pytest.mark.parametrize("status", ["TRADING", "PENDING_TRADING", "SETTLING", "CLOSE", "DELIVERED"])
def test_contracts_of_every_status_resolve(status):
    assert len(instruments(contract(status=status))) == 1


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, "perpetual"),
        ({"contractType": "TRADIFI_PERPETUAL"}, "perpetual"),
        ({"contractType": "PERPETUAL_DELIVERING"}, "perpetual"),
        ({"contractType": ""}, "perpetual"),
        ({"contractType": "NEXT_QUARTER", "symbol": "BTCUSDT_261225"}, "future"),
        ({"contractType": "", "symbol": "BTCUSDT_261225"}, "future"),
    ],
)
def test_kind_of_a_contract(fields, kind):
    assert instruments(contract(**fields))[0].kind == kind


def test_a_coin_margined_contract_without_a_size_is_left_out():
    coin_m = contract(symbol="BTCUSD_PERP", quoteAsset="USD", marginAsset="BTC")
    rows = [coin_m, coin_m | {"contractSize": 0}, coin_m | {"contractSize": 100}, contract()]
    found = instruments(*rows, request=COIN_M)
    assert [(row.name, row.inverse, row.contract_size) for row in found] == [
        ("BTCUSD_PERP", True, 100.0),
        ("BTCUSDT", False, 1.0),
    ]


def test_a_contract_quoted_and_margined_in_another_coin_is_linear():
    (ethbtc,) = instruments(contract(symbol="ETHBTC", baseAsset="ETH", quoteAsset="BTC", marginAsset="BTC"))
    assert not ethbtc.inverse
    assert not ethbtc.in_usd


@pytest.mark.parametrize(
    "body", [b'{"code":-1003,"msg":"Too many requests"}', b"<html>", b"", b'{"symbols":[]}', b"[]"]
)
def test_answers_that_list_no_instruments_are_parse_errors(body):
    with pytest.raises(ParseError):
        BINANCE.parse_instruments(USD_M, body)


def test_one_request_subscribes_everything():
    (request,) = BINANCE.control(FEED, ["BTC", "ETH", "BTC"])
    assert json.loads(request.frame) == {
        "method": "SUBSCRIBE",
        "params": ["!forceOrder@arr", "btcusdt@markPrice@1s", "ethusdt@markPrice@1s"],
        "id": 1,
    }
    assert request.instruments == ()
    assert BINANCE.parse('{"result":null,"id":1}', T) == Ack(request.key, ok=True)
    assert not FEED.per_symbol
    assert BINANCE.subscribe(FEED, ["BTCUSDT"], 2) == []


def test_the_pulse_does_not_depend_on_the_main_coins():
    (request,) = BINANCE.control(FEED, [])
    assert json.loads(request.frame)["params"] == ["!forceOrder@arr", "btcusdt@markPrice@1s"]


@pytest.mark.parametrize(
    ("frame", "parsed"),
    [
        ('{"error":{"code":3,"msg":"bad"},"id":1}', Ack("1", ok=False, message="bad")),
        ('{"error":{"code":3,"msg":"bad"}}', Ack("1", ok=False, message="bad")),
        ('{"code":2,"msg":"bad","id":7}', Ack("7", ok=False, message="bad")),
        ('{"result":null,"id":"abc"}', Ack("abc", ok=True)),
        ('{"result":[],"id":3}', Known("answer")),
        ('{"result":null}', Known("answer")),
        ("{}", UNKNOWN),
        ('{"id":1}', UNKNOWN),
        ('{"e":"kline","o":"not an order"}', UNKNOWN),
        ('{"stream":"x","data":{"e":"24hrTicker","o":"50000","T":"x"}}', UNKNOWN),
    ],
)
def test_answers_and_frames_of_other_kinds(frame, parsed):
    assert BINANCE.parse(frame, T) == parsed


def mark(**fields):
    return json.dumps({"e": "markPriceUpdate", "E": T, "s": "BTCUSDT", "p": "50000.5"} | fields)


def test_a_mark_price_that_cannot_be_read_is_still_proof_of_life():
    assert BINANCE.parse(mark(), T) == MarkPrices((("BTCUSDT", 50000.5),), T)
    assert BINANCE.parse(mark(p=""), T) == MarkPrices((), T)
    assert BINANCE.parse(mark(p="0"), T) == MarkPrices((), T)


@pytest.mark.parametrize(
    "frame",
    [
        mark(E=T // 1000),
        mark(s=None),
        '{"stream":"!forceOrder@arr","data":{"e":"forceOrder","E":1}}',
        '{"stream":"!forceOrder@arr","data":[]}',
        '{"stream":"!forceOrder@arr","data":{"e":7}}',
        order(T="1790000000000"),
        order(T=1e400),
        order(T=10**400),
        order(T=2**63),
        order().replace(str(T), "9" * 5000),
        order(s=7),
        order(z=[]),
        "[]",
        "null",
        "1",
        '"text"',
        "",
        b"\xff\xfe",
        b'{"e":"\xff"}',
        '{"e":"\ud800"}',
        b'{"x":' + b"[" * 100_000,
        b'{"data":' * 10_000,
        order()[:-2],
        order() + "}",
    ],
)
def test_frames_that_are_not_as_documented_are_parse_errors(frame):
    with pytest.raises(ParseError):
        BINANCE.parse(frame, T)


def test_the_last_of_two_equal_keys_counts():
    assert only(order().replace('"z": "2"', '"z": "1", "z": "3"')).quantity == 3.0


def test_completeness_by_date():
    assert [(epoch.since, epoch.completeness) for epoch in BINANCE.capability.epochs] == [
        ("2019-09-09", "full"),
        ("2021-04-27", "sampled_1s"),
    ]
    assert BINANCE.capability.completeness == "sampled_1s"
