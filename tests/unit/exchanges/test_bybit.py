import json

import pytest

from exporter.exchanges.base import PONG, UNKNOWN, Ack, MarkPrices, ParseError
from exporter.exchanges.bybit import Bybit
from exporter.model import resolve

BYBIT = Bybit()
LINEAR, INVERSE = BYBIT.feeds
TRADING, PRELAUNCH, INVERSES = BYBIT.instrument_requests
T = 1_790_000_000_000


def row(**fields):
    return {"T": T, "s": "BTCUSDT", "S": "Buy", "v": "0.5", "p": "50000"} | fields


def batch(*rows, symbol="BTCUSDT", **fields):
    frame = {"topic": f"allLiquidation.{symbol}", "type": "snapshot", "ts": T + 400, "data": rows}
    return json.dumps(frame | fields)


def events(*rows, symbol="BTCUSDT"):
    parsed = BYBIT.parse(batch(*rows, symbol=symbol), T + 450)
    assert not parsed.rejected
    return parsed.events


def test_side_is_the_position():
    assert [event.side for event in events(row(S="Buy"), row(S="Sell"))] == ["long", "short"]


def test_a_batch_keeps_its_order_and_counts_every_row():
    found = events(row(v="1"), row(v="2"), row(v="3", T=T + 7))
    assert [(event.quantity, event.time_ms) for event in found] == [(1.0, T), (2.0, T), (3.0, T + 7)]
    assert {event.price_kind for event in found} == {"bankruptcy"}


def test_equal_rows_in_a_batch_are_different_events():
    ids = [event.id for event in events(row(), row(v="1"), row(), row())]
    plain = f"BTCUSDT:Buy:{T}:0.5:50000"
    assert ids == [plain, f"BTCUSDT:Buy:{T}:1:50000", f"{plain}#2", f"{plain}#3"]


def test_ids_hold_everything_that_distinguishes_a_row():
    changes = [{}, {"S": "Sell"}, {"T": T + 1}, {"v": "1"}, {"p": "1"}]
    assert len({events(row(**change))[0].id for change in changes}) == len(changes)


@pytest.mark.parametrize(
    ("symbol", "unit"),
    [
        ("BTCUSDT", "base"),
        ("BTCPERP", "base"),
        ("BTC-26DEC26", "base"),
        ("BTCUSDT-26DEC26", "base"),
        ("1000PEPEUSDT", "base"),
        ("USDCUSDT", "base"),
        ("USDEUSDT", "base"),
        ("BTCUSD", "usd"),
        ("BTCUSDZ26", "usd"),
        ("XRPUSDH27", "usd"),
    ],
)
def test_linear_counts_base_units_and_inverse_dollars(symbol, unit):
    assert events(row(s=symbol), symbol=symbol)[0].quantity_unit == unit


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"S": "Long"}, "side"),
        ({"v": "0"}, "quantity"),
        ({"v": ""}, "quantity"),
        ({"v": None}, "quantity"),
        ({"p": "-1"}, "price"),
        ({"p": "NaN"}, "price"),
        ({"s": "ETHUSDT"}, "instrument"),
        ({"T": 0}, "time"),
        ({"T": T // 1000}, "time"),
        ({"T": T * 1000}, "time"),
    ],
)
def test_a_bad_row_is_refused_and_the_others_count(fields, expected):
    parsed = BYBIT.parse(batch(row(v="1"), row(**fields), row(v="2")), T)
    assert [event.quantity for event in parsed.events] == [1.0, 2.0]
    (refused,) = parsed.rejected
    assert refused.reason == expected
    assert json.loads(refused.row) == row(**fields)


def test_an_empty_batch_has_no_events():
    assert events() == []


def answer(*rows, cursor="", **fields):
    body = {"retCode": 0, "retMsg": "OK", "result": {"list": rows, "nextPageCursor": cursor}}
    return json.dumps(body | fields).encode()


def contract(**fields):
    names = {"symbol": "BTCUSDT", "baseCoin": "BTC", "quoteCoin": "USDT", "settleCoin": "USDT"}
    return names | {"contractType": "LinearPerpetual", "status": "Trading"} | fields


@pytest.mark.parametrize(
    ("contract_type", "kind", "inverse"),
    [
        ("LinearPerpetual", "perpetual", False),
        ("LinearFutures", "future", False),
        ("InversePerpetual", "perpetual", True),
        ("InverseFutures", "future", True),
    ],
)
def test_contract_types(contract_type, kind, inverse):
    (found,) = BYBIT.parse_instruments(TRADING, answer(contract(contractType=contract_type))).instruments
    assert (found.kind, found.inverse, found.contract_size) == (kind, inverse, 1.0)


def test_a_contract_of_an_undocumented_type_is_left_out():
    page = BYBIT.parse_instruments(TRADING, answer(contract(contractType="Quanto"), contract()))
    assert [found.name for found in page.instruments] == ["BTCUSDT"]


