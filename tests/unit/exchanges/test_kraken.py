import json

import pytest

from exporter.exchanges.base import OLDEST, UNKNOWN, Ack, Known, Liquidations, MarkPrices, ParseError, Span
from exporter.exchanges.kraken import Kraken
from exporter.model import Instrument, resolve

KRAKEN = Kraken()
(FEED,) = KRAKEN.feeds
(LIST,) = KRAKEN.instrument_requests
T = 1_790_000_000_000
AT = "2026-09-21T14:13:20.000Z"
SPAN = Span(T - 600_000, T)


def trade(**fields):
    row = {"feed": "trade", "product_id": "PF_XBTUSD", "uid": "u1", "side": "sell", "type": "liquidation", "seq": 1}
    return row | {"time": T, "qty": 0.5, "price": 50_000.0} | fields


def snapshot(*trades):
    return json.dumps({"feed": "trade_snapshot", "product_id": "PF_XBTUSD", "trades": trades})


def only(frame):
    parsed = KRAKEN.parse(frame, T)
    assert not parsed.rejected
    (event,) = parsed.events
    return event


@pytest.mark.parametrize(("side", "position"), [("sell", "long"), ("buy", "short")])
def test_the_taker_closed_the_position(side, position):
    event = only(json.dumps(trade(side=side)))
    assert (event.side, event.price_kind, event.quantity_unit, event.id) == (position, "fill", "contracts", "u1")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("fill", Known("trade")),
        ("block", Known("trade")),
        ("assignment", Liquidations([], others=("assignment",))),
        ("termination", Liquidations([], others=("termination",))),
        ("gift", UNKNOWN),
    ],
)
def test_other_trades_are_no_liquidations(kind, expected):
    assert KRAKEN.parse(json.dumps(trade(type=kind)), T) == expected


def test_a_snapshot_repeats_what_was_pushed():
    rows = [trade(), trade(uid="u2", type="fill"), trade(uid="u3", type="termination"), trade(uid="u4", qty=0.25)]
    parsed = KRAKEN.parse(snapshot(*rows), T)
    assert [event.id for event in parsed.events] == ["u1", "u4"]
    assert parsed.events[0] == only(json.dumps(trade()))
    assert parsed.repeated
    assert not parsed.others, "they were counted when they were pushed"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"price": 0}, "price"),
        ({"price": None}, "price"),
        ({"qty": -1}, "quantity"),
        ({"qty": []}, "malformed"),
        ({"side": "hold"}, "side"),
        ({"product_id": ""}, "instrument"),
        ({"time": T // 1000}, "time"),
    ],
)
def test_a_bad_trade_is_refused_and_the_others_count(fields, reason):
    parsed = KRAKEN.parse(snapshot(trade(), trade(uid="u2") | fields, trade(uid="u3")), T)
    assert [event.id for event in parsed.events] == ["u1", "u3"]
    assert [refused.reason for refused in parsed.rejected] == [reason]
    alone = KRAKEN.parse(json.dumps(trade() | fields), T)
    assert [refused.reason for refused in alone.rejected] == [reason]


def test_what_is_no_trade_is_refused_alone():
    parsed = KRAKEN.parse(snapshot(trade(), 7, None, "x", {}), T)
    assert len(parsed.events) == 1
    assert [refused.reason for refused in parsed.rejected] == ["malformed"] * 4


def test_a_trade_without_a_uid_is_known_by_its_number():
    assert only(json.dumps(trade(uid="", seq=7))).id == "PF_XBTUSD:7"


def test_an_answer_finds_its_request_in_any_order():
    names = [f"PF_{number}USD" for number in range(70)]
    first, second = KRAKEN.subscribe(FEED, names, 1)
    assert (first.instruments, second.instruments) == (tuple(names[:50]), tuple(names[50:]))
    for event, ok in (("subscribed", True), ("subscribed_failed", False)):
        answer = {"event": event, "feed": "trade", "product_ids": names[:50][::-1]}
        assert KRAKEN.parse(json.dumps(answer), T) == Ack(first.key, ok=ok)
    assert first.key != second.key


def test_an_error_is_the_answer_to_the_oldest_request():
    for event in ("error", "alert"):
        frame = json.dumps({"event": event, "message": "Invalid product id"})
        assert KRAKEN.parse(frame, T) == Ack(OLDEST, ok=False, message="Invalid product id")


