import json

import pytest

from exporter.exchanges.base import PONG, UNKNOWN, Ack, InstrumentRequest, Known, MarkPrices, ParseError, Span
from exporter.exchanges.okx import Okx
from exporter.model import Instrument, resolve

OKX = Okx()
(FEED,) = OKX.feeds
T = 1_790_000_000_000
SPAN = Span(T - 600_000, T)


def row(**fields):
    return {"side": "sell", "posSide": "long", "sz": "3", "bkPx": "50000", "ts": str(T)} | fields


def orders(*rows, name="BTC-USDT-SWAP"):
    return {"instType": "SWAP", "instId": name, "instFamily": name.rpartition("-")[0], "details": rows}


def push(*entries, **arg):
    return json.dumps({"arg": {"channel": "liquidation-orders", "instType": "SWAP"} | arg, "data": entries})


def events(*rows):
    parsed = OKX.parse(push(orders(*rows)), T)
    assert not parsed.rejected
    return parsed.events


@pytest.mark.parametrize(
    ("fields", "side"),
    [
        ({"posSide": "long", "side": "sell"}, "long"),
        ({"posSide": "short", "side": "buy"}, "short"),
        ({"posSide": "net", "side": "sell"}, "long"),
        ({"posSide": "net", "side": "buy"}, "short"),
        ({"posSide": "long", "side": "buy"}, "long"),
    ],
)
def test_the_position_names_the_side_and_the_order_where_it_is_net(fields, side):
    assert [event.side for event in events(row(**fields))] == [side]


def test_every_row_of_every_instrument_counts():
    parsed = OKX.parse(push(orders(row(), row(sz="4")), orders(row(), name="ETH-USDT-SWAP")), T)
    assert [(event.instrument, event.quantity) for event in parsed.events] == [
        ("BTC-USDT-SWAP", 3.0),
        ("BTC-USDT-SWAP", 4.0),
        ("ETH-USDT-SWAP", 3.0),
    ]


def test_equal_rows_of_one_push_are_different_events_wherever_they_stand():
    parsed = OKX.parse(push(orders(row(), row()), orders(row())), T)
    assert len({event.id for event in parsed.events}) == 3


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"posSide": "both"}, "side"),
        ({"posSide": "net", "side": ""}, "side"),
        ({"bkPx": ""}, "price"),
        ({"bkPx": None}, "price"),
        ({"sz": "0"}, "quantity"),
        ({"sz": "1e400"}, "quantity"),
        ({"sz": []}, "malformed"),
        ({"ts": str(T // 1000)}, "time"),
        ({"ts": "١٧٦٣٦٠٠٠٠٠٠٠٠"}, "time"),
        ({"ts": T}, "malformed"),
    ],
)
def test_a_bad_row_is_refused_and_the_others_count(fields, reason):
    parsed = OKX.parse(push(orders(row(), row(**fields), row(sz="4"))), T)
    assert [event.quantity for event in parsed.events] == [3.0, 4.0]
    assert [refused.reason for refused in parsed.rejected] == [reason]


def test_acknowledgements_find_their_request_with_and_without_an_id():
    control = OKX.control(FEED, ["BTC", "ETH"])
    keys = [request.key for request in control]
    assert len(set(keys)) == len(keys) == 4
    for request in control:
        (arg,) = json.loads(request.frame)["args"]
        assert OKX.parse(json.dumps({"event": "subscribe", "arg": arg, "connId": "a"}), T) == Ack(request.key, ok=True)
        answer = {"event": "subscribe", "id": request.key, "arg": arg}
        assert OKX.parse(json.dumps(answer), T) == Ack(request.key, ok=True)
    assert [request.instruments for request in control] == [(), (), (), ("ETH-USDT-SWAP",)]


def test_a_refusal_names_its_channel_in_words():
    words = "Wrong URL or channel:mark-price,instId:XYZ-USDT-SWAP doesn't exist. Please use the correct URL."
    refusal = OKX.parse(json.dumps({"event": "error", "code": "60018", "msg": words}), T)
    assert refusal == Ack(OKX.control(FEED, ["XYZ"])[-1].key, ok=False, message=f"60018 {words}")
    assert OKX.parse('{"event":"error","code":"60012","msg":"?"}', T).key == ""


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ("pong", PONG),
        (b"pong", PONG),
        ('{"event":"notice","code":"64008","msg":"soon"}', Known("notice")),
        ('{"event":"channel-conn-count","connCount":"2"}', UNKNOWN),
        ('{"arg":{"channel":"books"},"data":[]}', UNKNOWN),
        ("{}", UNKNOWN),
    ],
)
def test_other_frames(frame, expected):
    assert OKX.parse(frame, T) == expected


