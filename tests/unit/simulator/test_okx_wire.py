"""The simulated OKX against the examples of its documents."""

import json

import pytest
from aiohttp.test_utils import make_mocked_request

from exporter.simulator.market import Prices
from exporter.simulator.okx import SimulatedOkx
from exporter.simulator.orders import Order


@pytest.fixture
def okx():
    return SimulatedOkx(Prices(1), 1)


def order(okx, symbol="BTC-USDT-SWAP", side="short", quantity="13", price="7831", time_ms=1_692_266_434_010):
    return Order(okx.contracts[symbol], time_ms, side, price, quantity)


def test_a_push_has_the_documented_fields(okx):
    topic, frame = okx.encode([order(okx)], 0)
    message = json.loads(frame)
    (entry,) = message["data"]
    (detail,) = entry.pop("details")
    assert topic == "liquidation-orders SWAP"
    assert message["arg"] == {"channel": "liquidation-orders", "instType": "SWAP"}
    assert set(entry) == {"instType", "instId", "instFamily", "uly"}
    assert set(detail) == {"bkLoss", "bkPx", "ccy", "posSide", "side", "sz", "ts"}
    assert (detail["side"], detail["sz"], detail["bkPx"], detail["ts"]) == ("buy", "13", "7831", "1692266434010")


def test_accounts_that_net_say_only_the_order(okx):
    rows = [json.loads(okx.encode([order(okx)], 0)[1])["data"][0]["details"][0] for _ in range(50)]
    assert {row["posSide"] for row in rows} == {"short", "net"}
    assert {row["side"] for row in rows} == {"buy"}


async def test_some_rows_come_late_and_equal_ones_together(okx):
    okx.flush(1_000)
    for number in range(200):
        same = order(okx, quantity=str(number + 1), time_ms=1_000 + number)
        assert okx.offer(same)
        assert okx.offer(same)
    okx.flush(1_400)
    early = [record.order.quantity for record in okx.records]
    assert 0 < 200 - len(early) / 2 < 60
    assert all(early.count(quantity) == 2 for quantity in early)
    okx.flush(4_000)
    assert len(okx.records) == 400


async def test_the_past_is_a_familys_newest_hundred(okx):
    orders = [order(okx, quantity=str(number + 1), time_ms=1_000_000 + number) for number in range(130)]
    okx.publish(orders)
    okx.publish([order(okx, "ETH-USDT-SWAP", time_ms=1_000_500)])
    rows = []
    after = ""
    for _ in range(3):
        query = f"instType=SWAP&instFamily=BTC-USDT&limit=100&after={after}"
        body = json.loads(okx.recall(make_mocked_request("GET", f"/api/v5/public/liquidation-orders?{query}")))
        page = [detail for entry in body["data"] for detail in entry["details"]]
        rows += page
        after = page[-1]["ts"] if page else after
    assert [row["sz"] for row in rows] == [str(number) for number in range(130, 0, -1)]
    sent = json.loads(okx.encode(orders[:1], 0)[1])["data"][0]["details"]
    assert rows[-1:] == sent, "field for field what the socket said"
