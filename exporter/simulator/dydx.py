"""dYdX as its documents describe it: 32 markets on a connection, answers in any order, the last trades in each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

import msgspec
from aiohttp import web

from exporter.model import LONG
from exporter.simulator.batches import Batches
from exporter.simulator.contracts import Contract
from exporter.simulator.dydx_contracts import contracts, describe
from exporter.simulator.exchange import SimulatedExchange, now_ms
from exporter.simulator.garbage import Frame, draw_garbage
from exporter.simulator.market import Prices
from exporter.simulator.orders import Order
from exporter.simulator.sockets import Socket
from exporter.simulator.tape import Tape, iso_text, usual_trade

TRADES, MARKETS = "v4_trades", "v4_markets"
BLOCK_MS = 1000
MARKETS_PER_CONNECTION = 32
LAST_TRADES = 100
MOST_ROWS = 1000
USUAL = {"LIMIT": 93, "TWAP_SUBORDER": 4, "DELEVERAGED": 3}
"""What else is traded, and how often."""

_BAD_ROWS: tuple[dict[str, Any], ...] = (
    {"price": "0"},
    {"price": "-1"},
    {"price": ""},
    {"price": None},
    {"size": "0"},
    {"size": "1e400"},
    {"size": []},
    {"side": "HOLD"},
    {"id": ""},
    {"createdAt": "soon"},
    {"createdAt": "2026-11-20T00:00:00"},
    {"createdAt": 1_763_600_000_000},
)
"""What makes a trade impossible."""

_HEAD = b'{"type":"channel_data","connection_id":"c","message_id":9,"id":"BTC-USD","channel":"v4_trades",'
_JUNK = (
    _HEAD + b'"contents":null}',
    _HEAD + b'"contents":{"trades":7}}',
    _HEAD + b'"contents":{"trades":[7,null,"x",{"type":"LIQUIDATED"}]}}',
    b'{"type":"channel_data","channel":"v4_markets","contents":[]}',
    b'{"type":"channel_data","channel":"v4_markets","contents":{"oraclePrices":7}}',
    b'{"type":"channel_data","channel":"v4_orderbook","id":"BTC-USD","contents":{"bids":[["1","0"]]}}',
    b'{"type":"gossip"}',
    b'{"type":"error","message":"Internal error, could not fetch data for subscription: v4_trades."}',
)


class _Request(msgspec.Struct):
    type: str = ""
    channel: str = ""
    id: str = ""


class SimulatedDydx(SimulatedExchange):
    """dYdX. Answers come when they are ready and not in the order of the requests; the last trades are in them.

    A market beyond the 32nd of a connection is refused.
    """

    name: ClassVar[str] = "dydx"
    rest_paths: ClassVar[tuple[str, ...]] = ("/v4/perpetualMarkets",)
    past_paths: ClassVar[tuple[str, ...]] = ("/v4/trades/perpetualMarket/{ticker}",)
    socket_paths: ClassVar[tuple[str, ...]] = ("/v4/ws",)

    def __init__(self, prices: Prices, seed: int) -> None:
        super().__init__(prices, seed)
        self._batches = Batches(BLOCK_MS)
        self._tape = Tape()
        self._asked: list[tuple[Socket, _Request]] = []
        self._height = 24_000_000
        self._fill = self._block_ms = 0

    @staticmethod
    def table() -> list[Contract]:
        """Return every market."""
        return contracts()

    def greet(self, socket: Socket, request: web.Request) -> None:  # noqa: ARG002 - every address is greeted alike
        """Say that the connection stands."""
        _send(socket, "connected")

    def hear(self, socket: Socket, text: str) -> None:
        """Take a subscription for the next answers, unsubscribe at once."""
        try:
            request = msgspec.json.decode(text, type=_Request)
        except msgspec.DecodeError:
            _send(socket, "error", message="Invalid message: could not parse")
            return
        if request.type == "subscribe":
            self._asked.append((socket, request))
        elif request.type == "unsubscribe":
            socket.topics.discard(_topic(request))
            _send(socket, "unsubscribed", channel=request.channel, id=request.id)
        else:
            _send(socket, "error", message=f"Invalid message type: {request.type}")

    def instruments(self, request: web.Request, listed: Sequence[Contract]) -> tuple[bytes, list[str]]:  # noqa: ARG002 - one list
        """Answer about all markets."""
        return msgspec.json.encode({"markets": self._markets(listed)}), [contract.symbol for contract in listed]

    def recall(self, request: web.Request) -> bytes:
        """Answer with the newest trades of a market at an instant and before."""
        until = datetime.fromisoformat(request.query["createdBeforeOrAt"])
        count = min(int(request.query.get("limit", MOST_ROWS)), MOST_ROWS)
        before_ms = round(until.timestamp() * 1000) + 1
        trades = self._tape.newest(request.match_info["ticker"], count, before_ms)
        return msgspec.json.encode({"trades": [trade.row for trade in trades]})

    def offer(self, order: Order) -> bool:
        """Put every order into the next block."""
        self._batches.add(order)
        return True

    def flush(self, market_ms: int, *, final: bool = False) -> None:
        """Send a block, one frame a market."""
        for orders in self._batches.due(market_ms, final=final):
            self.publish(orders)

    def pulse(self, now: int) -> None:
        """Answer what was asked, and send oracle prices with every block."""
        self._answer_all()
        if now < self._block_ms + BLOCK_MS:
            return
        self._block_ms = now
        self._height += 1
        effective = {"effectiveAt": iso_text(now), "effectiveAtHeight": str(self._height)}
        prices = {
            symbol: {"oraclePrice": self._price(contract), "marketId": number} | effective
            for number, (symbol, contract) in enumerate(self.contracts.items())
        }
        frame = _frame("channel_data", channel=MARKETS, version="1.0.0", contents={"oraclePrices": prices})
        self.hub.push(MARKETS, frame)

    def encode(self, orders: Sequence[Order], sent_ms: int) -> tuple[str, bytes]:  # noqa: ARG002 - trades have their own times
        """Write a block's trades of a market; where rows are bad, an impossible one stands between the good ones."""
        symbol = orders[0].contract.symbol
        rows = []
        for order in orders:
            kind = self.rng.choices(list(USUAL), list(USUAL.values()))[0]
            rows += [self._row(order, "LIQUIDATED"), self._row(usual_trade(self.rng, order), kind)]
            for row in rows[-2:]:
                self._tape.add(symbol, order.time_ms, row)
        if self.rng.random() < self.bad_rows:
            bad = rows[0] | self.rng.choice(_BAD_ROWS)
            rows.insert(self.rng.randrange(len(rows) + 1), bad)
        frame = _frame("channel_data", channel=TRADES, id=symbol, version="2.1.0", contents={"trades": rows})
        return f"{TRADES} {symbol}", frame

    def junk(self) -> Frame:
        """Return broken JSON, unknown channels or trades of the wrong shape."""
        return draw_garbage(self.rng, _JUNK)

    def attended(self) -> bool:
        """Whether every listed market has subscribers."""
        return {f"{TRADES} {symbol}" for symbol in self.contracts.keys() - self.unlisted} <= self.hub.topics()

    def trade(self, order: Order) -> None:
        """Send an ordinary trade."""
        symbol, row = order.contract.symbol, self._row(usual_trade(self.rng, order), "LIMIT")
        self._tape.add(symbol, order.time_ms, row)
        frame = _frame("channel_data", channel=TRADES, id=symbol, version="2.1.0", contents={"trades": [row]})
        self.hub.push(f"{TRADES} {symbol}", frame)

    def _answer_all(self) -> None:
        """Answer the waiting requests in an order of their own: each waits for its market's last trades."""
        asked, self._asked = self._asked, []
        self.rng.shuffle(asked)
        for socket, request in asked:
            if problem := self._problem(socket, request):
                _send(socket, "error", message=problem)
                continue
            socket.topics.add(_topic(request))
            if request.channel == MARKETS:
                listed = [each for symbol, each in self.contracts.items() if symbol not in self.unlisted]
                contents: dict[str, Any] = {"markets": self._markets(listed)}
            else:
                contents = {"trades": [trade.row for trade in self._tape.newest(request.id, LAST_TRADES)]}
            _send(socket, "subscribed", channel=request.channel, id=request.id or MARKETS, contents=contents)

    def _problem(self, socket: Socket, request: _Request) -> str:
        """Say why a request is refused; empty when it is not."""
        if self.faults.on("refuse_subscriptions"):
            return f"Internal error, could not fetch data for subscription: {request.channel}."
        if request.channel not in {TRADES, MARKETS}:
            return f"Invalid channel: {request.channel}"
        if request.channel == TRADES and request.id not in self.contracts.keys() - self.unlisted:
            return f"Invalid subscription id for channel: ({request.channel}-{request.id})"
        if _topic(request) in socket.topics:
            return f"Invalid subscribe message: already subscribed ({request.channel}-{request.id or MARKETS})"
        if sum(topic.startswith(TRADES) for topic in socket.topics) >= MARKETS_PER_CONNECTION:
            return f"Per-connection subscription limit reached for {request.channel} (limit={MARKETS_PER_CONNECTION})."
        return ""

    def _markets(self, listed: Sequence[Contract]) -> dict[str, Any]:
        return {each.symbol: describe(each, number, self._price(each)) for number, each in enumerate(listed)}

    def _price(self, contract: Contract) -> str:
        return contract.price_text(self.prices.usd[contract.coin])

    def _row(self, order: Order, kind: str) -> dict[str, Any]:
        self._fill += 1
        return {
            "id": f"{self._height:08x}{2:08x}{self._fill:08x}",
            "side": "SELL" if order.side == LONG else "BUY",
            "size": order.quantity,
            "price": order.price,
            "type": kind,
            "createdAt": iso_text(order.time_ms),
            "createdAtHeight": str(self._height),
        }


def _topic(request: _Request) -> str:
    return f"{request.channel} {request.id}".rstrip()


def _frame(kind: str, **fields: Any) -> bytes:  # noqa: ANN401 - JSON
    head = {"type": kind, "connection_id": "004a1efa-21bb-4b19-a2e9-a8ffadd6dc53", "message_id": now_ms() % 10_000}
    return msgspec.json.encode(head | fields)


def _send(socket: Socket, kind: str, **fields: Any) -> None:  # noqa: ANN401 - JSON
    socket.send(_frame(kind, **fields))
