"""Bitget as its documents describe it: of each symbol and second only the largest long and the largest short."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

import msgspec
from aiohttp import web

from exporter.model import LONG, Side
from exporter.simulator.bitget_contracts import COIN, USDC, USDT, contracts, describe
from exporter.simulator.contracts import Contract
from exporter.simulator.exchange import SimulatedExchange, now_ms
from exporter.simulator.garbage import Frame, draw_garbage
from exporter.simulator.limits import Limits, Rate
from exporter.simulator.market import Prices
from exporter.simulator.orders import Order
from exporter.simulator.sockets import Socket

LIQUIDATIONS = "liquidation"
TICKER = "ticker"
LINES = (USDT, USDC, COIN)
SAMPLE_MS = 1000
TICKER_MS = 250
IDLE_LIMIT_S = 120.0
PAGE = 100

_BAD_ROWS: tuple[dict[str, Any], ...] = (
    {"price": "0"},
    {"price": ""},
    {"price": None},
    {"amount": "0"},
    {"amount": "-1"},
    {"amount": []},
    {"side": "long"},
    {"side": ""},
    {"symbol": ""},
    {"ts": "1763600000"},
    {"ts": ""},
)
"""What makes a row impossible."""

_ARG = b'{"action":"update","arg":{"instType":"usdt-futures","topic":"liquidation"},"ts":1763600000000,'
_JUNK = (
    _ARG + b'"data":null}',
    _ARG + b'"data":{}}',
    _ARG + b'"data":[7,"x",null,{"symbol":"BTCUSDT"}]}',
    b'{"action":"update","arg":{"instType":"usdt-futures","topic":"ticker","symbol":"BTCUSDT"},"data":[],"ts":7}',
    b'{"action":"snapshot","arg":{"instType":"spot","topic":"books","symbol":"BTCUSDT"},"data":[],"ts":1763600000000}',
    b'{"event":"login","code":"0","msg":""}',
)


class _Request(msgspec.Struct):
    op: str = ""
    args: list[dict[str, str]] = []


class SimulatedBitget(SimulatedExchange):
    """Bitget. Sides are the position's, amounts in the quote coin on the socket and in the base coin in REST.

    A subscription in the older form, with `channel`, is acknowledged and stays silent.
    """

    name: ClassVar[str] = "bitget"
    limits: ClassVar[Limits] = Limits(sockets=100, messages=Rate(10, 1.0), requests=Rate(240, 3600.0))
    rest_paths: ClassVar[tuple[str, ...]] = ("/api/v3/market/instruments",)
    past_paths: ClassVar[tuple[str, ...]] = ("/api/v3/market/liquidations",)
    socket_paths: ClassVar[tuple[str, ...]] = ("/v3/ws/public",)

    def __init__(self, prices: Prices, seed: int) -> None:
        super().__init__(prices, seed)
        self.idle_limit_s = IDLE_LIMIT_S
        self._samples: dict[tuple[str, Side], Order] = {}
        self._sampled_ms = self._ticked_ms = 0

    @staticmethod
    def table() -> list[Contract]:
        """Return every contract."""
        return contracts()

    def greet(self, socket: Socket, request: web.Request) -> None:
        """Say nothing: Bitget waits for the client."""

    def hear(self, socket: Socket, text: str) -> None:
        """Answer the text ping, subscribe and unsubscribe."""
        if text == "ping":
            socket.send(b"pong")
            return
        try:
            request = msgspec.json.decode(text, type=_Request)
        except msgspec.DecodeError:
            socket.send(b'{"event":"error","code":"30003","msg":"request is not JSON"}')
            return
        for arg in request.args:
            self._obey(socket, request.op, arg)

    def instruments(self, request: web.Request, listed: Sequence[Contract]) -> tuple[bytes, list[str]]:
        """Answer about one product line."""
        line = request.query.get("category", "").lower()
        chosen = [contract for contract in listed if contract.line == line]
        return _body([describe(each) for each in chosen]), [each.symbol for each in chosen]

    def recall(self, request: web.Request) -> bytes:
        """Answer with a page of a product line, newest first; the cursor is the place of the last row."""
        line, before = request.query.get("category", "").lower(), int(request.query.get("cursor") or len(self.records))
        found = [
            (number, self.records[number].order)
            for number in range(min(before, len(self.records)) - 1, -1, -1)
            if self.records[number].order.contract.line == line
        ]
        page = found[:PAGE]
        cursor = str(page[-1][0]) if len(found) > len(page) else ""
        rows = [_row(order) | {"amount": _base_amount(order)} for _, order in page]
        return _body({"list": rows, "cursor": cursor})

    def offer(self, order: Order) -> bool:
        """Keep the larger order of a symbol, side and second; of two equal ones one."""
        key = (order.contract.symbol, order.side)
        largest = self._samples.get(key)
        if largest is None or order.usd > largest.usd:
            self._samples[key] = order
        return largest is None

    def flush(self, market_ms: int, *, final: bool = False) -> None:
        """Send the samples, once a second, one frame a symbol."""
        if not final and market_ms < self._sampled_ms + SAMPLE_MS:
            return
        self._sampled_ms = market_ms
        samples, self._samples = self._samples, {}
        frames: dict[str, list[Order]] = {}
        for order in samples.values():
            frames.setdefault(order.contract.symbol, []).append(order)
        for orders in frames.values():
            self.publish(orders)

    def pulse(self, now: int) -> None:
        """Send tickers four times a second."""
        if now < self._ticked_ms + TICKER_MS:
            return
        self._ticked_ms = now
        for topic in self.hub.topics():
            line, kind, *symbol = topic.split(" ")
            contract = self.contracts.get(symbol[0]) if symbol else None
            if kind == TICKER and contract:
                price = contract.price_text(self.prices.usd[contract.coin] * contract.multiplier)
                arg = {"instType": line, "topic": TICKER, "symbol": contract.symbol}
                row = {"lastPrice": price, "markPrice": price, "indexPrice": price}
                self.hub.push(topic, msgspec.json.encode({"action": "snapshot", "arg": arg, "data": [row], "ts": now}))

    def encode(self, orders: Sequence[Order], sent_ms: int) -> tuple[str, bytes]:
        """Write a push; where rows are bad, an impossible one stands between the good ones."""
        rows = [_row(order) for order in orders]
        if self.rng.random() < self.bad_rows:
            rows.insert(self.rng.randrange(len(rows) + 1), rows[0] | self.rng.choice(_BAD_ROWS))
        line = orders[0].contract.line
        arg = {"instType": line, "topic": LIQUIDATIONS}
        return f"{line} {LIQUIDATIONS}", msgspec.json.encode(
            {"action": "update", "arg": arg, "data": rows, "ts": sent_ms}
        )

    def junk(self) -> Frame:
        """Return broken JSON, unknown topics or rows of the wrong shape."""
        return draw_garbage(self.rng, _JUNK)

    def attended(self) -> bool:
        """Whether all three lines have subscribers."""
        return {f"{line} {LIQUIDATIONS}" for line in LINES} <= self.hub.topics()

    def _obey(self, socket: Socket, op: str, arg: dict[str, str]) -> None:
        line, kind, symbol = arg.get("instType", ""), arg.get("topic", ""), arg.get("symbol", "")
        topic = " ".join(filter(None, (line, kind, symbol)))
        contract = self.contracts.get(symbol)
        known = (kind == LIQUIDATIONS and line in LINES) or (
            kind == TICKER and contract is not None and contract.line == line and symbol not in self.unlisted
        )
        if self.faults.on("refuse_subscriptions") or not (known or "channel" in arg):
            answer = {"event": "error", "arg": arg, "code": "30001", "msg": f"{topic} doesn't exist"}
        else:
            answer = {"event": op, "arg": arg}
        socket.send(msgspec.json.encode(answer))
        if answer["event"] == "subscribe" and known:
            socket.topics.add(topic)
            self.subscribed(socket)
        elif answer["event"] == "unsubscribe":
            socket.topics.discard(topic)


def _body(data: object) -> bytes:
    return msgspec.json.encode({"code": "00000", "msg": "success", "requestTime": now_ms(), "data": data})


def _row(order: Order) -> dict[str, Any]:
    """Write one row: "buy" is the side of a long position, the amount is in the quote coin."""
    return {
        "symbol": order.contract.symbol,
        "side": "buy" if order.side == LONG else "sell",
        "price": order.price,
        "amount": order.quantity,
        "ts": str(order.time_ms),
    }


def _base_amount(order: Order) -> str:
    return f"{Decimal(order.quantity) / Decimal(order.price):.18f}"
