"""What the simulated exchanges say over real sockets and REST."""

import json

import pytest
import websockets

from tests.integration.simulated import FORCED, ask, connect, get, is_event, receive, running, until


async def test_binance_acknowledges_lists_and_unsubscribes():
    async with running() as simulator, connect(simulator, "binance", "/market/stream") as socket:
        streams = [FORCED, "btcusdt@markPrice@1s"]
        assert await ask(socket, method="SUBSCRIBE", params=streams, id=1) == {"result": None, "id": 1}
        assert await ask(socket, method="LIST_SUBSCRIPTIONS", id="x") == {"result": streams, "id": "x"}
        assert await ask(socket, method="UNSUBSCRIBE", params=streams[1:], id=2) == {"result": None, "id": 2}
        assert (await ask(socket, method="LIST_SUBSCRIPTIONS", id=3))["result"] == [FORCED]
        assert (await ask(socket, method="DANCE", id=4))["error"]["code"] == 2
        await socket.send("not json")
        assert (await receive(socket, lambda message: "error" in message))["error"]["code"] == 3


async def test_binance_sends_mark_prices_and_liquidations_in_combined_frames():
    async with running() as simulator, connect(simulator, "binance", "/market/stream") as socket:
        await ask(socket, method="SUBSCRIBE", params=[FORCED, "btcusdt@markPrice@1s"], id=1)
        price = await receive(socket, lambda message: message.get("stream") == "btcusdt@markPrice@1s")
        assert price["data"]["e"] == "markPriceUpdate"
        assert float(price["data"]["p"]) == pytest.approx(95_000, rel=0.01)
        simulator.emit("binance", "BTCUSD_PERP", "short", 5, 50_000.5)
        event = (await receive(socket, is_event))["data"]
        assert (event["e"], event["st"], event["ps"]) == ("forceOrder", 2, "BTCUSD")
        assert (event["o"]["S"], event["o"]["z"], event["o"]["ap"]) == ("BUY", "5", "50000.5")


@pytest.mark.parametrize("path", ["/market/ws/" + FORCED, "/market/ws"])
async def test_binance_raw_sockets_have_no_envelope(path):
    async with running() as simulator, connect(simulator, "binance", path) as socket:
        if path.endswith("ws"):
            await ask(socket, method="SUBSCRIBE", params=[FORCED], id=1)
        await until(simulator.exchanges["binance"].attended)
        simulator.emit("binance", "ETHUSDT", "long", "2.50", "3000.00")
        assert (await receive(socket))["o"]["s"] == "ETHUSDT"


async def test_binance_takes_streams_from_the_address():
    path = f"/market/stream?streams=btcusdt@markPrice@1s/{FORCED}"
    async with running() as simulator, connect(simulator, "binance", path) as socket:
        await until(simulator.exchanges["binance"].attended)
        simulator.emit("binance", "ETHUSDT", "long", "2.50", "3000.00")
        assert (await receive(socket, is_event))["data"]["o"]["z"] == "2.50"


@pytest.mark.parametrize("path", ["/stream", "/ws", "/ws/" + FORCED])
async def test_binance_retired_routes_acknowledge_and_stay_silent(path):
    async with running() as simulator, connect(simulator, "binance", path) as socket:
        assert await ask(socket, method="SUBSCRIBE", params=[FORCED], id=1) == {"result": None, "id": 1}
        assert not simulator.exchanges["binance"].attended()
        simulator.emit("binance", "ETHUSDT", "long", "2.50", "3000.00")
        truth = await simulator.stop()
        with pytest.raises(websockets.ConnectionClosed):
            await socket.recv()
        assert [event.certain for event in truth] == [False]


async def test_binance_ends_a_socket_that_talks_too_much():
    async with running() as simulator, connect(simulator, "binance", "/market/stream") as socket:
        for number in range(10):
            assert (await ask(socket, method="LIST_SUBSCRIPTIONS", id=number))["id"] == number
        with pytest.raises(websockets.ConnectionClosed):
            await ask(socket, method="LIST_SUBSCRIPTIONS", id=11)


async def test_binance_limits_the_streams_of_a_socket():
    async with running() as simulator, connect(simulator, "binance", "/market/stream") as socket:
        too_many = [f"coin{number}usdt@markPrice@1s" for number in range(1025)]
        assert "error" in await ask(socket, method="SUBSCRIBE", params=too_many, id=1)


async def test_bybit_acknowledges_and_answers_pings():
    async with running() as simulator, connect(simulator, "bybit", "/v5/public/linear") as socket:
        answer = await ask(socket, op="subscribe", args=["allLiquidation.BTCUSDT"], req_id="a7")
        assert answer | {"success": True, "ret_msg": "", "op": "subscribe", "req_id": "a7"} == answer
        answer = await ask(socket, op="ping")
        assert answer | {"success": True, "ret_msg": "pong", "op": "ping"} == answer
        assert (await ask(socket, op="unsubscribe", args=["allLiquidation.BTCUSDT"]))["success"]
        assert not (await ask(socket, op="auth"))["success"]
        await socket.send("not json")
        assert not (await receive(socket))["success"]


