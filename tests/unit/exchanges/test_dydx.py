import json

import pytest

from exporter.exchanges.base import UNKNOWN, Ack, Known, MarkPrices, ParseError, Span
from exporter.exchanges.dydx import Dydx
from exporter.isotime import text_of
from exporter.model import Instrument, resolve

DYDX = Dydx()
(FEED,) = DYDX.feeds
(LIST,) = DYDX.instrument_requests
T = 1_790_000_000_000
SPAN = Span(T - 600_000, T)
MARKET = "PNUT,RAYDIUM,2QEH-USD"


def trade(**fields):
    row = {"id": "0a", "side": "SELL", "size": "0.5", "price": "50000", "type": "LIQUIDATED"}
    return row | {"createdAt": text_of(T), "createdAtHeight": "7"} | fields


def message(*trades, kind="channel_data"):
    head = {"type": kind, "channel": "v4_trades", "id": "BTC-USD", "message_id": 3}
    return json.dumps(head | {"contents": {"trades": trades}})


def events(*trades):
    parsed = DYDX.parse(message(*trades), T)
    assert not parsed.rejected
    return parsed.events


@pytest.mark.parametrize(("side", "position"), [("SELL", "long"), ("BUY", "short")])
def test_the_taker_was_liquidated(side, position):
    (event,) = events(trade(side=side))
    assert (event.side, event.instrument, event.id, event.time_ms) == (position, "BTC-USD", "0a", T)
    assert (event.price_kind, event.quantity_unit) == ("fill", "base")


def test_other_trades_are_no_liquidations_and_deleveraging_is_told_apart():
    usual = [trade(type=kind) for kind in ("LIMIT", "TWAP_SUBORDER", "SOMETHING_NEW")]
    assert DYDX.parse(message(*usual), T) == Known("trade")
    parsed = DYDX.parse(message(*usual, trade(), trade(id="0b", type="DELEVERAGED")), T)
    assert [event.id for event in parsed.events] == ["0a"]
    assert parsed.others == ["deleverage"]


def test_a_new_subscriber_is_told_what_was_pushed():
    answer = DYDX.parse(message(trade(), trade(id="0b", type="DELEVERAGED"), kind="subscribed"), T)
    (request,) = DYDX.subscribe(FEED, ["BTC-USD"], 1)
    assert (answer.key, answer.ok) == (request.key, True)
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
        ({"side": "HOLD"}, "side"),
        ({"id": ""}, "instrument"),
        ({"createdAt": "soon"}, "time"),
        ({"createdAt": "2026-09-21T14:13:20"}, "time"),
        ({"createdAt": T}, "malformed"),
        ({"type": 7}, "malformed"),
    ],
)
@pytest.mark.parametrize("kind", ["channel_data", "subscribed"])
def test_a_bad_trade_is_refused_and_the_others_count(kind, fields, reason):
    shape = {"id": "0b"} | fields if fields != {"type": 7} else {"id": "0b", "type": 7, "side": None}
    parsed = DYDX.parse(message(trade(), trade(**shape), trade(id="0c"), kind=kind), T)
    found = parsed.found if kind == "subscribed" else parsed
    assert [event.id for event in found.events] == ["0a", "0c"]
    assert [refused.reason for refused in found.rejected] == [reason]


def test_every_market_has_a_request_and_an_answer_of_its_own():
    requests = DYDX.control(FEED, ["BTC", "ETH"]) + DYDX.subscribe(FEED, ["BTC-USD", MARKET], 1)
    assert [request.instruments for request in requests] == [(), ("BTC-USD",), (MARKET,)]
    for request in requests:
        asked = json.loads(request.frame)
        answer = {"type": "subscribed", "channel": asked["channel"], "id": asked.get("id", "v4_markets")}
        assert DYDX.parse(json.dumps(answer | {"contents": {}}), T).key == request.key
    assert FEED.symbols_per_connection == 32


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f"Invalid subscription id for channel: (v4_trades-{MARKET})", f"v4_trades {MARKET}"),
        ("Too many subscribe attempts for channel v4_trades-BTC-USD. Please  reconnect.", "v4_trades BTC-USD"),
        ("Invalid subscribe message: already subscribed (v4_trades-X.Y-USD)", "v4_trades X.Y-USD"),
        ("Invalid subscribe message: already subscribed (v4_markets-v4_markets)", "v4_markets"),
        ("Internal error, could not fetch data for subscription: v4_trades.", ""),
        ("", ""),
    ],
)
def test_an_error_says_in_words_what_it_answers(text, key):
    assert DYDX.parse(json.dumps({"type": "error", "message": text}), T) == Ack(key, ok=False, message=text)


