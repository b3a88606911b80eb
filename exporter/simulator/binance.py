"""Binance as its documents describe it: USD-M and COIN-M liquidations merged on the `/market` route."""

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
from aiohttp import web

from exporter.model import LONG
from exporter.simulator.binance_contracts import CM, UM, contracts, exchange_info, pair
from exporter.simulator.contracts import Contract
from exporter.simulator.exchange import SimulatedExchange
from exporter.simulator.garbage import Frame, draw_garbage
from exporter.simulator.limits import Limits, Rate
from exporter.simulator.market import Prices
from exporter.simulator.orders import Order
from exporter.simulator.sockets import Socket

COMBINED = "/market/stream"
LIQUIDATIONS = "!forceOrder@arr"
MARK_PRICE = "@markPrice@1s"
STREAM_LIMIT = 1024
SAMPLE_MS = 1000
PARTIAL_SHARE = 0.1

_EVENT = b'{"stream":"!forceOrder@arr","data":{"e":"forceOrder","E":1763600000000,"o":%b}}'
_JUNK = (
    _EVENT % b"{}",
    _EVENT % b'{"s":"BTCUSDT","S":"HOLD","q":"1","p":"1","ap":"1","X":"FILLED","l":"1","z":"1","T":1763600000000}',
    _EVENT % b'{"s":"BTCUSDT","S":"SELL","q":"1","p":"1","ap":"-1","X":"FILLED","l":"1","z":"1","T":1763600000000}',
    _EVENT % b'{"s":"BTCUSDT","S":"BUY","q":"1","p":"1","ap":"1","X":"FILLED","l":"1","z":"NaN","T":1763600000000}',
    b'{"stream":"!forceOrder@arr","data":null}',
    b'{"stream":"btcusdt@depth","data":{"e":"depthUpdate","E":1763600000000,"s":"BTCUSDT"}}',
    b'{"e":"serverShutdown","E":1763600000000}',
    b'{"result":{},"id":null}',
)


class _Request(msgspec.Struct):
    method: str = ""
    params: list[str] = []
    id: int | str | None = None


