import json

import pytest

from exporter.exchanges.base import OLDEST, PONG, UNKNOWN, Ack, Known, MarkPrices, ParseError, Reply, Span
from exporter.exchanges.lighter import Lighter
from exporter.model import Instrument, resolve

LIGHTER = Lighter()
(FEED,) = LIGHTER.feeds
(LIST,) = LIGHTER.instrument_requests
T = 1_790_000_000_000
SPAN = Span(T - 600_000, T)


def trade(**fields):
    row = {"trade_id": 7, "type": "liquidation", "market_id": 1, "size": "0.5", "price": "50000"}
    return row | {"is_maker_ask": False, "timestamp": T, "taker_position_size_before": "0.5"} | fields


def message(*liquidations, kind="update", **fields):
    head = {"type": f"{kind}/trade", "channel": "trade:1", "trades": []}
    return json.dumps(head | {"liquidation_trades": liquidations} | fields)


def events(*liquidations):
    parsed = LIGHTER.parse(message(*liquidations), T)
    assert not parsed.rejected
    return parsed.events


@pytest.mark.parametrize(
    ("fields", "side"),
    [
        ({"is_maker_ask": False, "taker_position_size_before": "0.5"}, "long"),
        ({"is_maker_ask": True, "taker_position_size_before": "-0.5"}, "short"),
        ({"is_maker_ask": False, "taker_position_size_before": None}, "long"),
        ({"is_maker_ask": True, "taker_position_size_before": ""}, "short"),
    ],
)
def test_the_taker_was_liquidated(fields, side):
    (event,) = events(trade(**fields))
    assert (event.side, event.instrument, event.id, event.time_ms) == (side, "1", "7", T)
    assert (event.price_kind, event.quantity_unit) == ("fill", "base")


@pytest.mark.parametrize("said", [{}, {"liquidation_trades": None}, {"liquidation_trades": []}])
def test_a_push_without_liquidations_is_of_many_shapes(said):
    frame = {"type": "update/trade", "channel": "trade:1", "trades": [trade(type="trade")]} | said
    assert LIGHTER.parse(json.dumps(frame), T) == Known("trade")


def test_other_closures_are_told_apart_wherever_they_stand():
    rows = [trade(type="deleverage"), trade(type="market-settlement")]
    parsed = LIGHTER.parse(message(trade(), rows[0], trades=[rows[1], trade(type="trade")]), T)
    assert [event.id for event in parsed.events] == ["7"]
    assert sorted(parsed.others) == ["deleverage", "settlement"]


def test_a_new_subscriber_is_told_the_last_liquidations():
    answer = LIGHTER.parse(message(trade(), trade(type="deleverage"), kind="subscribed"), T)
    (request,) = LIGHTER.subscribe(FEED, ["1"], 1)
    assert json.loads(request.frame) == {"type": "subscribe", "channel": "trade/1"}
    assert (answer.key, answer.ok, request.instruments) == (request.key, True, ("1",))
    assert answer.found.events == events(trade())
    assert answer.found.repeated
    assert not answer.found.others, "it was counted when it was pushed"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"price": "0"}, "price"),
        ({"price": None}, "price"),
        ({"size": "-1"}, "quantity"),
        ({"size": []}, "malformed"),
        ({"is_maker_ask": "no"}, "malformed"),
        ({"is_maker_ask": True}, "side"),
        ({"taker_position_size_before": "big"}, "side"),
        ({"timestamp": T // 1000}, "time"),
        ({"trade_id": None}, "malformed"),
        ({"market_id": "BTC"}, "malformed"),
    ],
)
@pytest.mark.parametrize("kind", ["update", "subscribed"])
def test_a_bad_trade_is_refused_and_the_others_count(kind, fields, reason):
    parsed = LIGHTER.parse(message(trade(), trade(trade_id=8) | fields, trade(trade_id=9), kind=kind), T)
    found = parsed.found if kind == "subscribed" else parsed
    assert [event.id for event in found.events] == ["7", "9"]
    assert [refused.reason for refused in found.rejected] == [reason]


def test_the_pulse_is_one_subscription_for_all_markets():
    (control,) = LIGHTER.control(FEED, ["BTC", "ETH"])
    assert control.instruments == ()
    answer = {"type": "subscribed/market_stats", "channel": "market_stats:all", "market_stats": {}}
    assert LIGHTER.parse(json.dumps(answer), T) == Ack(control.key, ok=True)
    stats = {"1": {"mark_price": "50000"}, "2": {"mark_price": ""}}
    push = {"type": "update/market_stats", "channel": "market_stats:all", "timestamp": T, "market_stats": stats}
    assert LIGHTER.parse(json.dumps(push), T) == MarkPrices((("1", 50_000.0),), T)
    with pytest.raises(ParseError):
        LIGHTER.parse(json.dumps(push | {"timestamp": 7}), T)


