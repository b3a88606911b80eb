import json

import pytest

from exporter.exchanges.base import UNKNOWN, Ack, Known, ParseError, Reply, Span
from exporter.exchanges.htx import Htx
from exporter.model import Instrument, resolve

HTX = Htx()
LINEAR, SWAP, FUTURES = HTX.feeds
T = 1_790_000_000_000


def row(**fields):
    names = {"contract_code": "BTC-USDT", "direction": "sell", "offset": "close", "volume": 624, "price": 16701.4}
    return names | {"created_at": T, "amount": 0.624} | fields


def notify(*rows, topic="public.BTC-USDT.liquidation_orders"):
    return json.dumps({"op": "notify", "topic": topic, "ts": T, "data": rows})


def events(*rows):
    parsed = HTX.parse(notify(*rows), T)
    assert not parsed.rejected
    return parsed.events


@pytest.mark.parametrize(("direction", "side"), [("sell", "long"), ("buy", "short")])
def test_the_direction_is_that_of_the_closing_order(direction, side):
    assert events(row(direction=direction))[0].side == side


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"direction": "long"}, "side"),
        ({"volume": 0}, "quantity"),
        ({"volume": None}, "quantity"),
        ({"price": -1}, "price"),
        ({"contract_code": ""}, "instrument"),
        ({"created_at": T // 1000}, "time"),
        ({"created_at": "soon"}, "malformed"),
    ],
)
def test_a_bad_row_is_refused_and_the_others_count(fields, reason):
    parsed = HTX.parse(notify(row(), row(**fields), row(volume=1)), T)
    assert [event.quantity for event in parsed.events] == [624.0, 1.0]
    assert [refused.reason for refused in parsed.rejected] == [reason]


@pytest.mark.parametrize("value", ['"1790000000000"', "1790000000000"])
def test_a_ping_is_answered_with_the_very_same_value(value):
    assert HTX.parse(f'{{"op":"ping","ts":{value}}}', T) == Reply(f'{{"op":"pong","ts":{value}}}', T)


def test_a_ping_of_no_time_is_answered_and_proves_nothing():
    assert HTX.parse('{"op":"ping","ts":"x"}', T) == Reply('{"op":"pong","ts":"x"}', 0)


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ({"op": "sub", "cid": "1", "err-code": 0}, Ack("1", ok=True)),
        ({"op": "sub", "err-code": 2014, "err-msg": "subscribed"}, Ack("1", ok=True, message="subscribed")),
        ({"op": "sub", "cid": "1", "err-code": 2005, "err-msg": "no"}, Ack("1", ok=False, message="no")),
        ({"op": "error", "err-code": 2001, "err-msg": "busy"}, Ack("1", ok=False, message="2001 busy")),
        ({"op": "close", "ts": T}, Known("close")),
        ({"op": "notify", "topic": "public.BTC-USDT.funding_rate", "data": []}, UNKNOWN),
        ({"ping": T}, UNKNOWN),
    ],
)
def test_other_frames(frame, expected):
    assert HTX.parse(json.dumps(frame), T) == expected


def test_only_linear_contracts_have_to_be_asked_for_all():
    frames = [json.loads(HTX.control(feed, ["BTC"])[0].frame) for feed in HTX.feeds]
    assert [frame.get("business_type") for frame in frames] == ["all", None, None]
    assert {frame["topic"] for frame in frames} == {"public.*.liquidation_orders"}
    assert all(feed.gzip for feed in HTX.feeds)


def listed(request, **fields):
    contract = {"symbol": "BTC", "contract_code": "BTC-USDT", "contract_size": 0.001} | fields
    body = json.dumps({"status": "ok", "data": [contract]}).encode()
    (instrument,) = HTX.parse_instruments(HTX.instrument_requests[request], body).instruments
    return instrument


@pytest.mark.parametrize(
    ("line", "fields", "sent", "size", "terms"),
    [
        (0, {}, (624, 16701.4), (0.624, 10421.6736), ("USDT", "perpetual")),
        (0, {"contract_code": "BTC-USDT-261225"}, (624, 16701.4), (0.624, 10421.6736), ("USDT", "future")),
        (1, {"contract_code": "BTC-USD"}, (173, 17102.9), (1.0115243613656164, 17300.0), ("BTC", "perpetual")),
        (2, {"contract_code": "BTC201225"}, (26, 19674.96), (0.13214766383260754, 2600.0), ("BTC", "future")),
    ],
)
def test_contracts_give_the_amounts_that_the_exchange_gives(line, fields, sent, size, terms):
    instrument = listed(line, **fields | ({"contract_size": 100} if line else {}))
    event = resolve(events(row(volume=sent[0], price=sent[1]))[0], instrument)
    assert (event.base_quantity, event.notional_usd) == pytest.approx(size, rel=1e-12)
    assert (instrument.settle, instrument.kind) == terms


@pytest.mark.parametrize("body", [b'{"status":"error","err_code":1,"err_msg":"x"}', b'{"code":200}', b"{}", b"[]"])
def test_an_answer_without_data_is_an_error(body):
    with pytest.raises(ParseError):
        HTX.parse_instruments(HTX.instrument_requests[0], body)


def instruments(*names):
    return [Instrument("htx", name, "x", "USD", "x", "perpetual") for name in names]


def test_the_past_is_asked_for_in_windows_of_two_hours():
    requests = HTX.history.requests("linear", instruments("BTC-USDT", "ETH-USDT"), Span(T - 8_000_000, T))
    assert [request.about.split(" ")[0] for request in requests] == ["BTC-USDT"] * 2 + ["ETH-USDT"] * 2
    assert all(request.span.until_ms - request.span.from_ms <= 7_200_000 for request in requests)
    dated = HTX.history.requests("futures", instruments("BTC261225", "BTC270326"), Span(T - 1000, T))
    assert [request.path.split("?")[1].split("&")[0] for request in dated] == ["symbol=BTC"]


def past(feed, *rows):
    (request,) = HTX.history.requests(feed, instruments("BTC-USDT"), Span(T - 1000, T))
    return HTX.history.parse(request, json.dumps({"code": 200, "data": rows}).encode(), T)


def new_row(number=1):
    names = {"contract_code": "BTC-USDT", "side": "sell", "position_side": "long", "volume": "624"}
    return names | {"id": str(number), "bankrupt_price": "16701.4", "liquidation_time": str(T)}


def test_rows_of_socket_and_both_interfaces_are_twins():
    live = events(row(created_at=T + 300))[0]
    new = past("linear", new_row()).found.events[0]
    old = past("swap", row() | {"query_id": 7}).found.events[0]
    assert HTX.history.twin(live) == HTX.history.twin(new) == HTX.history.twin(old)
    assert len({live.id, new.id, old.id}) == 3
    assert (new.side, new.price, new.quantity) == (live.side, live.price, live.quantity)


def test_pages_are_followed_from_the_last_id():
    assert past("linear", *map(new_row, range(99))).following == ()
    (following,) = past("linear", *map(new_row, range(200, 100, -1))).following
    assert following.path.endswith("&limit=100&from=101")
    (following,) = past("swap", row() | {"query_id": 7}).following
    assert following.path.endswith("&from_id=7")
    again = HTX.history.parse(following, json.dumps({"code": 200, "data": [row() | {"query_id": 7}]}).encode(), T)
    assert again.following == (), "an exchange that ignores the id is not asked for ever"
    assert past("swap").following == ()
