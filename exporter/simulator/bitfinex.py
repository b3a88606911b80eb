"""Bitfinex as its documents describe it: arrays on numbered channels, and every liquidation announced and executed."""

import json
from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
from aiohttp import web

from exporter.model import LONG
from exporter.simulator.batches import Batches
from exporter.simulator.bitfinex_contracts import contracts
from exporter.simulator.contracts import Contract
from exporter.simulator.exchange import SimulatedExchange, now_ms
from exporter.simulator.garbage import Frame, draw_garbage
from exporter.simulator.limits import Limits, Rate
from exporter.simulator.market import Prices
from exporter.simulator.orders import Order
from exporter.simulator.sockets import Socket

LIQUIDATIONS = "liq:global"
STATUS = "deriv:"
BATCH_MS = 200
STATUS_MS = 2000
HEARTBEAT_MS = 15_000
CHANNELS = 25
MARGIN_SHARE = 0.1
LARGEST_ANSWER = 500

_BAD_ROWS: tuple[tuple[int, Any], ...] = (
    (2, 1763600000),
    (4, ""),
    (4, 7),
    (5, 0),
    (5, "many"),
    (11, 0),
    (11, -1.5),
    (11, None),
    (11, []),
)
"""What makes an execution impossible: place and value."""

_JUNK = (
    b"[7]",
    b'[7,["pos"]]',
    b'[7,[["pos",1,2],[7],"x",null]]',
    b"[7,[1596124822000,null,1]]",
    b'[7,["tu",[1,2,3]]]',
    b'{"event":"auth","status":"OK","chanId":0}',
    b'[7,{"a":1}]',
)


