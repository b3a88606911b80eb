"""The simulated exchanges over real sockets, read by a client that knows nothing of the exporter's parsers."""

import asyncio
import json
import os
import signal
from collections import Counter
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest
import websockets

from exporter.simulator import SCENARIOS, Simulator, serve, truthfile

FORCED = "!forceOrder@arr"
ROUTES = {"binance": ["/market/stream"], "bybit": ["/v5/public/linear", "/v5/public/inverse"]}


@asynccontextmanager
async def running(scenario="calm", seed=1, *, rate=0.0, patience_s=0.0, **options):
    simulator = Simulator(scenario, seed, rate=rate, patience_s=patience_s, **options)
    await simulator.start()
    try:
        yield simulator
    finally:
        await simulator.stop()


def connect(simulator, exchange, path, **options):
    address = simulator.endpoints()[exchange]["ws"] + path
    return websockets.connect(address, proxy=None, ping_interval=None, **options)


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - the conditions are facts of many parts, not events
            await asyncio.sleep(0.01)


async def ask(socket, **request):
    await socket.send(json.dumps(request))
    return await receive(socket, lambda message: "success" in message or "result" in message or "error" in message)


async def receive(socket, wanted=lambda message: True):
    async with asyncio.timeout(10):
        while True:
            message = json.loads(await socket.recv())
            if wanted(message):
                return message


def is_event(message):
    return message.get("stream") == FORCED or message.get("topic", "").startswith("allLiquidation.")


async def get(simulator, path, exchange="binance", endpoint="rest"):
    address = simulator.endpoints()[exchange][endpoint]
    async with aiohttp.ClientSession() as session, session.get(address + path) as answer:
        return answer.status, await answer.read()


# --- Binance ------------------------------------------------------------------------------------------------------


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


# --- Bybit --------------------------------------------------------------------------------------------------------


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


# --- REST, listings -------------------------------------------------------------------------------------------------


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


# --- faults ---------------------------------------------------------------------------------------------------------


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


# --- whole runs ----------------------------------------------------------------------------------------------------


class Reader:
    """A client that reconnects and remembers every liquidation, by what identifies it."""

    def __init__(self, simulator):
        self.simulator = simulator
        self.seen = set()
        self.disconnects = 0

    async def listen(self, exchange, path):
        while True:
            with suppress(OSError, websockets.WebSocketException, TimeoutError):
                async with connect(self.simulator, exchange, path, open_timeout=2) as socket:
                    await self.subscribe(exchange, path, socket)
                    while True:
                        # Half-open and silent connections are left after a while, as any client has to.
                        async with asyncio.timeout(1.5):
                            self.remember(exchange, await socket.recv())
            self.disconnects += 1
            await asyncio.sleep(0.05)

    async def subscribe(self, exchange, path, socket):
        if exchange == "binance":
            params = [FORCED, "btcusdt@markPrice@1s"]
            await socket.send(json.dumps({"method": "SUBSCRIBE", "params": params, "id": 1}))
            return
        bybit = self.simulator.exchanges["bybit"]
        line = path.rpartition("/")[2]
        listed = [each for each in bybit.contracts.values() if each.line == line and each.symbol not in bybit.unlisted]
        topics = [f"allLiquidation.{each.symbol}" for each in listed] + [f"tickers.{listed[0].symbol}"]
        await socket.send(json.dumps({"op": "subscribe", "args": topics, "req_id": "1"}))

    def remember(self, exchange, frame):
        try:
            message = json.loads(frame)
            if exchange == "binance" and message.get("stream") == FORCED:
                self.remember_row("binance", message["data"]["o"], "SELL", "ap", "z", 0)
            elif exchange == "bybit" and is_event(message):
                equal = Counter()
                for row in message["data"]:
                    key = tuple(row.items())
                    equal[key] += 1
                    self.remember_row("bybit", row, "Buy", "p", "v", equal[key])
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return  # garbage

    def remember_row(self, exchange, row, long, price, quantity, ordinal):
        with suppress(ValueError):
            numbers = float(row[price]), float(row[quantity])
            known = row["S"] in {"SELL", "BUY", "Buy", "Sell"} and row["s"] and isinstance(row["T"], int)
            if known and all(0 < number < 1e15 for number in numbers):
                side = "long" if row["S"] == long else "short"
                self.seen.add((exchange, row["s"], row["T"], side, *numbers, ordinal))


