"""The simulated Gate against the examples of its documents."""

import json

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from exporter.simulator.gate import SimulatedGate
from exporter.simulator.market import Prices
from exporter.simulator.orders import Order


@pytest.fixture
def gate():
    return SimulatedGate(Prices(1), 1)


def order(gate, symbol="BTC_USDT", side="long", quantity="124.5", price="215.1", time_ms=1_541_486_601_123):
    return Order(gate.contracts[symbol], time_ms, side, price, quantity)


def test_a_push_is_an_array_or_the_row_and_signed_as_the_order(gate):
    shapes = set()
    for _ in range(40):
        topic, frame = gate.encode([order(gate)], 1_541_505_434_123)
        message = json.loads(frame)
        result = message.pop("result")
        shapes.add(type(result))
        row = result if isinstance(result, dict) else result[0]
        assert row == {"price": "215.1", "size": "-124.5", "time": 1_541_486_601_123, "contract": "BTC_USDT"}
    assert (topic, shapes) == ("usdt futures.public_liquidates !all", {dict, list})
    assert message["time"] * 1000 == 1_541_505_434_000
    assert json.loads(gate.encode([order(gate, side="short")] * 2, 0)[1])["result"][0]["size"] == "124.5"


async def test_a_contracts_orders_are_sent_once_a_second_twenty_at_a_time(gate):
    sent = []
    gate.publish = sent.append
    gate.flush(5_000)
    for number in range(45):
        assert gate.offer(order(gate, quantity=str(number)))
    gate.offer(order(gate, "ETH_USDT"))
    gate.flush(5_900)
    assert sent == []
    gate.flush(6_000)
    assert [len(orders) for orders in sent] == [20, 20, 5, 1]


def recall(gate, start, end, settle="usdt"):
    path = f"/api/v4/futures/{settle}/liq_orders?from={start}&to={end}&limit=1000"
    return json.loads(gate.recall(make_mocked_request("GET", path, match_info={"settle": settle})))


async def test_the_past_has_seconds_and_both_signs(gate):
    gate.publish([order(gate), order(gate, side="short", time_ms=1_541_486_700_000)])
    gate.publish([order(gate, "BTC_USD", quantity="5")])
    (row,) = recall(gate, 1_541_486_600, 1_541_486_610)
    assert (row["time"], row["size"], row["order_size"]) == (1_541_486_601, "124.5", "-124.5")
    assert row["order_price"] == "215.1" != row["fill_price"]
    assert len(recall(gate, 1_541_486_600, 1_541_486_700)) == 2
    assert len(recall(gate, 1_541_486_600, 1_541_486_700, "btc")) == 1
    with pytest.raises(web.HTTPBadRequest):
        recall(gate, 0, 3_601)
