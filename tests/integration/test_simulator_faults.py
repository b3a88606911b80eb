"""What the simulated exchanges do to their clients, and what is certain afterwards."""

import asyncio
from contextlib import suppress

import pytest
import websockets

from tests.integration.simulated import (
    FORCED,
    ROUTES,
    ask,
    connect,
    get,
    is_event,
    receive,
    running,
    until,
)


@pytest.mark.parametrize(("mode", "certain"), [("close", True), ("abort", False), ("half_open", False)])
async def test_how_a_connection_ends_decides_what_is_certain(mode, certain):
    async with running() as simulator, connect(simulator, "binance", "/market/stream") as socket:
        await ask(socket, method="SUBSCRIBE", params=[FORCED], id=1)
        simulator.emit("binance", "BTCUSDT", "long", "0.010", "95000.0")
        await receive(socket, is_event)
        await simulator.drop_connections("binance", mode)
        simulator.emit("binance", "BTCUSDT", "long", "0.020", "95000.0")
        truth = await simulator.settle()
        assert [event.certain for event in truth] == [certain, False]
        if mode == "half_open":
            await simulator.stop()
        with pytest.raises(websockets.ConnectionClosed):
            await receive(socket)


async def test_what_was_answered_stays_certain_when_the_client_dies_later():
    async with running() as simulator, connect(simulator, "binance", "/market/stream") as socket:
        await ask(socket, method="SUBSCRIBE", params=[FORCED], id=1)
        simulator.emit("binance", "BTCUSDT", "long", "0.010", "95000.0")
        record = simulator.exchanges["binance"].records[0]
        await until(lambda: record.certain)
        simulator.emit("binance", "BTCUSDT", "long", "0.020", "95000.0")
        await receive(socket, is_event)
        socket.transport.abort()
        await until(lambda: not simulator.open_sockets)
        assert [event.certain for event in await simulator.settle()] == [True, False]


async def test_a_client_that_leaves_proves_nothing():
    async with running() as simulator:
        async with connect(simulator, "binance", f"/market/ws/{FORCED}") as socket:
            await until(simulator.exchanges["binance"].attended)
            simulator.emit("binance", "BTCUSDT", "long", "0.010", "95000.0")
            await receive(socket)
        await until(lambda: not simulator.open_sockets)
        assert [event.certain for event in await simulator.settle()] == [False]


async def test_one_of_two_sockets_is_enough():
    async with running() as simulator, connect(simulator, "binance", f"/market/ws/{FORCED}") as survivor:
        async with connect(simulator, "binance", f"/market/ws/{FORCED}"):
            await until(lambda: simulator.open_sockets == 2)
            simulator.emit("binance", "BTCUSDT", "long", "0.010", "95000.0")
        await receive(survivor)
        (event,) = await simulator.settle()
        assert event.certain


async def test_refusals_have_a_status_and_an_end():
    async with running() as simulator:
        simulator.refuse("binance", 403, 0.5)
        with pytest.raises(websockets.InvalidStatus) as refusal:
            await connect(simulator, "binance", "/market/stream")
        assert refusal.value.response.status_code == 403
        assert (await get(simulator, "/fapi/v1/exchangeInfo"))[0] == 403
        await until(lambda: not simulator.exchanges["binance"].faults.on("refuse"))
        async with connect(simulator, "binance", "/market/stream"):
            assert (await get(simulator, "/fapi/v1/exchangeInfo"))[0] == 200


async def test_rest_can_be_refused_or_held_by_itself():
    async with running() as simulator, connect(simulator, "bybit", "/v5/public/linear") as socket:
        simulator.refuse_rest("bybit", 503, 60)
        path = "/v5/market/instruments-info?category=inverse"
        assert (await get(simulator, path, "bybit"))[0] == 503
        simulator.refuse_rest("bybit", 503, 0)
        simulator.hold_rest("bybit", 60)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await get(simulator, path, "bybit")
        assert (await ask(socket, op="ping"))["success"]


async def test_silence_answers_but_sends_nothing():
    async with running() as simulator, connect(simulator, "binance", "/market/stream") as socket:
        simulator.silence("binance", 60)
        await ask(socket, method="SUBSCRIBE", params=[FORCED, "btcusdt@markPrice@1s"], id=1)
        simulator.emit("binance", "BTCUSDT", "long", "0.010", "95000.0")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.5):
                await socket.recv()
        assert (await ask(socket, method="LIST_SUBSCRIPTIONS", id=2))["id"] == 2
        assert [event.certain for event in await simulator.settle()] == [False]


async def test_offline_means_nobody_listens_and_the_same_port_afterwards():
    async with running() as simulator, connect(simulator, "bybit", "/v5/public/linear") as socket:
        simulator.go_offline("bybit", 0.5)
        with pytest.raises(websockets.ConnectionClosed):
            await socket.recv()
        with pytest.raises(OSError, match=r"refused|failed"):
            await connect(simulator, "bybit", "/v5/public/linear")

        async def back():
            while True:
                with suppress(OSError):
                    return await connect(simulator, "bybit", "/v5/public/linear")

        async with asyncio.timeout(10), await back() as again:
            assert (await ask(again, op="ping"))["success"]


@pytest.mark.parametrize("exchange", ["binance", "bybit"])
async def test_subscriptions_can_be_refused(exchange):
    async with running() as simulator, connect(simulator, exchange, ROUTES[exchange][0]) as socket:
        simulator.refuse_subscriptions(exchange, 60)
        request = {"method": "SUBSCRIBE", "params": [FORCED], "id": 1, "op": "subscribe", "args": ["tickers.BTCUSDT"]}
        answer = await ask(socket, **request)
        assert "error" in answer or not answer["success"]


async def test_raw_frames_reach_every_client():
    async with running() as simulator, connect(simulator, "bybit", "/v5/public/linear") as socket:
        await ask(socket, op="ping")
        simulator.send_raw("bybit", '{"odd":1}')
        simulator.send_raw("bybit", b"\x00\x01")
        assert await socket.recv() == '{"odd":1}'
        assert await socket.recv() == b"\x00\x01"


async def test_frames_can_come_twice():
    async with running() as simulator, connect(simulator, "bybit", "/v5/public/linear") as socket:
        await ask(socket, op="subscribe", args=["allLiquidation.BTCUSDT"], req_id="1")
        exchange = simulator.exchanges["bybit"]
        simulator.engine._market.phase = simulator.market.phase.__class__(seconds=60, rate=0, duplicates=1.0)
        await until(lambda: exchange.duplicates == 1.0)
        simulator.emit("bybit", "BTCUSDT", "long", "0.010", "95000.0")
        assert await receive(socket, is_event) == await receive(socket, is_event)
        assert len(await simulator.settle()) == 1


async def test_a_client_that_never_reads_is_cut():
    async with (
        running() as simulator,
        connect(simulator, "bybit", "/v5/public/linear", max_queue=1, close_timeout=0.1) as socket,
    ):
        await ask(socket, op="ping")
        while simulator.open_sockets:
            for _ in range(20_000):
                simulator.send_raw("bybit", "x" * 100)
            await asyncio.sleep(0)
        assert simulator.sent == 0