class SimulatedBinance(SimulatedExchange):
    """Binance. At most one order per symbol and second is pushed, the largest; a socket says which shape it wants.

    The routes without `/market` were retired on 2026-04-23: they still shake hands and acknowledge, and stay silent.
    """

    name: ClassVar[str] = "binance"
    combined: ClassVar[str] = COMBINED
    delivering: ClassVar[str] = "/market"
    stream_limit: ClassVar[int] = STREAM_LIMIT
    limits: ClassVar[Limits] = Limits(messages=Rate(10, 1.0), connects=Rate(300, 300.0))
    rest_endpoints: ClassVar[tuple[str, ...]] = ("rest", "rest_coin")
    rest_paths: ClassVar[tuple[str, ...]] = ("/fapi/v1/exchangeInfo", "/dapi/v1/exchangeInfo")
    socket_paths: ClassVar[tuple[str, ...]] = (
        COMBINED,
        "/market/ws",
        "/market/ws/{stream}",
        "/stream",
        "/ws",
        "/ws/{stream}",
    )

    def __init__(self, prices: Prices, seed: int) -> None:
        super().__init__(prices, seed)
        self._samples: dict[str, tuple[int, Order]] = {}
        self._priced_ms = 0

    @staticmethod
    def table() -> list[Contract]:
        """Return every contract."""
        return contracts()

    def greet(self, socket: Socket, request: web.Request) -> None:
        """Subscribe what the address names: `/market/ws/<stream>`, `/market/stream?streams=a/b`."""
        streams = [*request.query.get("streams", "").split("/"), request.match_info.get("stream", "")]
        self._subscribe(socket, [stream for stream in streams if stream])
        self.subscribed(socket)

    def hear(self, socket: Socket, text: str) -> None:
        """Answer SUBSCRIBE, UNSUBSCRIBE and LIST_SUBSCRIPTIONS."""
        try:
            request = msgspec.json.decode(text, type=_Request)
        except msgspec.DecodeError as error:
            _answer(socket, {"error": {"code": 3, "msg": f"Invalid JSON: {error}"}})
            return
        _answer(socket, self._obey(socket, request) | {"id": request.id})
        if request.method == "SUBSCRIBE":
            self.subscribed(socket)

    def instruments(self, request: web.Request, listed: Sequence[Contract]) -> tuple[bytes, list[str]]:
        """Answer both exchangeInfo calls."""
        line = UM if request.path.startswith("/fapi") else CM
        chosen = [contract for contract in listed if contract.line == line]
        return msgspec.json.encode(exchange_info(chosen)), [contract.symbol for contract in chosen]

    def offer(self, order: Order) -> bool:
        """Open the symbol's second, or keep the larger order of the open one."""
        symbol = order.contract.symbol
        due_ms, largest = self._samples.get(symbol, (0, order))
        if not due_ms:
            self._samples[symbol] = (order.time_ms + SAMPLE_MS, order)
        elif self.replaces(order, largest):
            self._samples[symbol] = (due_ms, order)
        return not due_ms

    def replaces(self, order: Order, kept: Order) -> bool:
        """Whether a later order of an open second is the one to be sent: the largest is."""
        return order.usd > kept.usd

    def flush(self, market_ms: int, *, final: bool = False) -> None:
        """Send the samples whose second is over."""
        due = [symbol for symbol, (due_ms, _) in self._samples.items() if final or due_ms <= market_ms]
        for symbol in due:
            self.publish([self._samples.pop(symbol)[1]])

    def pulse(self, now: int) -> None:
        """Send mark prices once a second."""
        if now < self._priced_ms + 1000:
            return
        self._priced_ms = now
        for topic in self.hub.topics():
            contract = self.contracts.get(topic.removesuffix(MARK_PRICE).upper())
            if topic.endswith(MARK_PRICE) and contract:
                self.hub.push(topic, self._mark_price(contract, now))

    def encode(self, orders: Sequence[Order], sent_ms: int) -> tuple[str, bytes]:
        """Write a forceOrder event.

        Some orders expired before they were filled completely: `q` was ordered, `z` filled.
        """
        (order,) = orders
        contract = order.contract
        whole = contract.quantity_text(order.usd * 1.25, float(order.price))
        partial = self.rng.random() < PARTIAL_SHARE and float(whole) > float(order.quantity)
        limit = float(order.price) * (0.995 if order.side == LONG else 1.005)
        row = {
            "s": contract.symbol,
            "S": "SELL" if order.side == LONG else "BUY",
            "o": "LIMIT",
            "f": "IOC",
            "q": whole if partial else order.quantity,
            "p": contract.price_text(limit),
            "ap": order.price,
            "X": "EXPIRED" if partial else "FILLED",
            "l": order.quantity,
            "z": order.quantity,
            "T": order.time_ms,
        }
        if contract.line == CM:
            row["ps"] = pair(contract)
        event = {"e": "forceOrder", "E": sent_ms, "o": row, **self.universe(contract)}
        return LIQUIDATIONS, msgspec.json.encode(event)

    def wrap(self, socket: Socket, topic: str, frame: bytes) -> bytes:
        """Name the stream on combined sockets."""
        if socket.path != self.combined:
            return frame
        return b'{"stream":"%b","data":%b}' % (topic.encode(), frame)

    def universe(self, contract: Contract) -> dict[str, Any]:
        """Return what tells the product lines apart since both share the streams (2026-06-30)."""
        return {"st": 2 if contract.line == CM else 1, "ps": pair(contract)}

    def junk(self) -> Frame:
        """Return broken JSON, unknown events or impossible orders."""
        return draw_garbage(self.rng, _JUNK)

    def attended(self) -> bool:
        """Whether somebody listens to the merged stream, which carries both lines."""
        return LIQUIDATIONS in self.hub.topics()

    def _obey(self, socket: Socket, request: _Request) -> dict[str, Any]:
        match request.method:
            case "SUBSCRIBE" if self.faults.on("refuse_subscriptions"):
                return {"error": {"code": 4, "msg": "Too many requests"}}
            case "SUBSCRIBE" if len(socket.topics) + len(request.params) > self.stream_limit:
                return {"error": {"code": 4, "msg": f"Too many streams: {self.stream_limit} are allowed"}}
            case "SUBSCRIBE":
                self._subscribe(socket, request.params)
                return {"result": None}
            case "UNSUBSCRIBE":
                socket.topics.difference_update(request.params)
                return {"result": None}
            case "LIST_SUBSCRIPTIONS":
                return {"result": sorted(socket.topics)}
            case unknown:
                return {"error": {"code": 2, "msg": f"Invalid request: unknown variant `{unknown}`"}}

    def _mark_price(self, contract: Contract, now: int) -> bytes:
        price = contract.price_text(self.prices.usd[contract.coin] * contract.multiplier)
        next_funding = (now // 28_800_000 + 1) * 28_800_000
        event = {
            "e": "markPriceUpdate",
            "E": now,
            "s": contract.symbol,
            "p": price,
            "i": price,
            "P": price,
            "r": "0.00010000",
            "T": next_funding,
        }
        return msgspec.json.encode(event | self.universe(contract))

    def _subscribe(self, socket: Socket, streams: Sequence[str]) -> None:
        """Remember the streams, unless the route is one of the retired ones: those acknowledge and never send."""
        if socket.path.startswith(self.delivering):
            socket.topics.update(streams)


def _answer(socket: Socket, answer: dict[str, Any]) -> None:
    socket.send(msgspec.json.encode(answer))