@pytest.mark.parametrize("data", ["null", "7", "[7]", '[{"details":[]}]', '[{"instId":"X"}]'])
def test_a_push_of_the_wrong_shape_is_malformed(data):
    frame = '{"arg":{"channel":"liquidation-orders"},"data":%s}'
    with pytest.raises(ParseError):
        OKX.parse(frame % data, T)


def test_a_mark_price_without_a_price_is_still_a_pulse():
    frame = {"arg": {"channel": "mark-price"}, "data": [{"instId": "X", "markPx": "", "ts": str(T)}]}
    assert OKX.parse(json.dumps(frame), T) == MarkPrices((), T)


def contract(**fields):
    names = {"instId": "BTC-USDT-SWAP", "instType": "SWAP", "instFamily": "BTC-USDT", "settleCcy": "USDT"}
    return names | {"ctVal": "0.01", "ctMult": "1", "ctValCcy": "BTC", "state": "live"} | fields


def listed(*contracts):
    body = json.dumps({"code": "0", "msg": "", "data": contracts}).encode()
    return OKX.parse_instruments(OKX.instrument_requests[0], body).instruments


def test_the_size_of_a_contract_is_value_times_multiplier():
    (instrument,) = listed(contract(ctVal="0.001", ctMult="10"))
    event = resolve(events(row(sz="13"))[0], instrument)
    assert (event.base_quantity, event.notional_usd) == (pytest.approx(0.13), pytest.approx(6_500.0))


def test_a_contract_valued_in_dollars_counts_dollars():
    inverse = contract(instId="BTC-USD-SWAP", instFamily="BTC-USD", settleCcy="BTC", ctVal="100", ctValCcy="USD")
    (instrument,) = listed(inverse)
    event = resolve(events(row(sz="13"))[0], instrument)
    assert (event.base_quantity, event.notional_usd) == (pytest.approx(1_300 / 50_000), 1_300.0)


@pytest.mark.parametrize("fields", [{"ctVal": ""}, {"ctVal": "0"}, {"ctValCcy": "ETH"}, {"instFamily": ""}])
def test_a_contract_whose_value_is_not_known_is_left_out(fields):
    assert listed(contract(**fields)) == []


def test_an_answer_that_is_an_error_is_not_an_empty_list():
    with pytest.raises(ParseError, match="50011"):
        OKX.parse_instruments(InstrumentRequest("rest", "/x", "futures"), b'{"code":"50011","msg":"Too Many Requests"}')


def test_the_past_is_asked_for_by_family_once_each_in_the_order_of_the_instruments():
    names = [("ETH-USDT-SWAP", "perpetual"), ("BTC-USD-261225", "future"), ("BTC-USD-270326", "future")]
    instruments = [Instrument("okx", name, "x", "USD", "x", kind) for name, kind in names]
    requests = OKX.history.requests("futures", instruments, SPAN)
    assert [request.about for request in requests] == ["ETH-USDT SWAP", "BTC-USD FUTURES"]
    assert requests[0].path.endswith(f"instType=SWAP&instFamily=ETH-USDT&state=filled&limit=100&after={T}")


def past(*rows, after=T):
    (first,) = OKX.history.requests("futures", [Instrument("okx", "BTC-USDT-SWAP", "", "", "", "perpetual")], SPAN)
    assert f"after={T}" in first.path
    request = type(first)(first.endpoint, first.path.replace(str(T), str(after)), first.span, first.about)
    return OKX.history.parse(request, json.dumps({"code": "0", "data": [orders(*rows)]}).encode(), T)


def test_a_full_page_is_followed_from_its_oldest_row_until_the_span_is_covered():
    times = [T - 1000 * number for number in range(100)]
    page = past(*[row(ts=str(at)) for at in times])
    assert len(page.found.events) == 100
    assert [request.path.rpartition("=")[2] for request in page.following] == [str(times[-1] + 1)]
    assert past(*[row(ts=str(at)) for at in times[:99]]).following == ()
    assert past(*[row(ts=str(at - 600_000)) for at in times]).following == ()


def test_a_page_of_one_millisecond_is_not_asked_for_for_ever():
    same = [row(ts=str(T - 1), sz=str(number)) for number in range(1, 101)]
    (following,) = past(*same, after=T).following
    assert following.path.endswith(f"after={T - 1}")


def test_rows_of_socket_and_rest_are_one_event():
    assert past(row()).found.events[0].id == events(row())[0].id
