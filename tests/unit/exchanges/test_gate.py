import itertools
import json

import pytest

from exporter.exchanges.base import UNKNOWN, Ack, MarkPrices, ParseError, Span
from exporter.exchanges.gate import Gate
from exporter.model import resolve

GATE = Gate()
USDT, BTC, USD1 = GATE.feeds
T = 1_790_000_000_000


def row(**fields):
    return {"contract": "BTC_USDT", "size": "-3", "price": "50000", "time": T} | fields


def push(result):
    return json.dumps({"channel": "futures.public_liquidates", "event": "update", "time_ms": T, "result": result})


def events(*rows):
    parsed = GATE.parse(push(list(rows)), T)
    assert not parsed.rejected
    return parsed.events


@pytest.mark.parametrize(
    ("size", "side", "quantity"), [("-3", "long", 3.0), ("2.5", "short", 2.5), (-4, "long", 4.0), (5, "short", 5.0)]
)
def test_the_sign_is_that_of_the_closing_order(size, side, quantity):
    (event,) = events(row(size=size))
    assert (event.side, event.quantity, event.quantity_unit, event.price_kind) == (side, quantity, "contracts", "order")


def test_a_push_is_an_array_or_the_one_row():
    assert GATE.parse(push(row()), T) == GATE.parse(push([row()]), T)


@pytest.mark.parametrize("fields", [{"time": T}, {"time": T // 1000}, {"time": 7, "time_ms": T}])
def test_times_are_seconds_or_milliseconds(fields):
    assert events(row(**fields))[0].time_ms == T


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"size": "0"}, "quantity"),
        ({"size": "nan"}, "quantity"),
        ({"size": None}, "quantity"),
        ({"price": "-1"}, "price"),
        ({"price": ""}, "price"),
        ({"contract": ""}, "instrument"),
        ({"contract": 7}, "malformed"),
        ({"time": None}, "time"),
        ({"time": T * 1000}, "time"),
        ({"time": -1}, "time"),
    ],
)
def test_a_bad_row_is_refused_and_the_others_count(fields, reason):
    parsed = GATE.parse(push([row(), row(**fields), row(size="4")]), T)
    assert [event.quantity for event in parsed.events] == [3.0, 4.0]
    assert [refused.reason for refused in parsed.rejected] == [reason]


def test_equal_rows_are_different_events():
    assert len({event.id for event in events(row(), row(), row(size="4"))}) == 3


@pytest.mark.parametrize("result", [None, 7, "x"])
def test_a_push_without_rows_is_malformed(result):
    with pytest.raises(ParseError):
        GATE.parse(push(result), T)


def test_answers_carry_the_key_back():
    for feed in GATE.feeds:
        control = GATE.control(feed, ["BTC", "ETH"])
        for request in control:
            sent = json.loads(request.frame)
            answer = {"id": sent["id"], "channel": sent["channel"], "event": "subscribe", "error": None}
            assert GATE.parse(json.dumps(answer), T) == Ack(request.key, ok=True)
        assert control[0].instruments == (), "without the liquidations there is no feed"
        assert all(request.instruments for request in control[1:]), "a ticker less is none the worse"
    assert [len(GATE.control(feed, ["BTC", "ETH"])) for feed in GATE.feeds] == [3, 2, 1]


def test_the_pong_is_the_pulse():
    assert GATE.parse(f'{{"channel":"futures.pong","time_ms":{T}}}', T) == MarkPrices((), T)
    with pytest.raises(ParseError):
        GATE.parse('{"channel":"futures.pong","time_ms":7}', T)
    assert all(json.loads(feed.ping)["channel"] == "futures.ping" for feed in GATE.feeds)


def test_other_channels_are_unknown():
    assert GATE.parse('{"channel":"futures.trades","event":"update","result":[]}', T) is UNKNOWN


def listed(settle, **fields):
    body = json.dumps([{"name": "BTC_USDT", "type": "direct", "quanto_multiplier": "0.0001"} | fields]).encode()
    request = next(each for each in GATE.instrument_requests if each.feed == settle)
    return GATE.parse_instruments(request, body).instruments


@pytest.mark.parametrize(
    ("settle", "fields", "rate", "base", "usd"),
    [
        ("usdt", {}, 1.0, 0.0003, 15.0),
        ("btc", {"name": "BTC_USD", "type": "inverse", "quanto_multiplier": "0"}, 1.0, 3 / 50_000, 3.0),
        ("btc", {"name": "ETH_USD", "quanto_multiplier": "0.000001"}, 80_000.0, 0.24, 12_000.0),
        ("usd1", {"name": "BTC_USD1"}, 1.0, 0.0003, 15.0),
    ],
)
def test_linear_inverse_and_quanto_contracts(settle, fields, rate, base, usd):
    (instrument,) = listed(settle, **fields)
    event = resolve(events(row())[0], instrument, rate=rate)
    assert (event.base_quantity, event.notional_usd) == (pytest.approx(base), pytest.approx(usd))


@pytest.mark.parametrize("contract_type", ["stocks", "metals", "forex", "indices"])
def test_what_is_not_crypto_is_tagged(contract_type):
    assert listed("usdt", contract_type=contract_type)[0].asset_class != "crypto"
    assert listed("usdt", contract_type="")[0].asset_class == "crypto"


def past(*rows, start=T // 1000 - 3600, end=T // 1000):
    (request,) = GATE.history.requests("usdt", [], Span(start * 1000, end * 1000))
    return GATE.history.parse(request, json.dumps(rows).encode(), T)


def past_row(**fields):
    names = {"contract": "BTC_USDT", "size": 3, "order_size": -3, "order_price": "50000", "fill_price": "50010"}
    return names | {"time": T // 1000, "left": 0} | fields


def test_rest_has_the_positions_sign_and_the_orders():
    (event,) = past(past_row()).found.events
    live = events(row(time=T + 345))[0]
    assert (event.side, event.quantity, event.price) == (live.side, live.quantity, live.price)
    assert event.id != live.id
    assert GATE.history.twin(event) == GATE.history.twin(live)


def test_hours_are_asked_for_newest_first_and_cover_the_span():
    span = Span(T - 9_000_500, T)
    windows = [each.span for each in GATE.history.requests("usdt", [], span)]
    assert [window.until_ms - window.from_ms <= 3_600_000 for window in windows] == [True] * 3
    assert (windows[-1].from_ms <= span.from_ms, windows[0].until_ms >= span.until_ms) == (True, True)
    assert all(later.from_ms == earlier.until_ms for later, earlier in itertools.pairwise(windows))


def test_a_full_answer_is_asked_for_again_in_halves():
    page = past(*[past_row(order_size=-number) for number in range(1, 1001)])
    assert page.found.events == []
    assert [each.span.until_ms - each.span.from_ms for each in page.following] == [1_800_000] * 2
    second = past(*[past_row()] * 1000, start=T // 1000 - 1)
    assert (len(second.found.events), second.following) == (1000, ())
