"""HTX as its documents describe it: compressed frames, pings to be echoed, and months of the past in two shapes."""

import gzip
import json
from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
from aiohttp import WSMsgType, web

from exporter.model import LONG
from exporter.simulator.batches import Batches
from exporter.simulator.contracts import Contract
from exporter.simulator.exchange import SimulatedExchange, now_ms
from exporter.simulator.garbage import Frame, draw_garbage
from exporter.simulator.htx_contracts import FUTURES, LINEAR, SWAP, contracts, describe
from exporter.simulator.market import Prices
from exporter.simulator.orders import Order
from exporter.simulator.sockets import Socket

TOPIC = "public.*.liquidation_orders"
PING_MS = 5000
PINGS_UNANSWERED = 5
BATCH_MS = 150
PAGE = 100
OLD_PAGE = 20
LINES = {"/linear-swap-notification": LINEAR, "/swap-notification": SWAP, "/notification": FUTURES}
PATHS = {
    "/linear-swap-api/v1/swap_contract_info": LINEAR,
    "/swap-api/v1/swap_contract_info": SWAP,
    "/api/v1/contract_contract_info": FUTURES,
    "/v5/market/liquidation_orders": LINEAR,
    "/swap-api/v3/swap_liquidation_orders": SWAP,
    "/api/v3/contract_liquidation_orders": FUTURES,
}

_BAD_ROWS: tuple[dict[str, Any], ...] = (
    {"price": 0},
    {"price": -1.5},
    {"price": None},
    {"volume": 0},
    {"volume": "many"},
    {"volume": []},
    {"direction": "long"},
    {"direction": ""},
    {"contract_code": ""},
    {"created_at": 1763600000},
    {"created_at": "soon"},
)
"""What makes a row impossible."""

_HEAD = b'{"op":"notify","topic":"public.BTC-USDT.liquidation_orders","ts":1763600000000,'
_JUNK = (
    _HEAD + b'"data":null}',
    _HEAD + b'"data":{}}',
    _HEAD + b'"data":[7,"x",null,{"contract_code":"BTC-USDT"}]}',
    b'{"op":"notify","topic":"public.BTC-USDT.funding_rate","ts":1763600000000,"data":[]}',
    b'{"op":"auth","type":"api","ts":1489474081631,"err-code":0,"data":{}}',
    b'{"ping":18212558000}',
)