@asynccontextmanager
async def listening(reader, routes=ROUTES):
    tasks = [asyncio.create_task(reader.listen(name, path)) for name, paths in routes.items() for path in paths]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def keys(events):
    """Identify events as the reader does: equal ones of one frame by their ordinal."""
    equal = Counter()
    for event in events:
        key = (event.exchange, event.instrument, event.time_ms, event.side, event.price, event.quantity)
        equal[key] += 1
        yield (*key, equal[key] if event.exchange == "bybit" else 0), event.certain


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_every_certain_event_is_received_and_nothing_else(scenario):
    async with running(scenario, rate=None, patience_s=10) as simulator:
        reader = Reader(simulator)
        broken = scenario in {"outage", "hostile"}
        async with listening(reader):
            await until(lambda: simulator.market.elapsed_ms >= (8_000 if broken else 3_000) and simulator.sent >= 3)
            await until(lambda: reader.disconnects or not broken)
            truth = await simulator.settle()
            sent = dict(keys(truth))
            certain = {key for key, sure in sent.items() if sure}
            await until(lambda: certain <= reader.seen)
        assert len(sent) == len(truth), "no two events look the same"
        assert reader.seen <= sent.keys()
        assert certain
        assert broken or certain == sent.keys()


async def test_the_market_waits_for_its_audience():
    async with running("busy", rate=None, patience_s=60) as simulator:
        reader = Reader(simulator)
        async with listening(reader, {"binance": ROUTES["binance"]}):
            await until(simulator.exchanges["binance"].attended)
            assert not simulator.engine.is_open
            async with listening(reader, {"bybit": ROUTES["bybit"]}):
                await until(lambda: simulator.engine.is_open)


async def test_a_seed_sends_the_same_events_over_sockets():
    stories = []
    for _ in range(2):
        async with running("cascade", 5, rate=None) as simulator:
            await until(lambda: simulator.market.elapsed_ms >= 2_500)
            epoch = simulator.market.epoch_ms
            truth = await simulator.settle()
            stories.append(
                {
                    (event.instrument, event.time_ms - epoch, event.side, event.price, event.quantity)
                    for event in truth
                    if event.time_ms - epoch < 1_400
                }
            )
    assert stories[0] == stories[1]


async def test_three_thousand_a_second():
    async with running("calm", rate=3000.0, patience_s=10) as simulator, listening(Reader(simulator)):
        await until(lambda: simulator.market.elapsed_ms >= 3_000)
        truth = await simulator.settle()
        assert all(event.certain for event in truth)
        assert len(truth) >= 0.9 * 3 * simulator.market.elapsed_ms


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, None])
async def test_serve_announces_and_writes_the_truth(ending, tmp_path, capfd):
    announced = asyncio.get_running_loop().create_future()
    path = tmp_path / "truth.jsonl"
    duration = None if ending else 1.5
    run = asyncio.create_task(serve("calm", 1, duration, path, 0, announced.set_result, rate=50.0))
    endpoints = (await announced)["endpoints"]
    assert set(endpoints) == {"binance", "bybit"}
    assert set(endpoints["binance"]) == {"ws", "rest", "rest_coin"}
    async with (
        websockets.connect(endpoints["binance"]["ws"] + f"/market/ws/{FORCED}", proxy=None) as binance,
        websockets.connect(endpoints["bybit"]["ws"] + "/v5/public/inverse", proxy=None) as inverse,
        websockets.connect(endpoints["bybit"]["ws"] + "/v5/public/linear", proxy=None) as linear,
    ):
        await inverse.send('{"op":"subscribe","args":["allLiquidation.BTCUSD"]}')
        await linear.send('{"op":"subscribe","args":["allLiquidation.BTCUSDT"]}')
        seen = []
        if ending:
            seen.append(json.loads(await binance.recv()))
            os.kill(os.getpid(), ending)
            os.kill(os.getpid(), ending)
        with suppress(websockets.ConnectionClosed):
            while True:
                seen.append(json.loads(await binance.recv()))
        await run
    events = [event for event in truthfile.read(path) if event.exchange == "binance"]
    assert [event.time_ms for event in events] == sorted(frame["o"]["T"] for frame in seen)
    assert all(event.certain for event in events)
    assert not path.with_name("truth.jsonl.partial").exists()


async def test_serve_uses_the_ports_it_was_given_and_says_when_one_is_taken():
    async with running() as simulator:
        taken = int(simulator.endpoints()["bybit"]["ws"].rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            await serve("calm", 1, 0.1, None, taken, print)


@pytest.mark.parametrize(
    "arguments", [("nonsense", {}), ("calm", {"exchanges": ["nyse"]}), ("calm", {"hostile": "nyse"})]
)
def test_unknown_names_are_errors(arguments):
    scenario, options = arguments
    with pytest.raises(ValueError, match="known: "):
        Simulator(scenario, 1, **options)