def test_a_full_connection_stays_within_the_limits():
    requests = LIGHTER.control(FEED, []) + LIGHTER.subscribe(FEED, [str(n) for n in range(99)], 1)
    assert len(requests) == FEED.symbols_per_connection + 1 == 100
    assert FEED.quota.messages < 200
    assert (FEED.quota.seconds, FEED.quota.unanswered < 50) == (60, True)
    assert FEED.ping_every_s < 120


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ('{"type":"ping"}', Reply('{"type":"pong"}')),
        ('{"type":"pong"}', PONG),
        ('{"type":"connected","session_id":"a"}', Known("connected")),
        ('{"type":"update/height","channel":"height","height":1}', UNKNOWN),
        (
            '{"error":{"code":30005,"message":"Invalid Channel"}}',
            Ack(OLDEST, ok=False, message="30005 Invalid Channel"),
        ),
        (
            '{"type":"error","code":30012,"channel":"trade/7","message":"failed to subscribe"}',
            Ack("trade:7", ok=False, message="30012 failed to subscribe"),
        ),
        ("{}", UNKNOWN),
    ],
)
def test_other_frames(frame, expected):
    assert LIGHTER.parse(frame, T) == expected


def listed(**fields):
    body = json.dumps({"code": 200, "order_books": [{"symbol": "BTC", "market_id": 1, "market_type": "perp"} | fields]})
    return LIGHTER.parse_instruments(LIST, body.encode()).instruments


def test_a_market_is_known_by_its_number_and_thousands_become_the_plain_coin():
    (btc,) = listed()
    event = resolve(events(trade())[0], btc)
    assert (event.base, event.base_quantity, event.notional_usd) == ("BTC", 0.5, 25_000.0)
    assert (event.quote, event.settle, event.kind) == ("USD", "USDC", "perpetual")
    (pepe,) = listed(symbol="1000PEPE", market_id=4)
    event = resolve(events(trade(market_id=4, size="7", price="0.01"))[0], pepe)
    assert (event.base, event.base_quantity, event.notional_usd) == ("PEPE", 7000.0, pytest.approx(0.07))


@pytest.mark.parametrize(("symbol", "asset_class"), [("TSLA", "stock"), ("XAU", "commodity"), ("EURUSD", "forex")])
def test_what_is_no_coin_is_told_by_name(symbol, asset_class):
    assert [each.asset_class for each in listed(symbol=symbol)] == [asset_class]


def test_spot_markets_are_left_out():
    assert listed(symbol="ETH/USDC", market_id=2048, market_type="spot") == []


@pytest.mark.parametrize("body", [b'{"code":29500,"message":"internal server error"}', b"<html>", b"[]"])
def test_answers_that_list_nothing_are_parse_errors(body):
    with pytest.raises(ParseError):
        LIGHTER.parse_instruments(LIST, body)


def past(*trades, cursor="", asked=""):
    (request,) = LIGHTER.history.requests("perpetuals", [Instrument("lighter", "1", "", "", "", "perpetual")], SPAN)
    request = type(request)("rest", request.path + (f"&cursor={asked}" if asked else ""), SPAN, request.about)
    body = {"code": 200, "trades": trades} | ({"next_cursor": cursor} if cursor else {})
    return LIGHTER.history.parse(request, json.dumps(body).encode(), T)


def test_a_trade_is_the_same_in_a_push_and_in_the_past():
    page = past(trade(), trade(type="deleverage"), trade(type="trade"))
    assert page.found.events == events(trade())
    assert page.following == ()


def test_pages_follow_the_cursor_until_the_span_is_covered():
    (following,) = past(trade(), cursor="a b=").following
    query = "market_id=1&sort_by=timestamp&sort_dir=desc&type=liquidation&limit=100&cursor=a%20b%3D"
    assert following.path == f"/api/v1/trades?{query}"
    assert past(trade(timestamp=SPAN.from_ms), cursor="b").following == ()
    with pytest.raises(ParseError, match="does not advance"):
        past(trade(), cursor="b", asked="b")


@pytest.mark.parametrize("body", [b'{"code":20001,"message":"invalid param"}', b'{"trades":[{"timestamp":"soon"}]}'])
def test_an_answer_without_trades_is_a_parse_error(body):
    (request,) = LIGHTER.history.requests("perpetuals", [Instrument("lighter", "1", "", "", "", "perpetual")], SPAN)
    with pytest.raises(ParseError):
        LIGHTER.history.parse(request, body, T)
