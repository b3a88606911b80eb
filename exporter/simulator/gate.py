"""Gate as its documents describe it: signed sizes, pushed by contract once a second, and hours of the past."""

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
from aiohttp import web

from exporter.model import LONG
from exporter.simulator.batches import Batches
from exporter.simulator.contracts import Contract
from exporter.simulator.exchange import SimulatedExchange, now_ms
from exporter.simulator.garbage import Frame, draw_garbage
from exporter.simulator.gate_contracts import BTC, USD1, USDT, contracts, describe
from exporter.simulator.limits import Limits
from exporter.simulator.market import Prices
from exporter.simulator.orders import Order
from exporter.simulator.sockets import Socket

LIQUIDATIONS = "futures.public_liquidates"
TICKERS = "futures.tickers"
WINDOW_MS = 1000
ORDERS_PER_PUSH = 20
TICKER_MS = 500
LONGEST_SPAN_S = 3600
LONE_SHARE = 0.5
LINES = (USDT, BTC, USD1)

_BAD_ROWS: tuple[dict[str, Any], ...] = (
    {"price": "0"},
    {"price": "-1"},
    {"price": ""},
    {"size": "0"},
    {"size": 0},
    {"size": "NaN"},
    {"size": None},
    {"size": {}},
    {"contract": ""},
    {"contract": 7},
    {"time": -1},
    {"time": None},
)
"""What makes a row impossible."""

_HEAD = b'{"time":1763600000,"time_ms":1763600000000,"channel":"futures.public_liquidates","event":"update",'
_JUNK = (
    _HEAD + b'"result":null}',
    _HEAD + b'"result":7}',
    _HEAD + b'"result":[7,"x",null,[]]}',
    _HEAD + b'"result":{"contract":"BTC_USDT"}}',
    _HEAD + b'"result":[{"contract":"BTC_USDT","size":"-1","price":"1"}]}',
    b'{"time_ms":7,"channel":"futures.pong","event":"","result":null}',
    b'{"channel":"futures.tickers","event":"update","result":[]}',
    b'{"time":1763600000,"channel":"futures.order_book","event":"all","result":{"t":1,"contract":"BTC_USDT"}}',
)


class _Request(msgspec.Struct):
    channel: str = ""
    event: str = ""
    payload: list[str] = []
    id: int | None = None


