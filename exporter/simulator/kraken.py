"""Kraken Futures as its documents describe it: liquidations among all trades, the last hundred on subscribing."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from aiohttp import web

from exporter.model import LONG
from exporter.simulator.contracts import Contract
from exporter.simulator.exchange import SimulatedExchange, now_ms
from exporter.simulator.garbage import Frame, draw_garbage
from exporter.simulator.kraken_contracts import INDEX, INVERSE, LINEAR, contracts, describe
from exporter.simulator.limits import Limits, Rate
from exporter.simulator.market import Prices
from exporter.simulator.orders import Order
from exporter.simulator.sockets import Socket
from exporter.simulator.tape import Tape, iso_text, usual_trade

TRADE, TICKER, HEARTBEAT = "trade", "ticker", "heartbeat"
IDLE_LIMIT_S = 60.0
TICKER_MS = 1000
ROWS = 100
USUAL = {"fill": 90, "block": 4, "assignment": 3, "termination": 3}
"""What else is on the tape, and how often."""

_BAD_ROWS: tuple[dict[str, Any], ...] = (
    {"price": 0},
    {"price": -1},
    {"price": None},
    {"qty": 0},
    {"qty": 1e300},
    {"qty": []},
    {"side": "hold"},
    {"product_id": ""},
    {"time": 1_763_600_000},
    {"time": -1},
)
"""What makes a trade impossible."""

_JUNK = (
    b'{"feed":"trade","type":"liquidation"}',
    b'{"feed":"trade","type":"gift","product_id":"PF_XBTUSD"}',
    b'{"feed":"trade","type":"liquidation","product_id":7,"time":"soon"}',
    b'{"feed":"trade_snapshot","product_id":"PF_XBTUSD","trades":null}',
    b'{"feed":"trade_snapshot","product_id":"PF_XBTUSD","trades":[7,null,"x",{"type":"liquidation"}]}',
    b'{"feed":"ticker","product_id":"PF_XBTUSD","markPrice":"much","time":0}',
    b'{"feed":"book","product_id":"PF_XBTUSD","side":"sell","seq":1,"price":34.5,"qty":0,"timestamp":1763600000000}',
    b'{"event":"challenge","message":"226aee50-88fc-4618-a42a-34f7709570b2"}',
)


class _Request(msgspec.Struct):
    event: str = ""
    feed: str = ""
    product_ids: list[str] = []


class SimulatedKraken(SimulatedExchange):
    """Kraken Futures. A new subscriber is told the last trades again, and most trades are no liquidations.

    An error does not say which request it answers; answers name their contracts in an order of their own.
    """

    name: ClassVar[str] = "kraken"
    limits: ClassVar[Limits] = Limits(sockets=100, messages=Rate(100, 1.0))
    rest_paths: ClassVar[tuple[str, ...]] = ("/derivatives/api/v3/instruments",)
    past_paths: ClassVar[tuple[str, ...]] = ("/derivatives/api/v3/history",)
    socket_paths: ClassVar[tuple[str, ...]] = ("/ws/v1",)

    def __init__(self, prices: Prices, seed: int) -> None:
        super().__init__(prices, seed)
        self.idle_limit_s = IDLE_LIMIT_S
        self._tape = Tape()
        self._waiting: list[Order] = []
        self._seq: Counter[str] = Counter()
        self._ticked_ms = 0

    @staticmethod
    def table() -> list[Contract]:
        """Return every contract."""
        return contracts()

    def greet(self, socket: Socket, request: web.Request) -> None:  # noqa: ARG002 - every address is greeted alike
        """Say which version this is."""
        socket.send(b'{"event":"info","version":1}')

    def hear(self, socket: Socket, text: str) -> None:
        """Answer subscribe and unsubscribe."""
        try:
            request = msgspec.json.decode(text, type=_Request)
        except msgspec.DecodeError:
            _refuse(socket, "Json Error")
            return
        if request.event not in {"subscribe", "unsubscribe"}:
            _refuse(socket, "Bad websocket message")
        elif problem := self._problem(request):
            _refuse(socket, problem)
        else:
            self._obey(socket, request)

    def instruments(self, request: web.Request, listed: Sequence[Contract]) -> tuple[bytes, list[str]]:  # noqa: ARG002 - one list
        """Answer about all contracts; an index is listed with them."""
        rows = [INDEX, *(describe(contract) for contract in listed)]
        body = {"result": "success", "instruments": rows, "serverTime": iso_text(now_ms())}
        return msgspec.json.encode(body), [contract.symbol for contract in listed]

    def recall(self, request: web.Request) -> bytes:
        """Answer with the newest 100 trades of a contract before an instant."""
        last = datetime.fromisoformat(request.query["lastTime"])
        trades = self._tape.newest(request.query["symbol"], ROWS, round(last.timestamp() * 1000))
        body = {"result": "success", "history": [_past_row(trade.row) for trade in trades]}
        return msgspec.json.encode(body | {"serverTime": iso_text(now_ms())})

    def offer(self, order: Order) -> bool:
        """Take every order."""
        self._waiting.append(order)
        return True

    def flush(self, market_ms: int, *, final: bool = False) -> None:  # noqa: ARG002 - a tape has no batches
        """Send every trade by itself, what else is traded in between."""
        orders, self._waiting = self._waiting, []
        for order in orders:
            self._send_usual(order)
            self.publish([order])

    def pulse(self, now: int) -> None:
        """Send a ticker a second."""
        if now < self._ticked_ms + TICKER_MS:
            return
        self._ticked_ms = now
        for topic in self.hub.topics():
            feed, _, symbol = topic.partition(" ")
            contract = self.contracts.get(symbol)
            if feed == TICKER and contract:
                price = self.prices.usd[contract.coin]
                row = {"time": now, "product_id": symbol, "feed": TICKER, "bid": price, "ask": price, "index": price}
                self.hub.push(topic, msgspec.json.encode(row | {"markPrice": price, "tag": contract.kind}))
            elif feed == HEARTBEAT:
                self.hub.push(topic, msgspec.json.encode({"feed": HEARTBEAT, "time": now}))

    def encode(self, orders: Sequence[Order], sent_ms: int) -> tuple[str, bytes]:  # noqa: ARG002 - a trade has its own time
        """Write the one trade of a push."""
        (order,) = orders
        row = self._trade(order, "liquidation")
        self._tape.add(order.contract.symbol, order.time_ms, row)
        return f"{TRADE} {order.contract.symbol}", msgspec.json.encode(row)

    def junk(self) -> Frame:
        """Return broken JSON, unknown feeds or trades of the wrong shape."""
        return draw_garbage(self.rng, _JUNK)

    def attended(self) -> bool:
        """Whether contracts of both kinds have subscribers."""
        heard = [topic.removeprefix(f"{TRADE} ") for topic in self.hub.topics() if topic.startswith(f"{TRADE} ")]
        return {self.contracts[symbol].line for symbol in heard} == {LINEAR, INVERSE}

    def trade(self, order: Order) -> None:
        """Send an ordinary trade."""
        self._send_usual(order)

    def _send_usual(self, order: Order) -> None:
        """Send a trade that is no liquidation, and where trades are bad, one that cannot be."""
        kind = self.rng.choices(list(USUAL), list(USUAL.values()))[0]
        row = self._trade(usual_trade(self.rng, order), kind)
        topic = f"{TRADE} {order.contract.symbol}"
        self._tape.add(order.contract.symbol, order.time_ms, row)
        self.hub.push(topic, msgspec.json.encode(row))
        if self.rng.random() < self.bad_rows:
            bad = row | {"type": "liquidation"} | self.rng.choice(_BAD_ROWS)
            self.hub.push(topic, msgspec.json.encode(bad))

    def _problem(self, request: _Request) -> str:
        """Say why a request is refused; empty when it is not."""
        if self.faults.on("refuse_subscriptions"):
            return "Internal error"
        if request.feed not in {TRADE, TICKER, HEARTBEAT}:
            return "Invalid feed"
        known = self.contracts.keys() - self.unlisted
        return "" if known >= set(request.product_ids) else "Invalid product id"

    def _obey(self, socket: Socket, request: _Request) -> None:
        topics = {f"{request.feed} {symbol}" for symbol in request.product_ids or [""]}
        answer: dict[str, Any] = {"event": f"{request.event}d", "feed": request.feed}
        if request.product_ids:
            answer["product_ids"] = request.product_ids[::-1]
        socket.send(msgspec.json.encode(answer))
        if request.event == "unsubscribe":
            socket.topics -= topics
            return
        socket.topics |= topics
        for symbol in request.product_ids if request.feed == TRADE else ():
            trades = [trade.row for trade in self._tape.newest(symbol, ROWS)]
            snapshot = {"feed": "trade_snapshot", "product_id": symbol, "trades": trades}
            socket.send(msgspec.json.encode(snapshot))

    def _trade(self, order: Order, kind: str) -> dict[str, Any]:
        symbol = order.contract.symbol
        self._seq[symbol] += 1
        return {
            "feed": TRADE,
            "product_id": symbol,
            "uid": str(UUID(int=self.rng.getrandbits(128), version=4)),
            "side": "sell" if order.side == LONG else "buy",
            "type": kind,
            "seq": self._seq[symbol],
            "time": order.time_ms,
            "qty": float(order.quantity),
            "price": float(order.price),
        }


def _refuse(socket: Socket, message: str) -> None:
    socket.send(msgspec.json.encode({"event": "error", "message": message}))


def _past_row(row: dict[str, Any]) -> dict[str, Any]:
    """Write a trade as REST does: other names, and the time as text."""
    kept = {name: row[name] for name in ("uid", "side", "type", "price")}
    return kept | {"time": iso_text(row["time"]), "trade_id": row["seq"], "size": row["qty"]}