def test_the_pulse_is_the_ticker_of_bitcoin():
    control = KRAKEN.control(FEED, ["BTC", "ETH", "ETH"])
    assert [request.instruments for request in control] == [(), ("PF_ETHUSD",)]
    assert json.loads(control[0].frame) == {"event": "subscribe", "feed": "ticker", "product_ids": ["PF_XBTUSD"]}
    answer = {"event": "subscribed", "feed": "ticker", "product_ids": ["PF_XBTUSD"]}
    assert KRAKEN.parse(json.dumps(answer), T) == Ack(control[0].key, ok=True)
    ticker = {"feed": "ticker", "product_id": "PF_XBTUSD", "time": T, "markPrice": 0}
    assert KRAKEN.parse(json.dumps(ticker), T) == MarkPrices((), T)


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ('{"event":"info","version":1}', Known("info")),
        ('{"feed":"heartbeat","time":1}', Known("heartbeat")),
        ('{"event":"unsubscribed","feed":"trade","product_ids":[]}', UNKNOWN),
        ('{"feed":"book","product_id":"PF_XBTUSD"}', UNKNOWN),
        ("{}", UNKNOWN),
    ],
)
def test_other_frames(frame, expected):
    assert KRAKEN.parse(frame, T) == expected


def listed(**fields):
    contract = {"symbol": "PF_XBTUSD", "type": "flexible_futures", "contractSize": 1, "base": "XBT", "quote": "USD"}
    body = json.dumps({"result": "success", "instruments": [contract | fields]}).encode()
    return KRAKEN.parse_instruments(LIST, body).instruments


def test_a_linear_contract_is_of_one_coin_and_an_inverse_one_of_one_dollar():
    (linear,) = listed()
    event = resolve(only(json.dumps(trade())), linear)
    assert (event.base, event.base_quantity, event.notional_usd, event.settle) == ("BTC", 0.5, 25_000.0, "USD")
    (inverse,) = listed(symbol="FI_XBTUSD_261225", type="futures_inverse")
    event = resolve(only(json.dumps(trade(product_id="FI_XBTUSD_261225", qty=25_000))), inverse)
    assert (event.base_quantity, event.notional_usd, event.settle, event.kind) == (0.5, 25_000.0, "BTC", "future")


@pytest.mark.parametrize("fields", [{"type": "spot index"}, {"contractSize": None}, {"base": ""}, {"contractSize": 0}])
def test_what_is_no_contract_is_left_out(fields):
    assert listed(**fields) == []


@pytest.mark.parametrize(
    ("fields", "asset_class"),
    [({}, "crypto"), ({"base": "AAPLx"}, "stock"), ({"base": "EUR", "tradfi": True}, "other")],
)
def test_what_is_no_coin_is_told_apart(fields, asset_class):
    assert [each.asset_class for each in listed(**fields)] == [asset_class]


@pytest.mark.parametrize("body", [b'{"result":"error","error":"apiLimitExceeded"}', b"<html>", b"[]", b""])
def test_answers_that_list_nothing_are_parse_errors(body):
    with pytest.raises(ParseError):
        KRAKEN.parse_instruments(LIST, body)


def past(*rows, last=AT):
    (first,) = KRAKEN.history.requests("futures", [Instrument("kraken", "PF_XBTUSD", "", "", "", "perpetual")], SPAN)
    assert first.path == f"/derivatives/api/v3/history?symbol=PF_XBTUSD&lastTime={AT}"
    request = type(first)(first.endpoint, first.path.replace(AT, last), first.span, first.about)
    body = json.dumps({"result": "success", "history": rows}).encode()
    return KRAKEN.history.parse(request, body, T)


def row(seconds=1, **fields):
    at = f"2026-09-21T14:{13 - (seconds + 39) // 60:02}:{59 - (seconds + 39) % 60:02}.000Z"
    row = {"uid": f"u{seconds}", "side": "sell", "type": "fill", "price": 50_000, "size": 0.5, "trade_id": seconds}
    return row | {"time": at} | fields


def test_a_trade_is_the_same_in_a_push_and_in_the_past():
    page = past(row(type="liquidation", uid="u1", time=AT), row(2))
    assert page.found.events == [only(json.dumps(trade()))]
    assert page.following == ()


def test_a_full_page_is_followed_from_its_oldest_trade_until_the_span_is_covered():
    rows = [row(number) for number in range(1, 101)]
    assert rows[-1]["time"] == "2026-09-21T14:11:40.000Z"
    page = past(*rows)
    assert page.found.events == []
    assert [each.path.rpartition("=")[2] for each in page.following] == ["2026-09-21T14:11:40.001Z"]
    assert past(*rows[:99]).following == ()
    assert past(*rows[:99], row(700, time="2026-09-21T14:01:00.000Z")).following == ()


def test_a_page_of_one_millisecond_is_not_asked_for_for_ever():
    same = [row(number, time="2026-09-21T14:13:19.999Z") for number in range(1, 101)]
    (following,) = past(*same).following
    assert following.path.endswith("lastTime=2026-09-21T14:13:19.999Z")
    same = [row(number, time="2026-09-21T14:13:19.998Z") for number in range(1, 101)]
    (following,) = past(*same).following
    assert following.path.endswith("lastTime=2026-09-21T14:13:19.999Z")


@pytest.mark.parametrize("fields", [{"time": "soon"}, {"time": "2026-09-21T14:13:20"}, {"time": None}])
def test_an_answer_of_the_wrong_shape_is_a_parse_error(fields):
    with pytest.raises(ParseError):
        past(row() | fields)
