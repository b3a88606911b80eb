import json

import pytest

from exporter.decode import Problem, decode
from exporter.exchanges import ARCHIVES, REGISTRY
from exporter.exchanges.base import UNKNOWN, Ack, Known, ParseError
from exporter.exchanges.bitmex import Bitmex
from exporter.isotime import text_of
from exporter.model import resolve

BITMEX = Bitmex()
T = 1_570_000_000_000


def order(**fields):
    return {"orderID": "a", "symbol": "XBTUSD", "side": "Sell", "price": 50_000, "leavesQty": 100} | fields


def message(*orders, action="insert", table="liquidation"):
    return json.dumps({"table": table, "action": action, "data": orders})


def events(*orders, **fields):
    parsed = BITMEX.parse(message(*orders, **fields), T)
    assert not parsed.rejected
    return parsed.events


@pytest.mark.parametrize(("side", "position"), [("Sell", "long"), ("Buy", "short")])
@pytest.mark.parametrize("action", ["insert", "partial"])
def test_an_order_closes_the_position(action, side, position):
    (event,) = events(order(side=side), action=action)
    assert (event.side, event.id, event.time_ms, event.received_ms) == (position, "a", T, T)
    assert (event.price_kind, event.quantity_unit) == ("bankruptcy", "contracts")


@pytest.mark.parametrize("frame", [message(order()), message(order()).encode()])
def test_an_archived_line_begins_with_its_time(frame):
    stamp = "2019-10-02T07:06:40.1234567Z "
    line = stamp + frame if isinstance(frame, str) else stamp.encode() + frame
    (event,) = BITMEX.parse(line, 0).events
    assert event.time_ms == event.received_ms == 1_570_000_000_123


def test_an_order_without_any_time_is_refused():
    assert [row.reason for row in BITMEX.parse(message(order()), 0).rejected] == ["time"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"price": None}, "price"),
        ({"leavesQty": 0}, "quantity"),
        ({"side": ""}, "side"),
        ({"symbol": ""}, "instrument"),
        ({"orderID": None}, "malformed"),
    ],
)
def test_a_bad_order_is_refused_and_the_others_count(fields, reason):
    parsed = BITMEX.parse(message(order(), order(orderID="b") | fields, order(orderID="c")), T)
    assert [event.id for event in parsed.events] == ["a", "c"]
    assert [refused.reason for refused in parsed.rejected] == [reason]


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (message({"orderID": "a", "symbol": "XBTUSD", "leavesQty": 7}, action="update"), Known("update")),
        (message({"orderID": "a", "symbol": "XBTUSD"}, action="delete"), Known("delete")),
        (message(table="trade"), UNKNOWN),
        ('{"success":true,"subscribe":"liquidation"}', Ack("liquidation", ok=True)),
        ('{"info":"Welcome to the BitMEX Realtime API."}', Known("info")),
        ("{}", UNKNOWN),
    ],
)
def test_other_frames(frame, expected):
    assert BITMEX.parse(frame, T) == expected


@pytest.mark.parametrize(
    "frame", ["", b"", "x", b"\xff\xfe {}", "2019-10-02 {}", '2019-10-02T07:06:40Z {"data":7}', "\ud800"]
)
def test_what_is_no_frame_is_a_parse_error(frame):
    with pytest.raises(ParseError):
        BITMEX.parse(frame, T)


def listed(**fields):
    contract = {
        "symbol": "XBTUSD",
        "typ": "FFWCSX",
        "underlying": "XBT",
        "quoteCurrency": "USD",
        "settlCurrency": "XBt",
    }
    body = json.dumps([contract | {"multiplier": -100_000_000, "isInverse": True} | fields]).encode()
    return BITMEX.parse_instruments(BITMEX.instrument_requests[0], body).instruments


LINEAR = {"quoteCurrency": "USDT", "settlCurrency": "USDt", "multiplier": 1, "isInverse": False}
QUANTO = {"underlying": "ETH", "multiplier": 100, "isInverse": False, "isQuanto": True}


@pytest.mark.parametrize(
    ("fields", "quantity", "rate", "base", "usd"),
    [
        ({}, 100, 1.0, 0.002, 100.0),
        (LINEAR, 2_000, 1.0, 0.002, 100.0),
        (QUANTO, 40, 60_000.0, 2.4, 120_000.0),
    ],
)
def test_contracts_are_worth_their_multiplier(fields, quantity, rate, base, usd):
    (instrument,) = listed(**fields)
    (raw,) = events(order(leavesQty=quantity))
    event = resolve(raw, instrument, rate=rate)
    assert (event.base_quantity, event.notional_usd) == (pytest.approx(base), pytest.approx(usd))


@pytest.mark.parametrize("fields", [{"typ": "IFXXXP"}, {"multiplier": None}, {"settlCurrency": "MAMUSD"}])
def test_what_is_no_contract_is_left_out(fields):
    assert listed(**fields) == []


def test_decoding_leaves_the_dollars_of_a_quanto_contract_empty():
    instruments = {each.name: each for each in (*listed(), *listed(symbol="ETHUSD", **QUANTO))}
    frames = [f"{text_of(T)} {message(order(), order(orderID='b', symbol='ETHUSD'))}", message(order())]
    inverse, quanto, undated = decode(BITMEX, frames, instruments)
    assert (inverse["notional_usd"], inverse["base"], inverse["received_ms"]) == (100.0, "BTC", T)
    assert (quanto["notional_usd"], quanto["base"]) == (None, "ETH")
    assert isinstance(undated, Problem)


def test_nobody_listens_to_it():
    assert ARCHIVES["bitmex"].name == "bitmex"
    assert "bitmex" not in REGISTRY
