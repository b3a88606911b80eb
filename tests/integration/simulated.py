"""A client of the simulated exchanges that knows nothing of the exporter's parsers."""

import asyncio
import json
from collections import Counter
from contextlib import asynccontextmanager, suppress

import aiohttp
import websockets

from exporter.simulator import Simulator

FORCED = "!forceOrder@arr"
ROUTES = {"binance": ["/market/stream"], "bybit": ["/v5/public/linear", "/v5/public/inverse"]}


@asynccontextmanager
async def running(scenario="calm", seed=1, *, rate=0.0, patience_s=0.0, exchanges=tuple(ROUTES), **options):
    """A simulator of the exchanges that this client can read, unless told otherwise."""
    simulator = Simulator(scenario, seed, rate=rate, patience_s=patience_s, exchanges=exchanges, **options)
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