def markets(contents):
    return json.dumps({"type": "channel_data", "channel": "v4_markets", "contents": contents})


def test_every_push_about_markets_is_a_pulse():
    oracle = {"BTC-USD": {"oraclePrice": "50000", "effectiveAt": text_of(T)}, "X-USD": {"oraclePrice": ""}}
    assert DYDX.parse(markets({"oraclePrices": oracle}), T) == MarkPrices((("BTC-USD", 50_000.0),), T)
    assert DYDX.parse(markets({"trading": {"BTC-USD": {"openInterest": "7"}}}), T) == MarkPrices((), 0)


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ('{"type":"connected","connection_id":"c","message_id":0}', Known("connected")),
        ('{"type":"unsubscribed","channel":"v4_trades","id":"BTC-USD"}', Known("unsubscribed")),
        ('{"type":"channel_data","channel":"v4_orderbook","contents":{}}', UNKNOWN),
        ("{}", UNKNOWN),
    ],
)
def test_other_frames(frame, expected):
    assert DYDX.parse(frame, T) == expected


@pytest.mark.parametrize("contents", ["null", "7", '{"trades":7}', '{"trades":null}'])
def test_a_push_of_the_wrong_shape_is_malformed(contents):
    frame = '{"type":"channel_data","channel":"v4_trades","id":"BTC-USD","contents":%s}'
    with pytest.raises(ParseError):
        DYDX.parse(frame % contents, T)


def test_a_market_is_named_after_its_coin():
    body = json.dumps({"markets": {name: {"ticker": name} for name in ("BTC-USD", MARKET)}}).encode()
    btc, pnut = DYDX.parse_instruments(LIST, body).instruments
    assert (pnut.name, pnut.base) == (MARKET, "PNUT")
    event = resolve(events(trade())[0], btc)
    assert (event.base, event.base_quantity, event.notional_usd) == ("BTC", 0.5, 25_000.0)
    assert (event.quote, event.settle, event.kind) == ("USD", "USDC", "perpetual")


@pytest.mark.parametrize("body", [b'{"errors":[{"msg":"Too many requests"}]}', b"<html>", b"[]"])
def test_answers_that_list_nothing_are_parse_errors(body):
    with pytest.raises(ParseError):
        DYDX.parse_instruments(LIST, body)


def past(*trades, market="BTC-USD", upto=T):
    (request,) = DYDX.history.requests("perpetuals", [Instrument("dydx", market, "", "", "", "perpetual")], SPAN)
    request = type(request)("rest", request.path.replace(text_of(T), text_of(upto)), SPAN, market)
    return DYDX.history.parse(request, json.dumps({"trades": trades}).encode(), T)


def test_a_trade_is_the_same_in_a_push_and_in_the_past():
    page = past(trade(), trade(type="LIMIT"), trade(id="0b", type="DELEVERAGED"))
    assert page.found.events == events(trade())
    assert page.following == ()


def test_names_survive_the_address():
    page = past(trade(), market=MARKET)
    assert page.found.events[0].instrument == MARKET


def test_a_full_page_is_followed_from_its_oldest_trade_until_the_span_is_covered():
    rows = [trade(id=str(number), type="LIMIT", createdAt=text_of(T - 100 * number)) for number in range(1000)]
    (following,) = past(*rows).following
    assert following.path == f"/v4/trades/perpetualMarket/BTC-USD?limit=1000&createdBeforeOrAt={text_of(T - 99_900)}"
    assert past(*rows[:999]).following == ()
    assert past(*rows[:999], trade(createdAt=text_of(SPAN.from_ms))).following == ()


def test_a_page_of_one_millisecond_is_not_asked_for_for_ever():
    rows = [trade(id=str(number), createdAt=text_of(T)) for number in range(1000)]
    (following,) = past(*rows).following
    assert following.path.endswith(text_of(T - 1))


def test_an_answer_of_the_wrong_shape_is_a_parse_error():
    with pytest.raises(ParseError):
        past(trade(createdAt="soon"))
