import json

import pytest

from exporter.exchanges.base import UNKNOWN, Ack, Known, MarkPrices, ParseError, Reply, Span
from exporter.exchanges.deribit import Deribit
from exporter.model import Instrument, resolve

DERIBIT = Deribit()
(FEED,) = DERIBIT.feeds
(LIST,) = DERIBIT.instrument_requests
T = 1_790_000_000_000
SPAN = Span(T - 600_000, T)


def trade(**fields):
    row = {"instrument_name": "BTC-PERPETUAL", "trade_id": "7", "direction": "sell", "liquidation": "T"}
    return row | {"timestamp": T, "amount": 25_000.0, "price": 50_000.0} | fields


def push(*trades, channel="trades.future.any.100ms"):
    params = {"channel": channel, "data": trades}
    return json.dumps({"jsonrpc": "2.0", "method": "subscription", "params": params})


def events(*trades):
    parsed = DERIBIT.parse(push(*trades), T)
    assert not parsed.rejected
    return parsed.events


@pytest.mark.parametrize(
    ("party", "direction", "sides"),
    [
        ("T", "sell", ["long"]),
        ("T", "buy", ["short"]),
        ("M", "sell", ["short"]),
        ("M", "buy", ["long"]),
        ("MT", "sell", ["long", "short"]),
        ("MT", "buy", ["short", "long"]),
    ],
)
def test_whose_position_it_was_decides_the_side(party, direction, sides):
    found = events(trade(liquidation=party, direction=direction))
    assert [event.side for event in found] == sides
    assert len({event.id for event in found}) == len(sides)


def test_trades_without_a_flag_are_none():
    usual = trade()
    del usual["liquidation"]
    assert DERIBIT.parse(push(usual, usual), T) == Known("trade")
    assert [event.id for event in events(usual, trade(), usual)] == ["BTC-PERPETUAL:7:T"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"price": 0}, "price"),
        ({"price": None}, "price"),
        ({"amount": -1}, "quantity"),
        ({"amount": {}}, "malformed"),
        ({"direction": "hold"}, "side"),
        ({"liquidation": "X"}, "side"),
        ({"liquidation": 7}, "side"),
        ({"instrument_name": ""}, "instrument"),
        ({"trade_id": ""}, "instrument"),
        ({"timestamp": T // 1000}, "time"),
        ({"timestamp": "soon"}, "malformed"),
    ],
)
def test_a_bad_trade_is_refused_and_the_others_count(fields, reason):
    parsed = DERIBIT.parse(push(trade(), trade(trade_id="8") | fields, trade(trade_id="9")), T)
    assert [event.id for event in parsed.events] == ["BTC-PERPETUAL:7:T", "BTC-PERPETUAL:9:T"]
    assert [refused.reason for refused in parsed.rejected] == [reason]


def test_every_request_is_answered_by_its_number():
    control = DERIBIT.control(FEED, ["BTC", "ETH", "SOL"])
    assert [request.instruments for request in control] == [(), (), (), ("ETH-PERPETUAL",), ("SOL_USDC-PERPETUAL",)]
    for request in control:
        asked = json.loads(request.frame)
        result = asked["params"].get("channels", "ok")
        assert DERIBIT.parse(json.dumps({"id": asked["id"], "result": result}), T) == Ack(request.key, ok=True)
    assert json.loads(control[2].frame)["params"]["channels"] == ["ticker.BTC-PERPETUAL.agg2"]


def test_a_channel_that_is_left_out_of_the_answer_is_refused():
    assert DERIBIT.parse('{"id":5,"result":[]}', T) == Ack("5", ok=False, message="no such channel")
    error = {"id": 5, "error": {"code": 11_029, "message": "invalid_arguments", "data": {}}}
    assert DERIBIT.parse(json.dumps(error), T) == Ack("5", ok=False, message="11029 invalid_arguments")


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ('{"method":"heartbeat","params":{"type":"heartbeat"}}', Known("heartbeat")),
        ('{"id":0,"result":{"version":"1.2.26"}}', Known("answer")),
        ('{"method":"subscription","params":{"channel":"book.BTC-PERPETUAL.100ms","data":{}}}', UNKNOWN),
        ('{"method":"gossip","params":{}}', UNKNOWN),
        ("{}", UNKNOWN),
    ],
)
def test_other_frames(frame, expected):
    assert DERIBIT.parse(frame, T) == expected


