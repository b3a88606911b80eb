"""The frames of the simulated exchanges, against the examples of the official documents."""

import json
from decimal import Decimal
from random import Random

import pytest

from exporter.simulator.binance import SimulatedBinance
from exporter.simulator.bybit import SimulatedBybit
from exporter.simulator.bybit_contracts import instruments_info
from exporter.simulator.garbage import draw_garbage
from exporter.simulator.market import Prices
from exporter.simulator.orders import Order


@pytest.fixture
def binance():
    return SimulatedBinance(Prices(1), 1)


@pytest.fixture
def bybit():
    return SimulatedBybit(Prices(1), 1)


def order(exchange, symbol, side="long", quantity="0.014", price="9910.0", time_ms=1_568_014_460_893):
    return Order(exchange.contracts[symbol], time_ms, side, price, quantity)


def test_binance_forced_order(binance):
    topic, frame = binance.encode([order(binance, "BTCUSDT")], 1_568_014_460_999)
    event = json.loads(frame)
    assert topic == "!forceOrder@arr"
    assert (event["e"], event["E"], event["st"], event["ps"]) == ("forceOrder", 1_568_014_460_999, 1, "BTCUSDT")
    assert set(event["o"]) == {"s", "S", "o", "f", "q", "p", "ap", "X", "l", "z", "T"}
    assert (
        event["o"] | {"s": "BTCUSDT", "S": "SELL", "ap": "9910.0", "z": "0.014", "T": 1_568_014_460_893} == event["o"]
    )


def test_binance_closes_a_short_by_buying(binance):
    _, frame = binance.encode([order(binance, "BTCUSDT", "short")], 0)
    row = json.loads(frame)["o"]
    assert row["S"] == "BUY"
    assert Decimal(row["p"]) > Decimal(row["ap"])


def test_binance_coin_margined_orders_say_so(binance):
    _, frame = binance.encode([order(binance, "BTCUSD_261225", quantity="1")], 0)
    event = json.loads(frame)
    assert (event["st"], event["ps"], event["o"]["ps"]) == (2, "BTCUSD", "BTCUSD")


def test_binance_orders_that_expired_are_filled_in_part(binance):
    rows = [json.loads(binance.encode([order(binance, "ETHUSDT", quantity="50.00")], 0)[1])["o"] for _ in range(300)]
    assert {row["X"] for row in rows} == {"FILLED", "EXPIRED"}
    for row in rows:
        assert row["z"] == "50.00"
        assert (Decimal(row["q"]) > 50) is (row["X"] == "EXPIRED")


def test_binance_sends_the_largest_order_of_a_symbols_second(binance):
    sizes = ["1.000", "3.000", "2.000"]
    offers = [
        binance.offer(order(binance, "BTCUSDT", quantity=size, time_ms=1000 + number))
        for number, size in enumerate(sizes)
    ]
    assert offers == [True, False, False]
    assert binance.offer(order(binance, "ETHUSDT", time_ms=1500))
    binance.flush(1999)
    assert binance.records == []


async def test_binance_samples_each_symbol_by_itself(binance):
    for symbol, quantity, time_ms in [
        ("BTCUSDT", "1.000", 1000),
        ("BTCUSDT", "3.000", 1100),
        ("ETHUSDT", "9.00", 1500),
    ]:
        binance.offer(order(binance, symbol, quantity=quantity, time_ms=time_ms))
    binance.flush(2000)
    assert [(record.order.contract.symbol, record.order.quantity) for record in binance.records] == [
        ("BTCUSDT", "3.000")
    ]
    assert binance.offer(order(binance, "BTCUSDT", time_ms=2100)), "the next second is open"
    binance.flush(2200, final=True)
    assert len(binance.records) == 3


def test_bybit_batch_has_the_positions_side(bybit):
    rows = [order(bybit, "BTCUSDT"), order(bybit, "BTCUSDT", "short", "0.5")]
    topic, frame = bybit.encode(rows, 1_739_502_303_204)
    assert topic == "allLiquidation.BTCUSDT"
    assert json.loads(frame) == {
        "topic": "allLiquidation.BTCUSDT",
        "type": "snapshot",
        "ts": 1_739_502_303_204,
        "data": [
            {"T": 1_568_014_460_893, "s": "BTCUSDT", "S": "Buy", "v": "0.014", "p": "9910.0"},
            {"T": 1_568_014_460_893, "s": "BTCUSDT", "S": "Sell", "v": "0.5", "p": "9910.0"},
        ],
    }


def test_bybit_bad_rows_stand_beside_the_good_ones(bybit):
    bybit.bad_rows = 1.0
    good = [order(bybit, "BTCUSDT"), order(bybit, "BTCUSDT", "short")]
    for _ in range(50):
        rows = json.loads(bybit.encode(good, 0)[1])["data"]
        assert len(rows) == 3
        assert [row["S"] for row in rows if row["v"] == "0.014" and row["p"] == "9910.0"][-1:] != []


async def test_bybit_sends_a_batch_per_symbol_every_half_second(bybit):
    bybit.flush(1000)
    for symbol in ("BTCUSDT", "ETHUSDT", "BTCUSDT"):
        assert bybit.offer(order(bybit, symbol))
    bybit.flush(1450)
    assert bybit.records == []
    bybit.flush(1500)
    assert [record.order.contract.symbol for record in bybit.records] == ["BTCUSDT", "BTCUSDT", "ETHUSDT"]


def test_bybit_pages_to_the_end(bybit):
    listed = list(bybit.contracts.values())
    symbols, cursor, pages = [], "", 0
    while pages == 0 or cursor:
        query = {"category": "linear", "limit": "1000", "cursor": cursor}
        body, page = instruments_info(query, listed)
        symbols += page
        cursor, pages = body["result"]["nextPageCursor"], pages + 1
    assert pages > 1
    assert sorted(symbols) == sorted(each.symbol for each in listed if each.line == "linear")


@pytest.mark.parametrize("query", [{}, {"category": "option"}])
def test_bybit_refuses_an_unknown_category(query):
    body, symbols = instruments_info(query, [])
    assert body["retCode"] != 0
    assert symbols == []


@pytest.mark.parametrize(
    ("query", "listed"), [({"limit": "x"}, 5), ({"limit": "-3"}, 5), ({"limit": "0"}, 1), ({"status": "PreLaunch"}, 0)]
)
def test_bybit_survives_odd_questions(bybit, query, listed):
    body, symbols = instruments_info({"category": "inverse"} | query, list(bybit.contracts.values()))
    assert body["retCode"] == 0
    assert len(symbols) == listed


@pytest.mark.parametrize("name", ["binance", "bybit"])
def test_garbage_is_never_a_liquidation(name, request):
    exchange = request.getfixturevalue(name)
    frames = {exchange.junk()[0] for _ in range(2000)}
    assert len(frames) > 15
    for frame in frames:
        assert not is_liquidation(frame)


def is_liquidation(frame):
    try:
        message = json.loads(frame)
        rows = message["data"] if "topic" in message else [message["data"]["o"]]
        return any(usable(row) for row in rows)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False


def usable(row):
    quantity, price = row.get("z") or row.get("v"), row.get("ap") or row.get("p")
    numbers = float(quantity) > 0 and float(price) > 0
    return numbers and row["S"] in {"BUY", "SELL", "Buy", "Sell"} and bool(row["s"]) and isinstance(row["T"], int)


def test_garbage_is_the_seeds():
    assert [draw_garbage(Random(1), [b"own"]) for _ in range(3)] == [
        draw_garbage(Random(1), [b"own"]) for _ in range(3)
    ]
