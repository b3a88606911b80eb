"""Deribit as its documents describe it: one tape of all futures, liquidated takers and makers, and the last day."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import msgspec
from aiohttp import web

from exporter.model import LONG, SHORT
from exporter.simulator.batches import Batches
from exporter.simulator.contracts import Contract
from exporter.simulator.deribit_contracts import contracts, describe
from exporter.simulator.exchange import SimulatedExchange, now_ms
from exporter.simulator.garbage import Frame, draw_garbage
from exporter.simulator.limits import Limits, Rate
from exporter.simulator.market import Prices
from exporter.simulator.orders import Order
from exporter.simulator.sockets import Socket
from exporter.simulator.tape import Tape, usual_trade

TRADES = "trades.future.any.100ms"
TICKER = "ticker."
BATCH_MS = 100
TICKER_MS = 1000
LEAST_INTERVAL_S = 10
MAKER_SHARE = 0.3
BOTH_SHARE = 0.1

_BAD_ROWS: tuple[dict[str, Any], ...] = (
    {"price": 0},
    {"price": -1},
    {"price": None},
    {"amount": 0},
    {"amount": 1e300},
    {"amount": {}},
    {"direction": "hold"},
    {"liquidation": "X"},
    {"liquidation": 7},
    {"instrument_name": ""},
    {"timestamp": 1_763_600_000},
    {"timestamp": "soon"},
)
"""What makes a trade impossible."""

_HEAD = b'{"jsonrpc":"2.0","method":"subscription","params":{"channel":"trades.future.any.100ms",'
_JUNK = (
    _HEAD + b'"data":null}}',
    _HEAD + b'"data":{}}}',
    _HEAD + b'"data":[7,null,"x",{"liquidation":"T"}]}}',
    b'{"jsonrpc":"2.0","method":"subscription","params":{"channel":"ticker.BTC-PERPETUAL.agg2","data":[]}}',
    b'{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.BTC-PERPETUAL.100ms","data":{}}}',
    b'{"jsonrpc":"2.0","method":"subscription","params":7}',
    b'{"jsonrpc":"2.0","method":"gossip","params":{}}',
    b'{"jsonrpc":"2.0"}',
)


class _Request(msgspec.Struct):
    method: str = ""
    params: dict[str, Any] = {}
    id: int | None = None


class SimulatedDeribit(SimulatedExchange):
    """Deribit. A trade can be a liquidation of its taker, of its maker, whose side is the other one, or of both.

    Channels that do not exist are left out of the answer without a word, and who does not answer a test is cut.
    """

    name: ClassVar[str] = "deribit"
    limits: ClassVar[Limits] = Limits(sockets=32, requests=Rate(10, 3.0))
    rest_paths: ClassVar[tuple[str, ...]] = ("/api/v2/public/get_instruments",)
    past_paths: ClassVar[tuple[str, ...]] = ("/api/v2/public/get_last_trades_by_currency_and_time",)
    socket_paths: ClassVar[tuple[str, ...]] = ("/ws/api/v2",)

    def __init__(self, prices: Prices, seed: int) -> None:
        super().__init__(prices, seed)
        self._batches = Batches(BATCH_MS)
        self._tape = Tape()
        self._numbers: Counter[str] = Counter()
        self._ticked_ms = 0
        self._tests: dict[Socket, tuple[int, int]] = {}
        self._untested: set[Socket] = set()

    @staticmethod
    def table() -> list[Contract]:
        """Return every contract."""
        return contracts()

    def greet(self, socket: Socket, request: web.Request) -> None:
        """Say nothing: Deribit waits for the client."""

    def hear(self, socket: Socket, text: str) -> None:
        """Answer subscribe, unsubscribe, set_heartbeat and test."""
        try:
            request = msgspec.json.decode(text, type=_Request)
        except msgspec.DecodeError:
            _answer(socket, _Request(), error={"code": -32700, "message": "Parse error"})
            return
        match request.method:
            case "public/subscribe" | "public/unsubscribe":
                self._subscribe(socket, request)
            case "public/set_heartbeat":
                self._set_heartbeat(socket, request)
            case "public/test":
                self._untested.discard(socket)
                _answer(socket, request, result={"version": "1.2.26"})
            case _:
                _answer(socket, request, error={"code": -32601, "message": "Method not found"})

    def instruments(self, request: web.Request, listed: Sequence[Contract]) -> tuple[bytes, list[str]]:
        """Answer about the contracts of one settlement currency or of any."""
        currency = request.query["currency"]
        chosen = [contract for contract in listed if currency in ("any", contract.settle)]
        body = {"jsonrpc": "2.0", "result": [describe(contract) for contract in chosen], "testnet": False}
        return msgspec.json.encode(body), [contract.symbol for contract in chosen]

    def recall(self, request: web.Request) -> bytes:
        """Answer with the oldest trades of a settlement currency in a span, both of its ends included."""
        query = request.query
        symbols = [each.symbol for each in self.contracts.values() if each.settle == query["currency"]]
        start, end = int(query["start_timestamp"]), int(query["end_timestamp"])
        trades = [trade for symbol in symbols for trade in self._tape.between(symbol, start, end + 1)]
        rows = [trade.row for trade in sorted(trades, key=lambda trade: trade.time_ms)]
        count = int(query.get("count", "10"))
        result = {"trades": rows[:count], "has_more": len(rows) > count}
        return msgspec.json.encode({"jsonrpc": "2.0", "result": result, "testnet": False})

    def offer(self, order: Order) -> bool:
        """Put every order into its contract's batch."""
        self._batches.add(order)
        return True

    def flush(self, market_ms: int, *, final: bool = False) -> None:
        """Send the batches ten times a second; now and then a liquidated account trades with another."""
        for orders in self._batches.due(market_ms, final=final):
            self.publish([each for order in orders for each in self._parties(order)])

    def pulse(self, now: int) -> None:
        """Send a ticker a second, and tests to whoever asked for them."""
        self._test(now)
        if now < self._ticked_ms + TICKER_MS:
            return
        self._ticked_ms = now
        for topic in self.hub.topics():
            contract = self.contracts.get(topic.removeprefix(TICKER).rpartition(".")[0])
            if contract:
                price = self.prices.usd[contract.coin]
                row = {"timestamp": now, "instrument_name": contract.symbol, "mark_price": price, "state": "open"}
                self.hub.push(topic, _notification(topic, row | {"index_price": price, "last_price": price}))

    def encode(self, orders: Sequence[Order], sent_ms: int) -> tuple[str, bytes]:  # noqa: ARG002 - trades have their own times
        """Write trades with what else is traded; where rows are bad, an impossible one stands between the good ones."""
        rows = [row for trade in _trades(orders) for row in self._rows(*trade)]
        for row in rows:
            self._tape.add(row["instrument_name"], row["timestamp"], row)
        if self.rng.random() < self.bad_rows:
            bad = rows[0] | {"liquidation": "T"} | self.rng.choice(_BAD_ROWS)
            rows.insert(self.rng.randrange(len(rows) + 1), bad)
        return TRADES, _notification(TRADES, rows)

    def junk(self) -> Frame:
        """Return broken JSON, unknown channels or rows of the wrong shape."""
        return draw_garbage(self.rng, _JUNK)

    def attended(self) -> bool:
        """Whether the tape has subscribers."""
        return TRADES in self.hub.topics()

    def trade(self, order: Order) -> None:
        """Send an ordinary trade."""
        usual = usual_trade(self.rng, order)
        row = self._row(usual, sells=usual.side == LONG)
        self._tape.add(order.contract.symbol, order.time_ms, row)
        self.hub.push(TRADES, _notification(TRADES, [row]))

    def _parties(self, order: Order) -> tuple[Order, ...]:
        if self.rng.random() >= BOTH_SHARE:
            return (order,)
        other = SHORT if order.side == LONG else LONG
        return (order, msgspec.structs.replace(order, side=other))

    def _rows(self, order: Order, both: bool) -> Iterator[dict[str, Any]]:
        """Write a trade that was a liquidation, and one that was none."""
        maker = self.rng.random() < MAKER_SHARE
        sells = (order.side == LONG) is not maker
        flag = "MT" if both else "M" if maker else "T"
        yield self._row(order, sells=sells) | {"liquidation": flag}
        usual = usual_trade(self.rng, order)
        yield self._row(usual, sells=usual.side == LONG)

    def _row(self, order: Order, *, sells: bool) -> dict[str, Any]:
        contract = order.contract
        currency = contract.symbol.partition("-")[0]
        self._numbers[currency] += 1
        number = f"{self._numbers[currency]}"
        return {
            "trade_seq": self._numbers[currency],
            "trade_id": number if currency == "BTC" else f"{currency}-{number}",
            "timestamp": order.time_ms,
            "tick_direction": 2,
            "price": float(order.price),
            "mark_price": float(order.price),
            "index_price": float(order.price),
            "instrument_name": contract.symbol,
            "direction": "sell" if sells else "buy",
            "amount": float(order.quantity),
        }

    def _subscribe(self, socket: Socket, request: _Request) -> None:
        if self.faults.on("refuse_subscriptions"):
            _answer(socket, request, error={"code": 10028, "message": "too_many_requests"})
            return
        asked = request.params.get("channels", [])
        known = {f"{TICKER}{symbol}.agg2" for symbol in self.contracts.keys() - self.unlisted} | {TRADES}
        channels = [channel for channel in asked if channel in known]
        _answer(socket, request, result=channels)
        if request.method == "public/unsubscribe":
            socket.topics -= set(channels)
            return
        socket.topics |= set(channels)
        self.subscribed(socket)

    def _set_heartbeat(self, socket: Socket, request: _Request) -> None:
        interval = request.params.get("interval", 0)
        if interval < LEAST_INTERVAL_S:
            _answer(socket, request, error={"code": -32602, "message": "Invalid params"})
            return
        self._tests[socket] = (interval * 1000, now_ms() + interval * 1000)
        _answer(socket, request, result="ok")

    def _test(self, now: int) -> None:
        """Test the clients whose time has come, cut those that did not answer the test before."""
        self._tests = {socket: test for socket, test in self._tests.items() if socket in self.hub.sockets}
        self._untested &= self._tests.keys()
        for socket, (interval_ms, due_ms) in self._tests.items():
            if now < due_ms:
                continue
            if socket in self._untested:
                socket.close()
                continue
            self._tests[socket] = (interval_ms, now + interval_ms)
            self._untested.add(socket)
            socket.send(b'{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}')


def _trades(orders: Sequence[Order]) -> Iterator[tuple[Order, bool]]:
    """Return the trades that closed the positions: two orders that differ in nothing but their side are one."""
    waiting = list(orders)
    while waiting:
        order = waiting.pop(0)
        other = waiting[0] if waiting else order
        both = other.side != order.side and msgspec.structs.replace(other, side=order.side) == order
        if both:
            waiting.pop(0)
        yield order, both


def _notification(channel: str, data: object) -> bytes:
    params = {"channel": channel, "data": data}
    return msgspec.json.encode({"jsonrpc": "2.0", "method": "subscription", "params": params})


def _answer(socket: Socket, request: _Request, **fields: Any) -> None:  # noqa: ANN401 - JSON
    named = {} if request.id is None else {"id": request.id}
    socket.send(msgspec.json.encode({"jsonrpc": "2.0"} | named | fields | {"testnet": False}))
