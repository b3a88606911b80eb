import json

import pytest

from exporter.exchanges.base import PONG, UNKNOWN, Ack, MarkPrices, ParseError, Span
from exporter.exchanges.bitget import Bitget
from exporter.model import resolve

BITGET = Bitget()
(FEED,) = BITGET.feeds
T = 1_790_000_000_000


def row(**fields):
    return {"symbol": "BTCUSDT", "side": "buy", "price": "50000", "amount": "100", "ts": str(T)} | fields


def push(*rows, line="usdt-futures", action="update"):
    arg = {"instType": line, "topic": "liquidation"}
    return json.dumps({"action": action, "arg": arg, "data": rows, "ts": T})


def events(*rows, **fields):
    parsed = BITGET.parse(push(*rows, **fields), T)
    assert not parsed.rejected
    return parsed.events


@pytest.mark.parametrize("action", ["update", "snapshot"])
def test_the_side_is_the_positions_and_the_amount_is_quote(action):
    found = events(row(), row(side="sell"), action=action)
    assert [(event.side, event.quantity_unit) for event in found] == [("long", "quote"), ("short", "quote")]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"side": "long"}, "side"),
        ({"symbol": ""}, "instrument"),
        ({"price": ""}, "price"),
        ({"amount": "0"}, "quantity"),
        ({"amount": None}, "quantity"),
        ({"ts": str(T // 1000)}, "time"),
        ({"ts": []}, "malformed"),
    ],
)
def test_a_bad_row_is_refused_and_the_others_count(fields, reason):
    parsed = BITGET.parse(push(row(), row(**fields), row(amount="7")), T)
    assert [event.quantity for event in parsed.events] == [100.0, 7.0]
    assert [refused.reason for refused in parsed.rejected] == [reason]


def test_every_subscription_is_answered_by_what_it_asks_for():
    control = BITGET.control(FEED, ["BTC", "ETH"])
    assert len({request.key for request in control}) == len(control) == 5
    for request in control:
        (arg,) = json.loads(request.frame)["args"]
        assert BITGET.parse(json.dumps({"event": "subscribe", "arg": arg}), T) == Ack(request.key, ok=True)
        refusal = BITGET.parse(json.dumps({"event": "error", "arg": arg, "code": "30001", "msg": "no"}), T)
        assert refusal == Ack(request.key, ok=False, message="30001 no")
    assert control[-1].instruments == ("ETHUSDT",)


def test_other_frames():
    assert BITGET.parse("pong", T) is BITGET.parse(b"pong", T) is PONG
    assert BITGET.parse('{"arg":{"instType":"spot","topic":"books"},"data":[]}', T) is UNKNOWN
    ticker = {"arg": {"instType": "usdt-futures", "topic": "ticker", "symbol": "BTCUSDT"}, "data": [{}], "ts": T}
    assert BITGET.parse(json.dumps(ticker), T) == MarkPrices((), T)
    with pytest.raises(ParseError):
        BITGET.parse(json.dumps(ticker | {"ts": "soon"}), T)
    with pytest.raises(ParseError):
        BITGET.parse(push()[:-1].replace('"data": []', '"data": null') + "}", T)


def listed(category, **fields):
    contract = {"symbol": "BTCUSDT", "baseCoin": "BTC", "quoteCoin": "USDT", "type": "perpetual"} | fields
    body = json.dumps({"code": "00000", "data": [contract]}).encode()
    request = next(each for each in BITGET.instrument_requests if each.path.endswith(category))
    return BITGET.parse_instruments(request, body).instruments[0]


@pytest.mark.parametrize(
    ("category", "fields", "base"),
    [
        ("USDT-FUTURES", {}, 0.002),
        ("USDT-FUTURES", {"baseCoin": "1000BONK"}, 2.0),
        ("COIN-FUTURES", {"quoteCoin": "USD"}, 0.002),
    ],
)
def test_an_amount_in_the_quote_coin_is_its_value(category, fields, base):
    event = resolve(events(row())[0], listed(category, **fields))
    assert (event.notional_usd, event.base_quantity) == (100.0, pytest.approx(base))


def test_coin_margined_contracts_settle_in_their_coin():
    assert listed("COIN-FUTURES", quoteCoin="USD").settle == "BTC"
    assert listed("USDC-FUTURES", quoteCoin="USDC", symbol="BTCPERP").settle == "USDC"
    assert listed("USDT-FUTURES", isRwa="YES").asset_class == "other"


def past(*rows, cursor="77", since=T - 600_000):
    request = BITGET.history.requests("futures", [], Span(since, T))[0]
    body = {"code": "00000", "data": {"list": rows, "cursor": cursor}}
    return BITGET.history.parse(request, json.dumps(body).encode(), T)


def test_rest_counts_the_base_coin_and_is_worth_the_same():
    live = events(row())[0]
    (found,) = past(row(amount="0.002")).found.events
    assert (found.quantity_unit, found.quantity * found.price) == ("base", live.quantity)
    assert BITGET.history.twin(found) == BITGET.history.twin(live)
    assert found.id != live.id


def test_pages_go_back_until_the_span_is_covered():
    (following,) = past(row()).following
    assert following.path.endswith("limit=100&cursor=77")
    assert not past(row(ts=str(T - 600_001))).following
    assert not past(row(), cursor=None).following
    assert not past().following, "an empty page is the last"
    assert len(BITGET.history.requests("futures", [], Span(0, T))) == 3


def test_an_error_is_not_an_empty_past():
    with pytest.raises(ParseError, match="40017"):
        BITGET.history.parse(BITGET.history.requests("futures", [], Span(0, T))[0], b'{"code":"40017","msg":"x"}', T)
