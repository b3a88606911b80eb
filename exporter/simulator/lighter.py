"""Lighter as its documents describe it: markets by number, liquidations in a list of their own, or in none."""

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
from aiohttp import web

from exporter.model import LONG
from exporter.simulator.batches import Batches
from exporter.simulator.contracts import Contract
from exporter.simulator.exchange import SimulatedExchange, now_ms
from exporter.simulator.garbage import Frame, draw_garbage
from exporter.simulator.lighter_contracts import SPOT, contracts, describe
from exporter.simulator.limits import Limits, Rate
from exporter.simulator.market import Prices
from exporter.simulator.orders import Order
from exporter.simulator.sockets import Socket
from exporter.simulator.tape import Tape, usual_trade

TRADE, STATS = "trade", "market_stats:all"
BATCH_MS = 50
STATS_MS = 500
PING_MS = 30_000
IDLE_LIMIT_S = 120.0
SUBSCRIPTIONS = 100
INFLIGHT = 50
LAST_TRADES, LAST_LIQUIDATIONS = 50, 50
ROWS = 100
FIRST_NUMBER = 18_240_999_145
USUAL = {"trade": 94, "deleverage": 3, "market-settlement": 3}
"""What else is traded, and how often."""

_BAD_ROWS: tuple[dict[str, Any], ...] = (
    {"price": "0"},
    {"price": ""},
    {"price": None},
    {"size": "-1"},
    {"size": "1e400"},
    {"size": []},
    {"is_maker_ask": "no"},
    {"taker_position_size_before": "big"},
    {"timestamp": 1_763_600_000},
    {"timestamp": -1},
    {"trade_id": None},
    {"market_id": "BTC"},
)
"""What makes a trade impossible."""

_HEAD = b'{"type":"update/trade","channel":"trade:1","nonce":1,'
_JUNK = (
    _HEAD + b'"trades":7}',
    _HEAD + b'"trades":[],"liquidation_trades":{}}',
    _HEAD + b'"trades":null,"liquidation_trades":[7,null,"x",{"type":"liquidation"}]}',
    b'{"type":"update/market_stats","channel":"market_stats:all","market_stats":[]}',
    b'{"type":"update/market_stats","channel":"market_stats:all","market_stats":{},"timestamp":7}',
    b'{"type":"update/order_book","channel":"order_book:0","order_book":{"asks":[],"bids":[]}}',
    b'{"type":"update/height","channel":"height","height":1}',
    b'{"type":"gossip"}',
)


class _Request(msgspec.Struct):
    type: str = ""
    channel: str = ""


