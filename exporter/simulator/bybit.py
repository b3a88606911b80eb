"""Bybit as its documents describe it: every liquidation, per symbol, in batches of half a second."""

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
from aiohttp import web

from exporter.model import LONG
from exporter.simulator.bybit_contracts import INVERSE, LINEAR, contracts, instruments_info
from exporter.simulator.contracts import Contract
from exporter.simulator.exchange import SimulatedExchange, now_ms
from exporter.simulator.garbage import Frame, draw_garbage
from exporter.simulator.limits import Limits, Rate
from exporter.simulator.market import Prices
from exporter.simulator.orders import Order
from exporter.simulator.sockets import Socket

LIQUIDATIONS = "allLiquidation."
TICKERS = "tickers."
BATCH_MS = 500
TICKER_MS = 200
ARGS_CHARACTERS = 21_000
IDLE_LIMIT_S = 600.0

_BAD_ROWS: tuple[dict[str, str], ...] = (
    {"p": "0"},
    {"p": "-5"},
    {"p": "NaN"},
    {"p": ""},
    {"v": "0"},
    {"v": "-1"},
    {"v": "Infinity"},
    {"v": "many"},
    {"S": "Hold"},
    {"S": ""},
)
"""What makes a row impossible while it keeps its shape."""

_TOPIC = b'{"topic":"allLiquidation.BTCUSDT","type":"snapshot","ts":1763600000000,'
_JUNK = (
    _TOPIC + b'"data":null}',
    _TOPIC + b'"data":{}}',
    _TOPIC + b'"data":[7,"x",null]}',
    _TOPIC + b'"data":[{"T":"soon","s":"BTCUSDT","S":"Buy","v":"1","p":"1"}]}',
    _TOPIC + b'"data":[{"s":"BTCUSDT","S":"Buy","v":"1","p":"1"}]}',
    _TOPIC + b'"data":[{"T":1763600000000,"s":"BTCUSDT","S":"Buy","v":[],"p":{}}]}',
    _TOPIC + b'"data":[{"T":1763600000000,"s":"","S":"Buy","v":"1","p":"1"}]}',
    _TOPIC,
    b'{"topic":"orderbook.1.BTCUSDT","type":"delta","ts":1763600000000,"data":{"s":"BTCUSDT","b":[],"a":[]}}',
    b'{"topic":"tickers.BTCUSDT","type":"delta","data":[]}',
    b'{"op":"auth","success":true}',
    b'{"event":"maintenance"}',
)


class _Request(msgspec.Struct):
    op: str = ""
    args: list[str] = []
    req_id: str | None = None