class SimulatedBitfinex(SimulatedExchange):
    """Bitfinex. A trigger has the whole position and no price, its execution follows in the same frame.

    Positions on spot markets are liquidated on the same channel, whose first message repeats the newest rows.
    """

    name: ClassVar[str] = "bitfinex"
    limits: ClassVar[Limits] = Limits(connects=Rate(20, 60.0))
    rest_paths: ClassVar[tuple[str, ...]] = ("/v2/conf/pub:list:pair:futures",)
    past_paths: ClassVar[tuple[str, ...]] = ("/v2/liquidations/hist",)
    socket_paths: ClassVar[tuple[str, ...]] = ("/ws/2",)

    def __init__(self, prices: Prices, seed: int) -> None:
        super().__init__(prices, seed)
        self._batches = Batches(BATCH_MS)
        self._channels: dict[tuple[Socket, str], int] = {}
        self._status_ms = self._heartbeat_ms = 0

    @staticmethod
    def table() -> list[Contract]:
        """Return every contract."""
        return contracts()

    def greet(self, socket: Socket, request: web.Request) -> None:  # noqa: ARG002 - there is one path
        """Introduce itself."""
        socket.send(b'{"event":"info","version":2,"serverId":"simulated","platform":{"status":1}}')

    def hear(self, socket: Socket, text: str) -> None:
        """Answer ping, conf, subscribe and unsubscribe."""
        try:
            request = json.loads(text)
            event = request["event"]
        except (ValueError, TypeError, KeyError):
            _send(socket, {"event": "error", "msg": "invalid", "code": 10000})
            return
        if event in {"ping", "conf"}:
            _send(socket, {"event": "pong" if event == "ping" else "conf", "ts": now_ms()})
        elif event == "subscribe":
            self._subscribe(socket, request)
        else:
            _send(socket, {"event": "error", "msg": f"unknown event {event}", "code": 10001})

    def instruments(self, request: web.Request, listed: Sequence[Contract]) -> tuple[bytes, list[str]]:  # noqa: ARG002
        """Answer with the names of all futures pairs."""
        pairs = [contract.symbol.removeprefix("t") for contract in listed]
        return msgspec.json.encode([pairs]), [contract.symbol for contract in listed]

    def recall(self, request: web.Request) -> bytes:
        """Answer with triggers and executions of a span, newest first, each in an array of its own."""
        query = request.query
        start, end = int(query.get("start", 0)), int(query.get("end", 2**62))
        orders = [record.order for record in self.records if start <= record.order.time_ms <= end]
        newest = sorted(orders, key=lambda order: -order.time_ms)
        rows = [[row] for order in newest for row in (_execution(order), _trigger(order))]
        return msgspec.json.encode(rows[: min(int(query.get("limit", 120)), LARGEST_ANSWER)])

    def offer(self, order: Order) -> bool:
        """Put every order into its contract's next frame."""
        self._batches.add(order)
        return True

    def flush(self, market_ms: int, *, final: bool = False) -> None:
        """Send what happened in a moment, one frame a contract."""
        for orders in self._batches.due(market_ms, final=final):
            self.publish(orders)

    def pulse(self, now: int) -> None:
        """Send statuses every other second, and a heartbeat on every channel every 15 s."""
        self._channels = {key: number for key, number in self._channels.items() if key[0] in self.hub.sockets}
        if now >= self._heartbeat_ms + HEARTBEAT_MS:
            self._heartbeat_ms = now
            for (socket, _), number in self._channels.items():
                socket.send(b'[%d,"hb"]' % number)
        if now >= self._status_ms + STATUS_MS:
            self._status_ms = now
            for topic in self.hub.topics():
                contract = self.contracts.get(topic.removeprefix(STATUS))
                if topic.startswith(STATUS) and contract:
                    self.hub.push(topic, msgspec.json.encode(self._status(contract, now)))

    def encode(self, orders: Sequence[Order], sent_ms: int) -> tuple[str, bytes]:
        """Write a frame's rows: triggers, executions, and sometimes a position of a spot market or a broken row."""
        rows = [row for order in orders for row in (_trigger(order), _execution(order))]
        if self.rng.random() < MARGIN_SHARE:
            rows.append(["pos", 7, sent_ms, None, "tBTCUSD", 0.5, 95_000, None, 1, 1, None, 94_000])
        if self.rng.random() < self.bad_rows:
            place, value = self.rng.choice(_BAD_ROWS)
            bad = [*_execution(orders[0])]
            bad[place] = value
            rows.insert(self.rng.randrange(len(rows) + 1), bad)
        return LIQUIDATIONS, msgspec.json.encode(rows)

    def wrap(self, socket: Socket, topic: str, frame: bytes) -> bytes:
        """Put the number of the socket's channel before a message."""
        return b"[%d,%b]" % (self._channels.get((socket, topic), 0), frame)

    def junk(self) -> Frame:
        """Return broken JSON, unknown events or rows of the wrong shape."""
        return draw_garbage(self.rng, _JUNK)

    def attended(self) -> bool:
        """Whether somebody listens to the global channel."""
        return LIQUIDATIONS in self.hub.topics()

    def _subscribe(self, socket: Socket, request: dict[str, Any]) -> None:
        key = request.get("key", "")
        contract = self.contracts.get(key.removeprefix(STATUS))
        head = {"channel": request.get("channel"), "key": key}
        known = key == LIQUIDATIONS or (contract is not None and key.startswith(STATUS))
        if self.faults.on("refuse_subscriptions") or not known:
            _send(socket, {"event": "error", "msg": "key: invalid", "code": 10300} | head)
            return
        if len(socket.topics) >= CHANNELS:
            _send(socket, {"event": "error", "msg": "Reached limit of open channels", "code": 10305} | head)
            return
        self._channels[socket, key] = self.rng.randrange(1000, 500_000)
        _send(socket, {"event": "subscribed", "chanId": self._channels[socket, key]} | head)
        socket.topics.add(key)
        if key == LIQUIDATIONS:
            self.hub.redeliver(socket, key)

    def _status(self, contract: Contract, now: int) -> list[float | None]:
        price = float(contract.price_text(self.prices.usd[contract.coin]))
        fields: list[float | None] = [None] * 23
        fields[0], fields[2], fields[3], fields[14] = now, price, price, price
        return fields


def _send(socket: Socket, message: dict[str, Any]) -> None:
    socket.send(msgspec.json.encode(message))


def _position(order: Order) -> int:
    return 100_000_000 + order.time_ms % 100_000_000


def _signed(order: Order) -> float:
    """Write the amount of the position: a long's is positive."""
    return float(order.quantity) if order.side == LONG else -float(order.quantity)


def _trigger(order: Order) -> list[Any]:
    return [*_head(order), None, 0, 1, None, None]


def _execution(order: Order) -> list[Any]:
    return [*_head(order), None, 1, 1, None, float(order.price)]


def _head(order: Order) -> list[Any]:
    """Write what trigger and execution have in common; the price here is the one at which the position was opened."""
    opened = float(order.price) * 1.02
    return ["pos", _position(order), order.time_ms, None, order.contract.symbol, _signed(order), opened]