@pytest.mark.parametrize(
    ("symbol", "coin", "base", "multiplier"),
    [
        ("1000PEPEUSDT", "1000PEPE", "PEPE", 1000),
        ("SHIB1000USDT", "SHIB1000", "SHIB", 1000),
        ("10000LADYSUSDT", "10000LADYS", "LADYS", 10000),
        ("1INCHUSDT", "1INCH", "1INCH", 1),
    ],
)
def test_multiplied_contracts_become_the_plain_coin(symbol, coin, base, multiplier):
    (found,) = BYBIT.parse_instruments(TRADING, answer(contract(symbol=symbol, baseCoin=coin))).instruments
    assert (found.base, found.multiplier) == (base, multiplier)
    (raw,) = events(row(s=symbol, v="20", p="0.5"), symbol=symbol)
    event = resolve(raw, found)
    assert (event.base_quantity, event.notional_usd) == (20 * multiplier, 10.0)


def test_amounts_of_an_inverse_liquidation():
    inverse = contract(symbol="BTCUSD", contractType="InversePerpetual", quoteCoin="USD", settleCoin="BTC")
    (instrument,) = BYBIT.parse_instruments(INVERSES, answer(inverse)).instruments
    (raw,) = events(row(s="BTCUSD", v="100000", p="50000"), symbol="BTCUSD")
    event = resolve(raw, instrument)
    assert (event.notional_usd, event.base_quantity) == (100_000.0, 2.0)
    assert (event.quote, event.settle) == ("USD", "BTC")


def test_pages_follow_the_cursor_to_the_end():
    first = BYBIT.parse_instruments(TRADING, answer(contract(), cursor="first%3DA%26last%3DB"))
    second = first.next_request
    assert second.path == TRADING.path + "&cursor=first%3DA%26last%3DB"
    third = BYBIT.parse_instruments(second, answer(contract(), cursor="a b&c")).next_request
    assert third.path == TRADING.path + "&cursor=a%20b%26c"
    assert BYBIT.parse_instruments(third, answer(contract(), cursor="")).next_request is None
    assert BYBIT.parse_instruments(third, answer(cursor="x")).next_request is None
    assert BYBIT.parse_instruments(third, answer(contract(), cursor=None)).next_request is None
    with pytest.raises(ParseError, match="does not advance"):
        BYBIT.parse_instruments(third, answer(contract(), cursor="a b&c"))


def test_no_contract_before_its_listing_is_not_an_error():
    assert BYBIT.parse_instruments(PRELAUNCH, answer()).instruments == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"retCode":10006,"retMsg":"Too many visits!","result":{}}', "10006: Too many visits!"),
        (b'{"retCode":0,"retMsg":"OK","result":{}}', "without a list"),
        (b'{"retCode":0}', "without a list"),
        (answer(contract(symbol=None)), "symbol"),
        (b"<html>403</html>", "malformed"),
        (b"", "truncated"),
    ],
)
def test_answers_that_list_no_instruments_are_parse_errors(body, words):
    with pytest.raises(ParseError, match=words):
        BYBIT.parse_instruments(TRADING, body)


def test_requests_stay_within_the_frame_limit_and_name_their_instruments():
    names = [f"COIN{number}USDT" for number in range(450)]
    requests = BYBIT.subscribe(LINEAR, names, 3)
    assert [request.key for request in requests] == ["3", "4", "5"]
    assert [len(request.instruments) for request in requests] == [200, 200, 50]
    assert [name for request in requests for name in request.instruments] == names
    for request in requests:
        topics = [f"allLiquidation.{name}" for name in request.instruments]
        assert json.loads(request.frame) == {"req_id": request.key, "op": "subscribe", "args": topics}
    assert BYBIT.subscribe(LINEAR, [], 3) == []


@pytest.mark.parametrize("feed", BYBIT.feeds, ids=lambda feed: feed.name)
def test_a_full_connection_stays_within_the_argument_limit(feed):
    longest = "10000000ELONGATEUSDT"
    bases = ["BTC", "ETH", "SOL", "XRP", "DOGE", "BNB"]
    subscribed = BYBIT.subscribe(feed, [longest] * feed.symbols_per_connection, 1)
    frames = [json.loads(request.frame) for request in (*BYBIT.control(feed, bases), *subscribed)]
    text = sum(len(json.dumps(frame["args"], separators=(",", ":"))) for frame in frames)
    assert text <= 21_000


def test_control_streams():
    linear = BYBIT.control(LINEAR, ["BTC", "ETH", "ETH"])
    assert [json.loads(request.frame)["args"] for request in linear] == [["tickers.BTCUSDT"], ["tickers.ETHUSDT"]]
    assert [request.instruments for request in linear] == [(), ("ETHUSDT",)]
    keys = [request.key for request in linear]
    assert len(set(keys)) == 2
    assert not any(key.isdecimal() for key in keys)
    (inverse,) = BYBIT.control(INVERSE, ["BTC", "ETH"])
    assert json.loads(inverse.frame)["args"] == ["tickers.BTCUSD"]
    assert len(BYBIT.control(LINEAR, [])) == 1