class SimulatedLighter(SimulatedExchange):
    """Lighter. A push without liquidations says so with an empty list, with null or with nothing.

    The answer to a subscription has the last trades and the last liquidations, which can be much older.
    """

    name: ClassVar[str] = "lighter"
    limits: ClassVar[Limits] = Limits(sockets=100, connects=Rate(80, 60.0), address_messages=Rate(200, 60.0))
    rest_paths: ClassVar[tuple[str, ...]] = ("/api/v1/orderBooks",)
    past_paths: ClassVar[tuple[str, ...]] = ("/api/v1/trades",)
    socket_paths: ClassVar[tuple[str, ...]] = ("/stream",)

    def __init__(self, prices: Prices, seed: int) -> None:
        super().__init__(prices, seed)
        self.idle_limit_s = IDLE_LIMIT_S
        self._batches = Batches(BATCH_MS)
        self._tape = Tape()
        self._asked: list[tuple[Socket, str]] = []
        self._number = FIRST_NUMBER
        self._stats_ms = 0
        self._ping_ms = now_ms() + PING_MS

    @staticmethod
    def table() -> list[Contract]:
        """Return every market."""
        return contracts()

    def greet(self, socket: Socket, request: web.Request) -> None:  # noqa: ARG002 - every address is greeted alike
        """Say that the connection stands."""
        _send(socket, type="connected", session_id="7c2a")

    def hear(self, socket: Socket, text: str) -> None:
        """Answer ping and unsubscribe at once, subscribe a moment later."""
        try:
            request = msgspec.json.decode(text, type=_Request)
        except msgspec.DecodeError:
            _send(socket, error={"code": 30001, "message": "Invalid Message"})
            return
        topic = request.channel.replace("/", ":")
        match request.type:
            case "ping":
                _send(socket, type="pong")
            case "pong":
                pass
            case "subscribe":
                self._ask(socket, topic)
            case "unsubscribe":
                socket.topics.discard(topic)
                _send(socket, type="unsubscribed", channel=topic)
            case _:
                _send(socket, error={"code": 30002, "message": "Invalid Type"})

    def instruments(self, request: web.Request, listed: Sequence[Contract]) -> tuple[bytes, list[str]]:  # noqa: ARG002 - one list
        """Answer about all markets; a spot market is listed with the perpetuals."""
        body = {"code": 200, "order_books": [*(describe(each) for each in listed), SPOT]}
        return msgspec.json.encode(body), [each.symbol for each in listed]

    def recall(self, request: web.Request) -> bytes:
        """Answer with the newest trades of a market and a type, those behind the cursor."""
        query = request.query
        rows = [row for row in self._rows(query["market_id"], 2**31) if query.get("type") in (None, "all", row["type"])]
        start = int(query.get("cursor") or 0)
        end = start + min(int(query["limit"]), ROWS)
        further = {"next_cursor": str(end)} if end < len(rows) else {}
        return msgspec.json.encode({"code": 200, "trades": rows[start:end]} | further)

    def offer(self, order: Order) -> bool:
        """Put every order into the next batch."""
        self._batches.add(order)
        return True

    def flush(self, market_ms: int, *, final: bool = False) -> None:
        """Send the batches, one frame a market, and frames without a liquidation in between."""
        for orders in self._batches.due(market_ms, final=final):
            self._send_usual(orders[0])
            self.publish(orders)

    def pulse(self, now: int) -> None:
        """Answer what was asked, send statistics twice a second, and a ping now and then."""
        asked, self._asked = self._asked, []
        for socket, topic in asked:
            self._subscribe(socket, topic)
        if now >= self._ping_ms:
            self._ping_ms = now + PING_MS
            for socket in self.hub.sockets:
                _send(socket, type="ping")
        if now < self._stats_ms + STATS_MS:
            return
        self._stats_ms = now
        stats = {symbol: self._statistics(contract) for symbol, contract in self.contracts.items()}
        frame = {"type": "update/market_stats", "channel": STATS, "timestamp": now, "market_stats": stats}
        self.hub.push(STATS, msgspec.json.encode(frame))

    def encode(self, orders: Sequence[Order], sent_ms: int) -> tuple[str, bytes]:  # noqa: ARG002 - trades have their own times
        """Write a push; where rows are bad, an impossible one stands between the good ones."""
        rows = [self._trade(order, "liquidation") for order in orders]
        if self.rng.random() < self.bad_rows:
            rows.insert(self.rng.randrange(len(rows) + 1), rows[0] | self.rng.choice(_BAD_ROWS))
        return self._push(orders[0], [], {"liquidation_trades": rows})

    def junk(self) -> Frame:
        """Return broken JSON, unknown channels or trades of the wrong shape."""
        return draw_garbage(self.rng, _JUNK)

    def attended(self) -> bool:
        """Whether every listed market has subscribers."""
        return {f"{TRADE}:{symbol}" for symbol in self.contracts.keys() - self.unlisted} <= self.hub.topics()

    def trade(self, order: Order) -> None:
        """Send an ordinary trade."""
        self._send_usual(order)

    def _ask(self, socket: Socket, topic: str) -> None:
        """Take a subscription for the next answers; too many without one end the socket."""
        self._asked.append((socket, topic))
        if len(self._asked) > INFLIGHT:
            _send(socket, error={"code": 30009, "message": "Too Many Inflight Messages!"})
            socket.close()

    def _subscribe(self, socket: Socket, topic: str) -> None:
        channel, _, what = topic.partition(":")
        known = self.contracts.keys() - self.unlisted
        if self.faults.on("refuse_subscriptions"):
            _send(socket, error={"code": 23000, "message": "Too Many Requests!"})
        elif topic != STATS and not (channel == TRADE and what in known):
            _send(socket, error={"code": 30005, "message": "Invalid Channel"})
        elif len(socket.topics) >= SUBSCRIPTIONS:
            _send(socket, error={"code": 30010, "message": "Too Many Subscriptions"})
        else:
            socket.topics.add(topic)
            _send(socket, type=f"subscribed/{channel}", channel=topic, **self._first(topic, what))

    def _first(self, topic: str, what: str) -> dict[str, Any]:
        """Return what the answer to a subscription tells."""
        if topic == STATS:
            stats = {symbol: self._statistics(contract) for symbol, contract in self.contracts.items()}
            return {"timestamp": now_ms(), "market_stats": stats}
        rows = self._rows(what, 2**31)
        liquidations = [row for row in rows if row["type"] == "liquidation"]
        usual = [row for row in rows if row["type"] == "trade"]
        return {"trades": usual[:LAST_TRADES], "liquidation_trades": liquidations[:LAST_LIQUIDATIONS]}

    def _send_usual(self, order: Order) -> None:
        kind = self.rng.choices(list(USUAL), list(USUAL.values()))[0]
        row = self._trade(usual_trade(self.rng, order), kind)
        said: tuple[dict[str, Any], ...] = ({}, {"liquidation_trades": None}, {"liquidation_trades": []})
        self.hub.push(*self._push(order, [row], self.rng.choice(said)))

    def _push(self, order: Order, trades: list[dict[str, Any]], liquidations: dict[str, Any]) -> tuple[str, bytes]:
        topic = f"{TRADE}:{order.contract.symbol}"
        head = {"type": "update/trade", "channel": topic, "nonce": self._number}
        return topic, msgspec.json.encode(head | {"trades": trades} | liquidations)

    def _rows(self, symbol: str, count: int) -> list[dict[str, Any]]:
        return [trade.row for trade in self._tape.newest(symbol, count)]

    def _statistics(self, contract: Contract) -> dict[str, Any]:
        price = contract.price_text(self.prices.usd[contract.coin] * contract.multiplier)
        market = {"symbol": contract.wire_base, "market_id": int(contract.symbol)}
        return market | {"index_price": price, "mark_price": price, "last_trade_price": price}

    def _trade(self, order: Order, kind: str) -> dict[str, Any]:
        """Write a trade down: the taker of a liquidation closes what the account had before."""
        self._number += 1
        long = order.side == LONG
        row = {
            "trade_id": self._number,
            "trade_id_str": str(self._number),
            "tx_hash": f"{self._number:080x}",
            "type": kind,
            "market_id": int(order.contract.symbol),
            "size": order.quantity,
            "price": order.price,
            "usd_amount": f"{order.usd:.6f}",
            "is_maker_ask": not long,
            "block_height": self._number // 100,
            "timestamp": order.time_ms,
            "taker_position_size_before": order.quantity if long else f"-{order.quantity}",
        }
        self._tape.add(order.contract.symbol, order.time_ms, row)
        return row


def _send(socket: Socket, **fields: Any) -> None:  # noqa: ANN401 - JSON
    socket.send(msgspec.json.encode(fields))
