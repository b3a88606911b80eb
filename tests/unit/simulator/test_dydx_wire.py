"""The simulated dYdX against the examples of its documents."""

import json

import pytest
from aiohttp.test_utils import make_mocked_request

from exporter.isotime import text_of
from exporter.simulator.dydx import SimulatedDydx
from exporter.simulator.market import Prices
from exporter.simulator.orders import Order
from tests.unit.simulator.client import Client

T = 1_680_568_136_226


@pytest.fixture
def dydx():
    return SimulatedDydx(Prices(1), 1)


def order(dydx, symbol="BTC-USD", side="long", quantity="0.5", price="50000.0", time_ms=T):
    return Order(dydx.contracts[symbol], time_ms, side, price, quantity)


def trades(dydx, *orders):
    topic, frame = dydx.encode(orders, 0)
    message = json.loads(frame)
    assert topic == f"v4_trades {message['id']}"
    return message["contents"]["trades"]


def test_a_push_has_the_documented_fields_and_most_trades_are_usual(dydx):
    rows = trades(dydx, *[order(dydx)] * 60)
    assert {frozenset(row) for row in rows} == {
        frozenset({"id", "side", "size", "price", "type", "createdAt", "createdAtHeight"})
    }
    assert [row["type"] == "LIQUIDATED" for row in rows] == [True, False] * 60
    assert {row["type"] for row in rows} == {"LIQUIDATED", "LIMIT", "TWAP_SUBORDER", "DELEVERAGED"}
    assert len({row["id"] for row in rows}) == 120
    assert (rows[0]["side"], rows[0]["createdAt"]) == ("SELL", "2023-04-04T00:28:56.226Z")
    assert trades(dydx, order(dydx, side="short"))[0]["side"] == "BUY"


async def test_answers_hold_the_last_trades_and_come_in_any_order(dydx):
    rows = trades(dydx, *[order(dydx, time_ms=T + number) for number in range(60)])
    client = Client()
    names = sorted(dydx.contracts.keys() - dydx.unlisted)[:30]
    for name in names:
        assert client.ask(dydx, type="subscribe", channel="v4_trades", id=name) == []
    dydx.pulse(0)
    answered = [message["id"] for message in client.sent]
    assert sorted(answered) == names != answered
    told = next(message for message in client.sent if message["id"] == "BTC-USD")["contents"]["trades"]
    assert len(told) == 100
    assert all(row in rows for row in told)


async def test_a_connection_carries_32_markets(dydx):
    client = Client()
    names = sorted(dydx.contracts.keys() - dydx.unlisted)
    assert len(names) > 32
    for name in names[:33]:
        client.ask(dydx, type="subscribe", channel="v4_trades", id=name)
    dydx.pulse(0)
    assert [message["type"] for message in client.sent].count("error") == 1
    assert len(client.topics) == 32


async def test_a_refusal_says_what_it_answers_in_words(dydx):
    client = Client()
    client.ask(dydx, type="subscribe", channel="v4_trades", id="NO-USD")
    dydx.pulse(0)
    (answer,) = client.sent
    assert answer["message"] == "Invalid subscription id for channel: (v4_trades-NO-USD)"


async def test_the_past_is_a_markets_newest_trades_at_an_instant_and_before(dydx):
    for number in range(3):
        dydx.publish([order(dydx, time_ms=T + number)])
    path = f"/v4/trades/perpetualMarket/BTC-USD?limit=3&createdBeforeOrAt={text_of(T + 1)}"
    request = make_mocked_request("GET", path, match_info={"ticker": "BTC-USD"})
    rows = json.loads(dydx.recall(request))["trades"]
    assert [row["createdAt"] for row in rows] == [text_of(T + 1), text_of(T + 1), text_of(T)]
