"""OKX as its documents describe it: whole product lines on one socket, late rows, and the last day on request."""

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
from aiohttp import web

from exporter.model import LONG
from exporter.simulator.contracts import Contract
from exporter.simulator.exchange import SimulatedExchange
from exporter.simulator.garbage import Frame, draw_garbage
from exporter.simulator.limits import Limits, Rate
from exporter.simulator.market import Prices
from exporter.simulator.okx_contracts import FUTURES, SWAP, contracts, family, instruments
from exporter.simulator.orders import Order
from exporter.simulator.sockets import Socket

LIQUIDATIONS = "liquidation-orders"
MARK_PRICE = "mark-price"
IDLE_LIMIT_S = 30.0
PRICE_MS = 200
BATCH_MS = 300
NET_SHARE = 0.3
LATE_SHARE = 0.1
LATE_MS = 1500
PAGE = 100

_BAD_ROWS: tuple[dict[str, Any], ...] = (
    {"bkPx": "0"},
    {"bkPx": "-1"},
    {"bkPx": ""},
    {"bkPx": None},
    {"sz": "0"},
    {"sz": "1e400"},
    {"sz": []},
    {"ts": "1763600000"},
    {"ts": ""},
    {"posSide": "both"},
    {"posSide": "net", "side": ""},
)
"""What makes a row impossible."""

_ARG = b'{"arg":{"channel":"liquidation-orders","instType":"SWAP"},'
_NAMELESS = b'{"instId":"","details":[{"side":"sell","posSide":"net","sz":"1","bkPx":"1","ts":"1763600000000"}]}'
_JUNK = (
    _ARG + b'"data":null}',
    _ARG + b'"data":[7]}',
    _ARG + b'"data":[{"instId":"BTC-USDT-SWAP"}]}',
    _ARG + b'"data":[{"instId":"BTC-USDT-SWAP","details":[7,null,{"side":"sell"}]}]}',
    _ARG + b'"data":[%b]}' % _NAMELESS,
    b'{"arg":{"channel":"mark-price","instId":"BTC-USDT-SWAP"},"data":[]}',
    b'{"arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"action":"update","data":[]}',
    b'{"event":"channel-conn-count","channel":"orders","connCount":"2","connId":"abcd1234"}',
    b'{"event":"login","code":"0","msg":"","connId":"a4d3ae55"}',
)


class _Request(msgspec.Struct):
    op: str = ""
    args: list[dict[str, str]] = []
    id: str | None = None