class SimulatedHtx(SimulatedExchange):
    """HTX. Every frame is compressed; a ping that is not answered with the very same value, text or number, is missed.

    After five of those the socket is closed with a word of farewell.
    """

    name: ClassVar[str] = "htx"
    rest_paths: ClassVar[tuple[str, ...]] = tuple(path for path in PATHS if path.endswith("_info"))
    past_paths: ClassVar[tuple[str, ...]] = tuple(path for path in PATHS if path.endswith("_orders"))
    socket_paths: ClassVar[tuple[str, ...]] = tuple(LINES)

    def __init__(self, prices: Prices, seed: int) -> None:
        super().__init__(prices, seed)
        self._batches = Batches(BATCH_MS)
        self._pings: dict[Socket, list[str | int]] = {}
        self._pinged_ms = 0

    @staticmethod
    def table() -> list[Contract]:
        """Return every contract."""
        return contracts()

    def greet(self, socket: Socket, request: web.Request) -> None:  # noqa: ARG002 - every path wants the same
        """Begin with a ping."""
        socket.kind = WSMsgType.BINARY
        self._ping(socket, now_ms())

    def hear(self, socket: Socket, text: str) -> None:
        """Take pongs, answer subscriptions."""
        try:
            request = json.loads(text)
            op = request["op"]
        except (ValueError, TypeError, KeyError):
            _send(socket, {"op": "error", "ts": now_ms(), "err-code": 2000, "err-msg": "invalid request"})
            return
        if op == "pong":
            if request.get("ts") in self._pings.get(socket, []):
                self._pings[socket].clear()
            return
        topic, refused = request.get("topic", ""), self.faults.on("refuse_subscriptions")
        known = op in {"sub", "unsub"} and topic == TOPIC
        problem = (2001, "service busy") if refused else (0, "") if known else (2005, "invalid topic")
        answer = {"op": op, "cid": request.get("cid", ""), "topic": topic, "ts": now_ms(), "err-code": problem[0]}
        _send(socket, answer | ({"err-msg": problem[1]} if problem[0] else {}))
        if problem[0] == 0:
            self._subscribe(socket, request)

    def instruments(self, request: web.Request, listed: Sequence[Contract]) -> tuple[bytes, list[str]]:
        """Answer about one product line; of the linear ones only perpetuals unless all are asked for."""
        chosen = [each for each in listed if each.line == PATHS[request.path]]
        if request.path.startswith("/linear") and request.query.get("business_type") != "all":
            chosen = [each for each in chosen if not each.expiry]
        body = {"status": "ok", "data": [describe(each) for each in chosen], "ts": now_ms()}
        return msgspec.json.encode(body), [each.symbol for each in chosen]

    def recall(self, request: web.Request) -> bytes:
        """Answer with a page of a contract's orders within two hours, the newest first, before the id that is given."""
        query = request.query
        start, end = int(query["start_time"]), int(query["end_time"])
        if not 0 <= end - start <= 7_200_000:
            return b'{"status":"error","err_code":1067,"err_msg":"the query window is too large","ts":0}'
        wanted = query.get("contract_code") or query.get("contract") or query.get("symbol")
        before = int(query.get("from") or query.get("from_id") or 2**62)
        found = [
            (number, record.order)
            for number, record in enumerate(self.records, 1)
            if record.order.contract.line == PATHS[request.path]
            and wanted in {record.order.contract.symbol, record.order.contract.coin}
            and start <= record.order.time_ms <= end
            and number < before
        ]
        new = request.path.startswith("/v5")
        page = found[::-1][: PAGE if new else OLD_PAGE]
        rows = [(_new_row if new else _old_row)(number, order) for number, order in page]
        return msgspec.json.encode({"code": 200, "msg": "", "data": rows, "ts": now_ms()})

    def offer(self, order: Order) -> bool:
        """Put every order into its contract's next frame."""
        self._batches.add(order)
        return True

    def flush(self, market_ms: int, *, final: bool = False) -> None:
        """Send what happened in a moment, one frame a contract."""
        for orders in self._batches.due(market_ms, final=final):
            self.publish(orders)

    def pulse(self, now: int) -> None:
        """Ping every client every five seconds, and end those that do not answer."""
        self._pings = {socket: values for socket, values in self._pings.items() if socket in self.hub.sockets}
        if now < self._pinged_ms + PING_MS:
            return
        self._pinged_ms = now
        for socket, values in list(self._pings.items()):
            if len(values) >= PINGS_UNANSWERED:
                _send(socket, {"op": "close", "ts": now})
                socket.close()
            else:
                self._ping(socket, now)

    def encode(self, orders: Sequence[Order], sent_ms: int) -> tuple[str, bytes]:
        """Write a notification; where rows are bad, an impossible one stands between the good ones."""
        rows = [_row(order) for order in orders]
        if self.rng.random() < self.bad_rows:
            rows.insert(self.rng.randrange(len(rows) + 1), rows[0] | self.rng.choice(_BAD_ROWS))
        contract = orders[0].contract
        name = contract.coin if contract.line == FUTURES else contract.symbol
        frame = {"op": "notify", "topic": f"public.{name}.liquidation_orders", "ts": sent_ms, "data": rows}
        dated = contract.line == LINEAR and contract.expiry
        return f"{contract.line}{' dated' if dated else ''}", msgspec.json.encode(frame)

    def wrap(self, socket: Socket, topic: str, frame: bytes) -> bytes:  # noqa: ARG002 - all are compressed
        """Compress a frame."""
        return gzip.compress(frame, compresslevel=1)

    def junk(self) -> Frame:
        """Return what no client can use, mostly compressed as everything here."""
        frame, kind = draw_garbage(self.rng, _JUNK)
        return (gzip.compress(frame, compresslevel=1), WSMsgType.BINARY) if self.rng.random() < 0.8 else (frame, kind)

    def attended(self) -> bool:
        """Whether all three lines have subscribers."""
        return set(LINES.values()) <= self.hub.topics()

    def _subscribe(self, socket: Socket, request: dict[str, Any]) -> None:
        """Remember a subscription; of the linear contracts the dated ones come to those who ask for all."""
        line = LINES[socket.path]
        topics = {line, f"{line} dated"} if request.get("business_type") == "all" else {line}
        if request["op"] == "unsub":
            socket.topics -= topics
            return
        socket.topics |= topics
        self.subscribed(socket)

    def _ping(self, socket: Socket, now: int) -> None:
        """Ping with the time, which is a number here and a text there."""
        value = str(now) if self.rng.random() < 0.5 else now
        self._pings.setdefault(socket, []).append(value)
        _send(socket, {"op": "ping", "ts": value})


def _send(socket: Socket, message: dict[str, Any]) -> None:
    socket.send(gzip.compress(msgspec.json.encode(message), compresslevel=1))


def _row(order: Order) -> dict[str, Any]:
    """Write a row of a notification: numbers are numbers, `direction` is that of the closing order."""
    base, usd = order.contract.size(order.quantity, order.price)
    row = {
        "contract_code": order.contract.symbol,
        "symbol": order.contract.coin,
        "direction": "sell" if order.side == LONG else "buy",
        "offset": "close",
        "volume": float(order.quantity),
        "price": float(order.price),
        "created_at": order.time_ms,
        "amount": base,
    }
    return row | ({"trade_turnover": usd, "business_type": "swap"} if order.contract.line == LINEAR else {})


def _old_row(number: int, order: Order) -> dict[str, Any]:
    return {"query_id": number} | _row(order)


def _new_row(number: int, order: Order) -> dict[str, Any]:
    """Write a row of the newer interface: other names, and everything as text."""
    base, usd = order.contract.size(order.quantity, order.price)
    return {
        "id": str(number),
        "contract_code": order.contract.symbol,
        "liquidation_time": str(order.time_ms),
        "side": "sell" if order.side == LONG else "buy",
        "position_side": order.side,
        "volume": order.quantity,
        "amount": str(base),
        "bankrupt_price": order.price,
        "trade_turnover": str(usd),
    }