@pytest.mark.parametrize(
    ("path", "topics"),
    [
        ("/v5/public/linear", ["allLiquidation.BTCUSDT", "allLiquidation.NOSUCHUSDT"]),
        ("/v5/public/linear", ["allLiquidation.BTCUSD"]),
        ("/v5/public/inverse", ["allLiquidation.BTCUSDT"]),
        ("/v5/public/linear", ["liquidation.BTCUSDT"]),
        ("/v5/public/linear", ["allLiquidation.MOODENGUSDT"]),
        ("/v5/public/linear", ["allLiquidation." + "X" * 21_000]),
    ],
)
async def test_bybit_refuses_a_whole_request(path, topics):
    async with running() as simulator, connect(simulator, "bybit", path) as socket:
        answer = await ask(socket, op="subscribe", args=topics, req_id="1")
        assert (answer["success"], answer["req_id"]) == (False, "1")
        assert not simulator.exchanges["bybit"].hub.topics()


async def test_bybit_refuses_a_second_subscription():
    async with running() as simulator, connect(simulator, "bybit", "/v5/public/linear") as socket:
        assert (await ask(socket, op="subscribe", args=["tickers.BTCUSDT"], req_id="1"))["success"]
        again = await ask(socket, op="subscribe", args=["tickers.BTCUSDT", "tickers.ETHUSDT"], req_id="2")
        assert "already subscribed" in again["ret_msg"]


async def test_bybit_tickers_begin_with_a_snapshot_and_often_leave_out_the_mark_price():
    async with running() as simulator, connect(simulator, "bybit", "/v5/public/inverse") as socket:
        await socket.send('{"op":"subscribe","args":["tickers.BTCUSD"],"req_id":"1"}')
        assert (await receive(socket))["success"]
        frames = [await receive(socket) for _ in range(8)]
        assert [frame["type"] for frame in frames] == ["snapshot"] + ["delta"] * 7
        assert "markPrice" in frames[0]["data"]
        assert 1 <= sum("markPrice" in frame["data"] for frame in frames[1:]) <= 3


async def test_bybit_ends_a_socket_that_says_nothing():
    async with running() as simulator:
        simulator.exchanges["bybit"].idle_limit_s = 0.2
        async with connect(simulator, "bybit", "/v5/public/linear") as socket:
            with pytest.raises(websockets.ConnectionClosed):
                await socket.recv()


async def test_bybit_batches_rows_of_a_symbol():
    async with running("calm", rate=400.0) as simulator, connect(simulator, "bybit", "/v5/public/linear") as socket:
        await ask(socket, op="subscribe", args=["allLiquidation.BTCUSDT"], req_id="1")
        batches = [await receive(socket, is_event) for _ in range(6)]
        assert max(len(batch["data"]) for batch in batches) > 1
        spacing = batches[-1]["ts"] - batches[0]["ts"]
        assert spacing >= 4 * 500, "one batch per half second"


async def test_rest_describes_the_contracts():
    async with running() as simulator:
        _, body = await get(simulator, "/fapi/v1/exchangeInfo")
        linear = {symbol["symbol"]: symbol for symbol in json.loads(body)["symbols"]}
        assert linear["1000PEPEUSDT"]["baseAsset"] == "1000PEPE"
        assert linear["BTCUSDT_261225"]["contractType"] == "CURRENT_QUARTER"
        assert "BTCUSD_PERP" not in linear
        _, body = await get(simulator, "/dapi/v1/exchangeInfo", endpoint="rest_coin")
        inverse = {symbol["symbol"]: symbol for symbol in json.loads(body)["symbols"]}
        assert (inverse["BTCUSD_PERP"]["contractSize"], inverse["ETHUSD_PERP"]["contractSize"]) == (100, 10)
        _, body = await get(simulator, "/v5/market/instruments-info?category=inverse&limit=1000", "bybit")
        rows = {row["symbol"]: row for row in json.loads(body)["result"]["list"]}
        assert (rows["BTCUSDZ26"]["contractType"], rows["BTCUSD"]["settleCoin"]) == ("InverseFutures", "BTC")


async def test_bybit_pages_over_http():
    async with running() as simulator:
        symbols, cursor = [], ""
        while cursor or not symbols:
            path = f"/v5/market/instruments-info?category=linear&limit=1000&cursor={cursor}"
            _, body = await get(simulator, path, "bybit")
            result = json.loads(body)["result"]
            symbols += [row["symbol"] for row in result["list"]]
            cursor = result["nextPageCursor"]
        assert len(symbols) == len(set(symbols)) > 20


async def test_a_symbol_can_trade_before_rest_knows_it():
    async with running() as simulator, connect(simulator, "binance", f"/market/ws/{FORCED}") as socket:
        await until(simulator.exchanges["binance"].attended)
        simulator.list_symbol("binance", "NEWUSDT", like="SOLUSDT", in_rest=False)
        simulator.emit("binance", "NEWUSDT", "long", "10.0", "150.000")
        assert (await receive(socket))["o"]["s"] == "NEWUSDT"
        assert b"NEWUSDT" not in (await get(simulator, "/fapi/v1/exchangeInfo"))[1]
        assert [event.certain for event in await simulator.settle()] == [False], "nobody can know its terms"
        simulator.list_symbol("binance", "NEWUSDT", like="SOLUSDT")
        assert b"NEWUSDT" in (await get(simulator, "/fapi/v1/exchangeInfo"))[1]
        (event,) = await simulator.settle()
        assert (event.certain, event.base, event.notional_usd) == (True, "NEW", 1500.0)


async def test_a_script_lists_symbols_during_the_run():
    async with running("calm", rate=1.0, patience_s=0.0) as simulator:
        assert b"PNUTUSDT" not in (await get(simulator, "/fapi/v1/exchangeInfo"))[1]
        simulator.market.elapsed_ms = 10_000
        await until(lambda: "PNUTUSDT" not in simulator.exchanges["binance"].unlisted)
        assert b"PNUTUSDT" in (await get(simulator, "/fapi/v1/exchangeInfo"))[1]