class SimulatedBybit(SimulatedExchange):
    """Bybit. A subscription request is refused as a whole when one topic is unknown or subscribed already."""

    name: ClassVar[str] = "bybit"
    limits: ClassVar[Limits] = Limits(connects=Rate(500, 300.0))
    rest_paths: ClassVar[tuple[str, ...]] = ("/v5/market/instruments-info",)
    socket_paths: ClassVar[tuple[str, ...]] = (f"/v5/public/{LINEAR}", f"/v5/public/{INVERSE}")

    def __init__(self, prices: Prices, seed: int) -> None:
        super().__init__(prices, seed)
        self.idle_limit_s = IDLE_LIMIT_S
        self._batches: dict[str, list[Order]] = {}
        self._flushed_ms = 0
        self._ticked_ms = 0
        self._ticks = 0

    @staticmethod
    def table() -> list[Contract]:
        """Return every contract."""
        return contracts()

    def greet(self, socket: Socket, request: web.Request) -> None:
        """Say nothing: Bybit waits for the client."""

    def hear(self, socket: Socket, text: str) -> None:
        """Answer ping, subscribe and unsubscribe."""
        try:
            request = msgspec.json.decode(text, type=_Request)
        except msgspec.DecodeError:
            _answer(socket, _Request(), "Request params error")
            return
        match request.op:
            case "ping":
                _answer(socket, request, "pong", success=True)
            case "subscribe":
                problem = self._problem(socket, request.args)
                _answer(socket, request, problem, success=not problem)
                if not problem:
                    self._subscribe(socket, request.args)
            case "unsubscribe":
                socket.topics.difference_update(request.args)
                _answer(socket, request, success=True)
            case _:
                _answer(socket, request, "error:handler not found")

    def instruments(self, request: web.Request, listed: Sequence[Contract]) -> tuple[bytes, list[str]]:
        """Answer instruments-info, page by page."""
        body, symbols = instruments_info(request.query, listed)
        return msgspec.json.encode(body), symbols

    def offer(self, order: Order) -> bool:
        """Put every order into its symbol's batch."""
        self._batches.setdefault(order.contract.symbol, []).append(order)
        return True

    def flush(self, market_ms: int, *, final: bool = False) -> None:
        """Send the batches, one frame a symbol, every half second."""
        if not final and market_ms < self._flushed_ms + BATCH_MS:
            return
        self._flushed_ms = market_ms
        batches, self._batches = self._batches, {}
        for orders in batches.values():
            self.publish(orders)

    def pulse(self, now: int) -> None:
        """Send ticker deltas five times a second; only every third one has a mark price."""
        if now < self._ticked_ms + TICKER_MS:
            return
        self._ticked_ms = now
        self._ticks += 1
        for topic in self.hub.topics():
            contract = self.contracts.get(topic.removeprefix(TICKERS))
            if topic.startswith(TICKERS) and contract:
                fields = {"symbol": contract.symbol, "openInterest": str(100_000 + self._ticks)}
                if self._ticks % 3 == 0:
                    fields |= {"markPrice": self._mark_price(contract), "indexPrice": self._mark_price(contract)}
                self.hub.push(topic, self._ticker(topic, "delta", fields, now))

    def encode(self, orders: Sequence[Order], sent_ms: int) -> tuple[str, bytes]:
        """Write a batch; where rows are bad, an impossible one stands between the good ones."""
        rows = [_row(order) for order in orders]
        if self.rng.random() < self.bad_rows:
            bad = rows[0] | self.rng.choice(_BAD_ROWS)
            rows.insert(self.rng.randrange(len(rows) + 1), bad)
        topic = LIQUIDATIONS + orders[0].contract.symbol
        frame = {"topic": topic, "type": "snapshot", "ts": sent_ms, "data": rows}
        return topic, msgspec.json.encode(frame)

    def junk(self) -> Frame:
        """Return broken JSON, unknown topics or rows of the wrong shape."""
        return draw_garbage(self.rng, _JUNK)

    def attended(self) -> bool:
        """Whether both lines have subscribers."""
        heard = [topic.removeprefix(LIQUIDATIONS) for topic in self.hub.topics() if topic.startswith(LIQUIDATIONS)]
        return {self.contracts[symbol].line for symbol in heard} == {LINEAR, INVERSE}

    def _problem(self, socket: Socket, topics: Sequence[str]) -> str:
        """Say why a subscription request is refused; empty when it is not."""
        if self.faults.on("refuse_subscriptions"):
            return "error:service busy, try again later"
        if sum(len(topic) for topic in (*socket.topics, *topics)) > ARGS_CHARACTERS:
            return f"args size >{ARGS_CHARACTERS}"
        line = socket.path.rpartition("/")[2]
        for topic in topics:
            kind, _, symbol = topic.partition(".")
            contract = self.contracts.get(symbol)
            unknown = contract is None or contract.line != line or symbol in self.unlisted
            if unknown or f"{kind}." not in {LIQUIDATIONS, TICKERS}:
                return f"error:handler not found,topic:{topic}"
            if topic in socket.topics:
                return f"error:already subscribed,topic:{topic}"
        return ""

    def _subscribe(self, socket: Socket, topics: Sequence[str]) -> None:
        socket.topics.update(topics)
        for topic in topics:
            if topic.startswith(TICKERS):
                socket.send(self._snapshot(topic))
        self.subscribed(socket)

    def _snapshot(self, topic: str) -> bytes:
        contract = self.contracts[topic.removeprefix(TICKERS)]
        price = self._mark_price(contract)
        fields = {
            "symbol": contract.symbol,
            "tickDirection": "PlusTick",
            "lastPrice": price,
            "markPrice": price,
            "indexPrice": price,
            "openInterest": "100000",
            "fundingRate": "0.0001",
        }
        return self._ticker(topic, "snapshot", fields, now_ms())

    def _ticker(self, topic: str, kind: str, fields: dict[str, str], now: int) -> bytes:
        return msgspec.json.encode({"topic": topic, "type": kind, "data": fields, "cs": self._ticks, "ts": now})

    def _mark_price(self, contract: Contract) -> str:
        return contract.price_text(self.prices.usd[contract.coin] * contract.multiplier)


def _answer(socket: Socket, request: _Request, message: str = "", *, success: bool = False) -> None:
    """Send the answer to a request; a pong says `op` ping."""
    answer = {"success": success, "ret_msg": message, "conn_id": f"{id(socket):x}", "op": request.op}
    if request.req_id is not None:
        answer["req_id"] = request.req_id
    socket.send(msgspec.json.encode(answer))


def _row(order: Order) -> dict[str, Any]:
    """Write one row: `S` is the side of the position here, `Buy` for a long."""
    return {
        "T": order.time_ms,
        "s": order.contract.symbol,
        "S": "Buy" if order.side == LONG else "Sell",
        "v": order.quantity,
        "p": order.price,
    }
