"""The simulated Kraken Futures against the examples of its documents."""

import json

import pytest
from aiohttp.test_utils import make_mocked_request

from exporter.simulator.kraken import SimulatedKraken
from exporter.simulator.market import Prices
from exporter.simulator.orders import Order
from tests.unit.simulator.client import Client

T = 1_612_269_657_781


@pytest.fixture
def kraken():
    return SimulatedKraken(Prices(1), 1)


def order(kraken, symbol="PI_XBTUSD", side="long", quantity="440", price="34893.0", time_ms=T):
    return Order(kraken.contracts[symbol], time_ms, side, price, quantity)


def test_a_push_has_the_documented_fields(kraken):
    topic, frame = kraken.encode([order(kraken)], 0)
    row = json.loads(frame)
    assert topic == "trade PI_XBTUSD"
    assert set(row) == {"feed", "product_id", "uid", "side", "type", "seq", "time", "qty", "price"}
    assert (row["side"], row["type"], row["time"], row["qty"], row["price"]) == ("sell", "liquidation", T, 440, 34893)
    assert json.loads(kraken.encode([order(kraken, side="short")], 0)[1])["side"] == "buy"


async def test_equal_orders_are_trades_with_ids_of_their_own_among_others(kraken):
    pushed = []
    kraken.hub.push = lambda topic, frame, records=(), times=1: pushed.append(json.loads(frame))
    same = order(kraken)
    for _ in range(100):
        kraken.offer(same)
    kraken.flush(T)
    assert len({row["uid"] for row in pushed}) == len(pushed) == 200
    assert {row["type"] for row in pushed} == {"liquidation", "fill", "block", "assignment", "termination"}
    assert sum(row["type"] == "liquidation" for row in pushed) == len(kraken.records) == 100


async def test_a_subscriber_is_told_the_last_hundred_trades_again(kraken):
    rows = [json.loads(kraken.encode([order(kraken, time_ms=T + number)], 0)[1]) for number in range(130)]
    answer, snapshot, empty = Client().ask(
        kraken, event="subscribe", feed="trade", product_ids=["PI_XBTUSD", "PF_ETHUSD"]
    )
    assert answer == {"event": "subscribed", "feed": "trade", "product_ids": ["PF_ETHUSD", "PI_XBTUSD"]}
    assert snapshot == {"feed": "trade_snapshot", "product_id": "PI_XBTUSD", "trades": rows[:29:-1]}
    assert empty["trades"] == []


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"event": "subscribe", "feed": "trade", "product_ids": ["PF_XBTUSD", "PF_NOUSD"]}, "Invalid product id"),
        ({"event": "subscribe", "feed": "gossip", "product_ids": []}, "Invalid feed"),
        ({"event": "subscribe", "feed": 7}, "Json Error"),
    ],
)
async def test_an_error_does_not_say_what_it_answers(kraken, request_, message):
    assert Client().ask(kraken, **request_) == [{"event": "error", "message": message}]


async def test_the_past_is_a_contracts_newest_hundred_before_an_instant(kraken):
    kraken.publish([order(kraken, time_ms=T - 1)])
    kraken.publish([order(kraken, time_ms=T)])
    kraken.publish([order(kraken, "PF_XBTUSD", time_ms=T - 1)])
    path = "/derivatives/api/v3/history?symbol=PI_XBTUSD&lastTime=2021-02-02T12:40:57.781Z"
    body = json.loads(kraken.recall(make_mocked_request("GET", path)))
    (row,) = body["history"]
    assert set(row) == {"uid", "side", "type", "price", "time", "trade_id", "size"}
    assert (row["time"], row["size"], row["price"]) == ("2021-02-02T12:40:57.780Z", 440, 34893)