class SimulatedOkx(SimulatedExchange):
    """OKX. A line's first push repeats recent orders, some rows come late, and accounts that net say only the order."""

    name: ClassVar[str] = "okx"
    limits: ClassVar[Limits] = Limits(connects=Rate(3, 1.0), requests=Rate(480, 3600.0))
    rest_paths: ClassVar[tuple[str, ...]] = ("/api/v5/public/instruments",)
    past_paths: ClassVar[tuple[str, ...]] = ("/api/v5/public/liquidation-orders",)
    socket_paths: ClassVar[tuple[str, ...]] = ("/ws/v5/public",)

    def __init__(self, prices: Prices, seed: int) -> None:
        super().__init__(prices, seed)
        self.idle_limit_s = IDLE_LIMIT_S
        self._batches: dict[str, list[Order]] = {}
        self._late: list[tuple[int, Order]] = []
        self._last: tuple[Order | None, bool] = (None, False)
        self._flushed_ms = self._priced_ms = 0
        self._net: dict[int, bool] = {}

    @staticmethod
    def table() -> list[Contract]:
        """Return every contract."""
        return contracts()

    def greet(self, socket: Socket, request: web.Request) -> None:
        """Say nothing: OKX waits for the client."""

    def hear(self, socket: Socket, text: str) -> None:
        """Answer the text ping, subscribe and unsubscribe; every channel of a request is answered by itself."""
        if text == "ping":
            socket.send(b"pong")
            return
        try:
            request = msgspec.json.decode(text, type=_Request)
        except msgspec.DecodeError:
            _answer(socket, _Request(), "error", code="60012", msg=f"Invalid request: {text[:100]}")
            return
        if request.op not in {"subscribe", "unsubscribe"}:
            _answer(socket, request, "error", code="60012", msg=f"Invalid request: {text[:100]}")
            return
        for arg in request.args:
            self._obey(socket, request, arg)

    def instruments(self, request: web.Request, listed: Sequence[Contract]) -> tuple[bytes, list[str]]:
        """Answer about one product line."""
        line = request.query.get("instType", "")
        chosen = [contract for contract in listed if contract.line == line]
        return msgspec.json.encode(instruments(chosen)), [contract.symbol for contract in chosen]

    def recall(self, request: web.Request) -> bytes:
        """Answer with the newest 100 orders of a family that are older than `after`."""
        line, wanted = request.query.get("instType"), request.query.get("instFamily")
        after = int(request.query.get("after") or 2**62)
        orders = [
            record.order
            for record in self.records
            if (record.order.contract.line, family(record.order.contract)) == (line, wanted)
            and record.order.time_ms < after
        ]
        newest = sorted(orders, key=lambda order: -order.time_ms)[:PAGE]
        return msgspec.json.encode({"code": "0", "msg": "", "data": self._entries(newest)})

    def offer(self, order: Order) -> bool:
        """Put every order into its contract's batch; some come through another source, which is slower.

        Two equal orders come the same way: apart, they could not be told from one that is repeated.
        """
        last, late = self._last
        late = late if last is order else self.rng.random() < LATE_SHARE
        self._last = (order, late)
        if late:
            self._late.append((order.time_ms + LATE_MS, order))
        else:
            self._batches.setdefault(order.contract.symbol, []).append(order)
        return True

    def flush(self, market_ms: int, *, final: bool = False) -> None:
        """Send the batches, one frame a contract, and what is late."""
        if not final and market_ms < self._flushed_ms + BATCH_MS:
            return
        self._flushed_ms = market_ms
        batches, self._batches = self._batches, {}
        for orders in batches.values():
            self.publish(orders)
        due: dict[str, list[Order]] = {}
        for due_ms, order in self._late:
            if final or due_ms <= market_ms:
                due.setdefault(order.contract.symbol, []).append(order)
        self._late = [] if final else [late for late in self._late if late[0] > market_ms]
        for orders in due.values():
            self.publish(orders)

    def pulse(self, now: int) -> None:
        """Send mark prices five times a second."""
        if now < self._priced_ms + PRICE_MS:
            return
        self._priced_ms = now
        for topic in self.hub.topics():
            channel, _, symbol = topic.partition(" ")
            contract = self.contracts.get(symbol)
            if channel == MARK_PRICE and contract:
                price = contract.price_text(self.prices.usd[contract.coin])
                row = {"instType": contract.line, "instId": symbol, "markPx": price, "ts": str(now)}
                frame = {"arg": {"channel": MARK_PRICE, "instId": symbol}, "data": [row]}
                self.hub.push(topic, msgspec.json.encode(frame))

    def encode(self, orders: Sequence[Order], sent_ms: int) -> tuple[str, bytes]:  # noqa: ARG002 - a frame has no time
        """Write a push; where rows are bad, an impossible one stands between the good ones."""
        entries = self._entries(orders)
        details = entries[0]["details"]
        if self.rng.random() < self.bad_rows:
            details.insert(self.rng.randrange(len(details) + 1), details[0] | self.rng.choice(_BAD_ROWS))
        line = orders[0].contract.line
        frame = {"arg": {"channel": LIQUIDATIONS, "instType": line}, "data": entries}
        return f"{LIQUIDATIONS} {line}", msgspec.json.encode(frame)

    def junk(self) -> Frame:
        """Return broken JSON, unknown events or rows of the wrong shape."""
        return draw_garbage(self.rng, _JUNK)

    def attended(self) -> bool:
        """Whether both lines have subscribers."""
        return {f"{LIQUIDATIONS} {line}" for line in (SWAP, FUTURES)} <= self.hub.topics()

    def _obey(self, socket: Socket, request: _Request, arg: dict[str, str]) -> None:
        topic = f"{arg.get('channel')} {arg.get('instType') or arg.get('instId')}"
        if request.op == "unsubscribe":
            socket.topics.discard(topic)
            _answer(socket, request, "unsubscribe", arg=arg)
        elif problem := self._problem(arg):
            _answer(socket, request, "error", code="60018", msg=problem)
        else:
            _answer(socket, request, "subscribe", arg=arg)
            socket.topics.add(topic)
            if arg["channel"] == LIQUIDATIONS:
                self.hub.redeliver(socket, topic)

    def _problem(self, arg: dict[str, str]) -> str:
        """Say why a channel is refused; empty when it is not."""
        channel, line, symbol = arg.get("channel"), arg.get("instType"), arg.get("instId", "")
        if self.faults.on("refuse_subscriptions"):
            return f"Requests too frequent. channel:{channel}"
        if channel == LIQUIDATIONS and line in {SWAP, FUTURES}:
            return ""
        if channel == MARK_PRICE and symbol in self.contracts and symbol not in self.unlisted:
            return ""
        return f"Wrong URL or channel:{channel},instId:{symbol} doesn't exist. Please use the correct URL."

    def _entries(self, orders: Sequence[Order]) -> list[dict[str, Any]]:
        """Write orders as socket and REST do: grouped by contract, with the details of each."""
        entries: dict[str, dict[str, Any]] = {}
        for order in orders:
            contract = order.contract
            head = {"instType": contract.line, "instId": contract.symbol, "instFamily": family(contract)}
            entry = entries.setdefault(contract.symbol, head | {"uly": family(contract), "details": []})
            entry["details"].append(self._detail(order))
        return list(entries.values())

    def _detail(self, order: Order) -> dict[str, Any]:
        """Write one row; the same order is the same row wherever it is written."""
        net = self._net.setdefault(id(order), self.rng.random() < NET_SHARE)
        return {
            "bkLoss": "0",
            "bkPx": order.price,
            "ccy": "",
            "posSide": "net" if net else order.side,
            "side": "sell" if order.side == LONG else "buy",
            "sz": order.quantity,
            "ts": str(order.time_ms),
        }


def _answer(socket: Socket, request: _Request, event: str, **fields: Any) -> None:  # noqa: ANN401 - JSON
    named = {} if request.id is None else {"id": request.id}
    answer = named | {"event": event} | fields | {"connId": f"{id(socket):x}"[-8:]}
    socket.send(msgspec.json.encode(answer))