def ticker(data, kind="delta", **fields):
    frame = {"topic": "tickers.BTCUSDT", "type": kind, "data": data, "cs": 1, "ts": T}
    return json.dumps(frame | fields)


def test_a_ticker_without_a_mark_price_is_still_proof_of_life():
    assert BYBIT.parse(ticker({"symbol": "BTCUSDT", "markPrice": "5.5"}), T) == MarkPrices((("BTCUSDT", 5.5),), T)
    assert BYBIT.parse(ticker({"symbol": "BTCUSDT", "bid1Size": "1"}), T) == MarkPrices((), T)
    assert BYBIT.parse(ticker({"symbol": "BTCUSDT", "markPrice": ""}), T) == MarkPrices((), T)


def test_the_ping_and_its_answer():
    assert json.loads(LINEAR.ping) == {"op": "ping"}
    assert LINEAR.ping_every_s == 20
    assert BYBIT.parse('{"success":true,"ret_msg":"pong","conn_id":"c","req_id":"","op":"ping"}', T) is PONG


@pytest.mark.parametrize(
    ("frame", "parsed"),
    [
        ('{"success":true,"ret_msg":"","conn_id":"c","req_id":"4","op":"subscribe"}', Ack("4", ok=True)),
        (
            '{"success":false,"ret_msg":"error:handler not found,topic:tickers.X","req_id":"4","op":"subscribe"}',
            Ack("4", ok=False, message="error:handler not found,topic:tickers.X"),
        ),
        ('{"success":false,"ret_msg":"Invalid op","req_id":"","op":""}', Ack("", ok=False, message="Invalid op")),
        ('{"op":"subscribe"}', Ack("", ok=False)),
        ('{"success":true,"ret_msg":"","op":"unsubscribe","req_id":"4"}', UNKNOWN),
        ('{"topic":"orderbook.1.BTCUSDT","data":{"b":[]},"ts":1}', UNKNOWN),
        ('{"topic":"liquidation.BTCUSDT","data":[{"a":1}],"ts":1}', UNKNOWN),
        ("{}", UNKNOWN),
    ],
)
def test_answers_and_frames_of_other_kinds(frame, parsed):
    assert BYBIT.parse(frame, T) == parsed


@pytest.mark.parametrize(
    "frame",
    [
        batch(data=None),
        batch(data={"symbol": "BTCUSDT"}),
        batch(data="text"),
        ticker([row()]),
        ticker(None),
        ticker({"symbol": "BTCUSDT"}, ts=T // 1000),
        ticker({"symbol": "BTCUSDT"}, ts=None),
        "[]",
        "null",
        "",
        b"\xff\xfe",
        b'{"topic":"allLiquidation.\xff"}',
        '{"topic":"\ud800"}',
        b'{"x":' + b"[" * 100_000,
        batch(row())[:-1],
        batch(row()) + "]",
    ],
)
def test_frames_that_are_not_as_documented_are_parse_errors(frame):
    with pytest.raises(ParseError):
        BYBIT.parse(frame, T)


def test_completeness_by_date():
    assert [epoch.completeness for epoch in BYBIT.capability.epochs] == ["sampled_1s", "full"]
    assert BYBIT.capability.epochs[-1].since == "2025-02-20"


@pytest.mark.parametrize(
    "frame",
    [
        batch(row(T="1790000000000")),
        batch(row(T=10**400)),
        batch(row(T=2**63)),
        batch(row()).replace(str(T), "9" * 5000),
        batch(row(s=None)),
        batch(row(v=[])),
        batch({}),
    ],
)
def test_rows_that_are_not_as_documented_are_refused(frame):
    parsed = BYBIT.parse(frame, T)
    assert (parsed.events, [row.reason for row in parsed.rejected]) == ([], ["malformed"])


@pytest.mark.parametrize("broken", ['{"T":"x"}', "7", "null", '{"s":"BTCUSDT"}', '["T"]', '{"T":1e99,"s":1}'])
def test_a_broken_row_does_not_cost_its_neighbours(broken):
    good = '{"T":1739502302929,"s":"BTCUSDT","S":"Buy","v":"0.5","p":"90000"}'
    frame = f'{{"topic":"allLiquidation.BTCUSDT","type":"snapshot","ts":1,"data":[{good},{broken},{good}]}}'
    parsed = BYBIT.parse(frame, 1739502303000)
    assert [event.id.partition("#")[2] for event in parsed.events] == ["", "2"]
    assert [(row.reason, row.row) for row in parsed.rejected] == [("malformed", broken)]


@pytest.mark.parametrize(
    ("symbol_type", "asset_class"),
    [("", "crypto"), ("innovation", "crypto"), ("stock", "stock"), ("commodity", "commodity"), ("forex", "forex")],
)
def test_perpetuals_on_shares_metals_and_currencies_are_tagged(symbol_type, asset_class):
    (instrument,) = BYBIT.parse_instruments(TRADING, answer(contract(symbolType=symbol_type))).instruments
    assert instrument.asset_class == asset_class