def test_a_test_is_answered():
    reply = DERIBIT.parse('{"method":"heartbeat","params":{"type":"test_request"}}', T)
    assert isinstance(reply, Reply)
    assert json.loads(reply.frame)["method"] == "public/test"


def test_a_ticker_without_a_price_is_still_a_pulse():
    params = {"channel": "ticker.X.agg2", "data": {"instrument_name": "X", "timestamp": T, "mark_price": 0}}
    assert DERIBIT.parse(json.dumps({"method": "subscription", "params": params}), T) == MarkPrices((), T)


@pytest.mark.parametrize("data", ["null", "7", "{}", '"x"'])
def test_a_push_of_the_wrong_shape_is_malformed(data):
    frame = '{"method":"subscription","params":{"channel":"trades.x","data":%s}}'
    with pytest.raises(ParseError):
        DERIBIT.parse(frame % data, T)


def listed(**fields):
    contract = {"instrument_name": "BTC-PERPETUAL", "kind": "future", "instrument_type": "reversed"}
    contract |= {"base_currency": "BTC", "quote_currency": "USD", "settlement_currency": "BTC"}
    body = json.dumps({"result": [contract | {"settlement_period": "perpetual", "contract_size": 10} | fields]})
    return DERIBIT.parse_instruments(LIST, body.encode()).instruments


def test_amounts_are_dollars_in_inverse_contracts_and_coins_in_linear_ones():
    (inverse,) = listed()
    event = resolve(events(trade())[0], inverse)
    assert (event.base_quantity, event.notional_usd, event.quantity_unit) == (0.5, 25_000.0, "usd")
    names = {"instrument_name": "BTC_USDC-25DEC26", "settlement_currency": "USDC", "quote_currency": "USDC"}
    (linear,) = listed(**names, instrument_type="linear", settlement_period="month", contract_size=0.0001)
    event = resolve(events(trade(instrument_name="BTC_USDC-25DEC26", amount=0.5))[0], linear)
    assert (event.base_quantity, event.notional_usd, event.quantity_unit) == (0.5, 25_000.0, "base")
    assert (event.kind, event.quote, event.settle) == ("future", "USDC", "USDC")


def test_options_are_left_out():
    assert listed(kind="option") == []


@pytest.mark.parametrize("body", [b'{"error":{"code":10028,"message":"too_many_requests"}}', b'{"result":{}}', b"{}"])
def test_answers_that_list_nothing_are_parse_errors(body):
    with pytest.raises(ParseError):
        DERIBIT.parse_instruments(LIST, body)


def test_the_past_is_asked_for_by_settlement_currency_in_the_order_of_the_instruments():
    names = [("BTC-PERPETUAL", "BTC"), ("ETH_USDC-PERPETUAL", "USDC"), ("SOL_USDC-PERPETUAL", "USDC")]
    instruments = [Instrument("deribit", name, "x", "x", settle, "perpetual") for name, settle in names]
    requests = DERIBIT.history.requests("futures", instruments, SPAN)
    assert [request.about for request in requests] == ["BTC", "USDC"]
    query = f"currency=BTC&kind=future&start_timestamp={T - 600_000}&end_timestamp={T}&count=1000&sorting=asc"
    assert requests[0].path.partition("?")[2] == query


def past(*trades, has_more=False, since=T - 600_000):
    instrument = Instrument("deribit", "BTC-PERPETUAL", "BTC", "USD", "BTC", "perpetual")
    (request,) = DERIBIT.history.requests("futures", [instrument], Span(since, T))
    body = json.dumps({"result": {"trades": trades, "has_more": has_more}}).encode()
    return DERIBIT.history.parse(request, body, T)


def test_a_trade_is_the_same_in_a_push_and_in_the_past():
    both = trade(liquidation="MT")
    assert past(both, trade(liquidation="")).found.events == events(both)


def test_pages_go_on_from_their_newest_trade():
    rows = [trade(timestamp=T - 2000), trade(timestamp=T - 1000)]
    assert past(*rows).following == ()
    (following,) = past(*rows, has_more=True).following
    assert f"start_timestamp={T - 1000}&end_timestamp={T}&" in following.path
    (following,) = past(*rows[1:], has_more=True, since=T - 1000).following
    assert f"start_timestamp={T - 999}&" in following.path, "a page of one millisecond is not asked for for ever"
    assert past(trade(), has_more=True).following == ()
