"""The simulated Lighter against the examples of its documents."""

import json

import pytest
from aiohttp.test_utils import make_mocked_request

from exporter.simulator.lighter import SimulatedLighter
from exporter.simulator.market import Prices
from exporter.simulator.orders import Order
from tests.unit.simulator.client import Client

T = 1_776_687_656_653


@pytest.fixture
def lighter():
    return SimulatedLighter(Prices(1), 1)


def order(lighter, symbol="1", side="short", quantity="0.01664", price="75602.8", time_ms=T):
    return Order(lighter.contracts[symbol], time_ms, side, price, quantity)


def test_a_push_has_the_documented_fields(lighter):
    topic, frame = lighter.encode([order(lighter), order(lighter, side="long")], 0)
    message = json.loads(frame)
    assert topic == message["channel"] == "trade:1"
    assert (message["type"], message["trades"]) == ("update/trade", [])
    short, long = message["liquidation_trades"]
    assert (short["type"], short["market_id"], short["size"], short["price"]) == (
        "liquidation",
        1,
        "0.01664",
        "75602.8",
    )
    assert (short["usd_amount"], short["timestamp"]) == ("1258.030592", T)
    assert (short["is_maker_ask"], short["taker_position_size_before"]) == (True, "-0.01664")
    assert (long["is_maker_ask"], long["taker_position_size_before"]) == (False, "0.01664")
    assert short["trade_id_str"] == str(short["trade_id"]) != long["trade_id_str"]


async def test_pushes_without_liquidations_say_so_in_three_ways(lighter):
    pushed = []
    lighter.hub.push = lambda topic, frame, records=(), times=1: pushed.append(json.loads(frame))
    for number in range(60):
        lighter.offer(order(lighter))
        lighter.flush(T + 100 * number, final=True)
    usual = [message for message in pushed if message["trades"]]
    assert {message.get("liquidation_trades", "none") in (None, []) for message in usual} == {True, False}
    assert {"liquidation_trades" in message for message in usual} == {True, False}
    assert {row["type"] for message in usual for row in message["trades"]} == {
        "trade",
        "deleverage",
        "market-settlement",
    }
    assert sum(bool(message.get("liquidation_trades")) for message in pushed) == 60


async def test_a_subscriber_is_told_the_last_liquidations(lighter):
    lighter.publish([order(lighter, time_ms=T + number) for number in range(60)])
    (answer,) = subscribe(lighter, Client(), "trade/1")
    assert (answer["type"], answer["channel"], answer["trades"]) == ("subscribed/trade", "trade:1", [])
    assert [row["timestamp"] - T for row in answer["liquidation_trades"]] == list(range(59, 9, -1))


async def test_refusals_do_not_say_what_they_answer(lighter):
    client = Client()
    (answer,) = subscribe(lighter, client, "trade/999")
    assert answer == {"error": {"code": 30005, "message": "Invalid Channel"}}
    client.topics = {str(number) for number in range(100)}
    (answer,) = subscribe(lighter, client, "trade/1")
    assert answer["error"]["message"] == "Too Many Subscriptions"
    assert client.ask(lighter, type="ping") == [{"type": "pong"}]


async def test_too_many_requests_without_an_answer_end_the_socket(lighter):
    client = Client()
    for number in range(50):
        client.ask(lighter, type="subscribe", channel=f"trade/{number}")
    assert not client.closed
    client.ask(lighter, type="subscribe", channel="trade/50")
    assert client.closed


def subscribe(lighter, client, channel):
    assert client.ask(lighter, type="subscribe", channel=channel) == []
    before = len(client.sent)
    lighter.pulse(0)
    return client.sent[before:]


async def test_the_past_is_a_markets_trades_of_a_type_page_by_page(lighter):
    lighter.publish([order(lighter, time_ms=T + number) for number in range(130)])
    lighter.publish([order(lighter, "0")])
    path = "/api/v1/trades?market_id=1&sort_by=timestamp&sort_dir=desc&type=liquidation&limit=100"
    first = json.loads(lighter.recall(make_mocked_request("GET", path)))
    second = json.loads(lighter.recall(make_mocked_request("GET", f"{path}&cursor={first['next_cursor']}")))
    assert [row["timestamp"] - T for row in first["trades"] + second["trades"]] == list(range(129, -1, -1))
    assert "next_cursor" not in second
