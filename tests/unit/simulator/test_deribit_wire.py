"""The simulated Deribit against the examples of its documents."""

import json

import pytest
from aiohttp.test_utils import make_mocked_request

from exporter.simulator.deribit import SimulatedDeribit
from exporter.simulator.market import Prices
from exporter.simulator.orders import Order
from tests.unit.simulator.client import Client

T = 1_584_058_044_032


@pytest.fixture
def deribit():
    return SimulatedDeribit(Prices(1), 1)


def order(deribit, symbol="BTC-PERPETUAL", side="long", quantity="1120", price="4469.5", time_ms=T):
    return Order(deribit.contracts[symbol], time_ms, side, price, quantity)


def rows(deribit, *orders):
    topic, frame = deribit.encode(orders, 0)
    message = json.loads(frame)
    assert topic == message["params"]["channel"] == "trades.future.any.100ms"
    return message["params"]["data"]


def test_a_push_has_the_documented_fields_and_most_trades_no_flag(deribit):
    liquidation, usual = rows(deribit, order(deribit))
    assert set(liquidation) - set(usual) == {"liquidation"}
    assert set(usual) >= {"trade_seq", "trade_id", "timestamp", "tick_direction", "price", "direction", "amount"}
    assert (liquidation["timestamp"], liquidation["price"], liquidation["amount"]) == (T, 4469.5, 1120)


def test_a_maker_is_on_the_other_side(deribit):
    found = {(row["liquidation"], row["direction"]) for _ in range(40) for row in rows(deribit, order(deribit))[:1]}
    assert found == {("T", "sell"), ("M", "buy")}
    short = order(deribit, side="short")
    found = {(row["liquidation"], row["direction"]) for _ in range(40) for row in rows(deribit, short)[:1]}
    assert found == {("T", "buy"), ("M", "sell")}


def test_two_liquidated_accounts_are_one_trade(deribit):
    long, short = order(deribit), order(deribit, side="short")
    flags = [row.get("liquidation") for row in rows(deribit, long, short, long, long)]
    assert flags[0] == "MT"
    assert [flag is None for flag in flags] == [False, True] * 3


def test_trades_are_numbered_by_currency(deribit):
    names = ["BTC-PERPETUAL", "ETH-PERPETUAL", "SOL_USDC-PERPETUAL"]
    ids = [rows(deribit, order(deribit, name))[0]["trade_id"] for name in names for _ in range(2)]
    assert ids == ["1", "3", "ETH-1", "ETH-3", "SOL_USDC-1", "SOL_USDC-3"]


async def test_channels_that_do_not_exist_are_left_out_of_the_answer(deribit):
    asked = ["trades.future.any.100ms", "ticker.BTC-PERPETUAL.agg2", "ticker.NO-PERPETUAL.agg2"]
    client = Client()
    (answer,) = client.ask(deribit, id=4, method="public/subscribe", params={"channels": asked})
    assert (answer["id"], answer["result"]) == (4, asked[:2])
    assert client.topics == set(asked[:2])


async def test_who_does_not_answer_a_test_is_cut(deribit):
    client = Client()
    deribit.hub.sockets.add(client)
    (refused,) = client.ask(deribit, id=1, method="public/set_heartbeat", params={"interval": 5})
    assert refused["error"]["code"] == -32602
    (answer,) = client.ask(deribit, id=1, method="public/set_heartbeat", params={"interval": 10})
    assert answer["result"] == "ok"
    client.sent.clear()
    later = 4_000_000_000_000
    deribit.pulse(later)
    assert client.sent == [{"jsonrpc": "2.0", "method": "heartbeat", "params": {"type": "test_request"}}]
    client.ask(deribit, id=0, method="public/test")
    deribit.pulse(later + 10_000)
    assert not client.closed
    deribit.pulse(later + 20_000)
    assert client.closed


async def test_the_past_is_a_currencys_oldest_trades_of_a_span(deribit):
    for number, name in enumerate(["BTC-PERPETUAL", "BTC-25DEC26", "BTC_USDC-PERPETUAL", "BTC-PERPETUAL"]):
        deribit.publish([order(deribit, name, time_ms=T + number)])
    path = "/api/v2/public/get_last_trades_by_currency_and_time?currency=BTC&kind=future"
    query = f"&start_timestamp={T}&end_timestamp={T + 3}&count=4&sorting=asc"
    result = json.loads(deribit.recall(make_mocked_request("GET", path + query)))["result"]
    assert [row["timestamp"] - T for row in result["trades"]] == [0, 0, 1, 1]
    assert result["has_more"]