class SimulatedGate(SimulatedExchange):
    """Gate. A push is an array, or the one row itself; REST has the position's sign where a push has the order's.

    Sizes are texts for clients that ask for it with a header, integers for the others.
    """

    name: ClassVar[str] = "gate"
    limits: ClassVar[Limits] = Limits(sockets=300)
    rest_paths: ClassVar[tuple[str, ...]] = ("/api/v4/futures/{settle}/contracts",)
    past_paths: ClassVar[tuple[str, ...]] = ("/api/v4/futures/{settle}/liq_orders",)
    socket_paths: ClassVar[tuple[str, ...]] = tuple(f"/v4/ws/{line}" for line in LINES)

    def __init__(self, prices: Prices, seed: int) -> None:
        super().__init__(prices, seed)
        self._batches = Batches(WINDOW_MS, ORDERS_PER_PUSH)
        self._ticked_ms = 0
        self._plain: set[Socket] = set()

    @staticmethod
    def table() -> list[Contract]:
        """Return every contract."""
        return contracts()

    def greet(self, socket: Socket, request: web.Request) -> None:
        """Note which sizes the client can read."""
        if request.headers.get("X-Gate-Size-Decimal") != "1":
            self._plain.add(socket)

    def hear(self, socket: Socket, text: str) -> None:
        """Answer ping, subscribe and unsubscribe."""
        try:
            request = msgspec.json.decode(text, type=_Request)
        except msgspec.DecodeError:
            _answer(socket, _Request(), {"code": 1, "message": "invalid argument struct"})
            return
        if request.channel == "futures.ping":
            socket.send(msgspec.json.encode(_stamped("futures.pong", "") | {"result": None}))
            return
        problem = self._problem(socket, request)
        _answer(socket, request, {"code": 2, "message": problem} if problem else None)
        if problem:
            return
        topics = {f"{_line(socket)} {request.channel} {what}" for what in request.payload}
        if request.event == "unsubscribe":
            socket.topics -= topics
            return
        socket.topics |= topics
        self.subscribed(socket)

    def instruments(self, request: web.Request, listed: Sequence[Contract]) -> tuple[bytes, list[str]]:
        """Answer about the contracts of one settlement currency."""
        chosen = [contract for contract in listed if contract.line == request.match_info["settle"]]
        return msgspec.json.encode([describe(each) for each in chosen]), [each.symbol for each in chosen]

    def recall(self, request: web.Request) -> bytes:
        """Answer with the orders of at most an hour, in no particular order."""
        line, query = request.match_info["settle"], request.query
        start, end = int(query["from"]), int(query["to"])
        if not 0 <= end - start <= LONGEST_SPAN_S:
            raise web.HTTPBadRequest(text='{"label":"INVALID_PARAM_VALUE","message":"the interval is too long"}')
        orders = [
            record.order
            for record in self.records
            if record.order.contract.line == line and start <= record.order.time_ms // 1000 <= end
        ]
        return msgspec.json.encode([_past_row(order) for order in orders[: int(query.get("limit", "100"))]])

    def offer(self, order: Order) -> bool:
        """Put every order into its contract's batch."""
        self._batches.add(order)
        return True

    def flush(self, market_ms: int, *, final: bool = False) -> None:
        """Send the batches once a second."""
        for orders in self._batches.due(market_ms, final=final):
            self.publish(orders)

    def pulse(self, now: int) -> None:
        """Send tickers twice a second."""
        if now < self._ticked_ms + TICKER_MS:
            return
        self._ticked_ms = now
        for topic in self.hub.topics():
            _, channel, what = topic.split(" ")
            contract = self.contracts.get(what)
            if channel == TICKERS and contract:
                price = contract.price_text(self.prices.usd[contract.coin])
                row = {"contract": what, "last": price, "mark_price": price, "index_price": price}
                self.hub.push(topic, msgspec.json.encode(_stamped(TICKERS, "update") | {"result": [row]}))

    def encode(self, orders: Sequence[Order], sent_ms: int) -> tuple[str, bytes]:
        """Write a push; where rows are bad, an impossible one stands between the good ones."""
        rows = [_row(order) for order in orders]
        if self.rng.random() < self.bad_rows:
            rows.insert(self.rng.randrange(len(rows) + 1), rows[0] | self.rng.choice(_BAD_ROWS))
        alone = len(rows) == 1 and self.rng.random() < LONE_SHARE
        head = {"time": sent_ms // 1000, "time_ms": sent_ms, "channel": LIQUIDATIONS, "event": "update"}
        frame = head | {"result": rows[0] if alone else rows}
        return f"{orders[0].contract.line} {LIQUIDATIONS} !all", msgspec.json.encode(frame)

    def wrap(self, socket: Socket, topic: str, frame: bytes) -> bytes:
        """Write sizes as integers for a client that did not ask for decimals: those of less than one are lost."""
        if socket not in self._plain or LIQUIDATIONS not in topic:
            return frame
        message = msgspec.json.decode(frame)
        rows = message["result"] if isinstance(message["result"], list) else [message["result"]]
        for row in rows:
            row["size"] = int(float(row["size"]))
        return msgspec.json.encode(message)

    def junk(self) -> Frame:
        """Return broken JSON, unknown channels or rows of the wrong shape."""
        return draw_garbage(self.rng, _JUNK)

    def attended(self) -> bool:
        """Whether all three settlement currencies have subscribers."""
        return {f"{line} {LIQUIDATIONS} !all" for line in LINES} <= self.hub.topics()

    def _problem(self, socket: Socket, request: _Request) -> str:
        """Say why a request is refused; empty when it is not."""
        if self.faults.on("refuse_subscriptions"):
            return "service error"
        known = {each.symbol for each in self.contracts.values() if each.line == _line(socket)} - self.unlisted
        allowed = known | {"!all"} if request.channel == LIQUIDATIONS else known
        unknown = [what for what in request.payload if what not in allowed]
        if request.event not in {"subscribe", "unsubscribe"} or request.channel not in {LIQUIDATIONS, TICKERS}:
            return f"unknown channel {request.channel}"
        return f"unknown contract {unknown[0]}" if unknown else ""


def _line(socket: Socket) -> str:
    return socket.path.rpartition("/")[2]


def _stamped(channel: str, event: str) -> dict[str, Any]:
    now = now_ms()
    return {"time": now // 1000, "time_ms": now, "channel": channel, "event": event}


def _answer(socket: Socket, request: _Request, error: dict[str, Any] | None) -> None:
    named = {} if request.id is None else {"id": request.id}
    result = {"status": "fail" if error else "success"}
    head = _stamped(request.channel, request.event) | named
    socket.send(msgspec.json.encode(head | {"error": error, "result": result}))


def _signed(order: Order) -> str:
    """Write the size of the closing order: a long is closed by selling."""
    return f"-{order.quantity}" if order.side == LONG else order.quantity


def _row(order: Order) -> dict[str, Any]:
    return {"price": order.price, "size": _signed(order), "time": order.time_ms, "contract": order.contract.symbol}


def _past_row(order: Order) -> dict[str, Any]:
    """Write a row of REST: whole seconds, and beside the order's size that of the position."""
    position = order.quantity if order.side == LONG else f"-{order.quantity}"
    return {
        "time": order.time_ms // 1000,
        "contract": order.contract.symbol,
        "size": position,
        "order_size": _signed(order),
        "order_price": order.price,
        "fill_price": order.contract.price_text(float(order.price) * 1.001),
        "left": 0,
    }
