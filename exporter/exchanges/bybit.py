"""Bybit linear and inverse contracts (API v5): every liquidation, pushed per symbol in batches of 500 ms.

Source: bybit-exchange.github.io/docs/v5, "All Liquidation", "Ticker", "Connect", "Get Instruments Info", and the change
log of 2025-02-20 (the topic `allLiquidation`; the one before it pushed one liquidation per symbol and second).

A request is refused as a whole when one of its topics is unknown or already subscribed (ccxt/ccxt#30284), which is why
every request names only new topics and each main coin's ticker has a request of its own.
"""

import re
from collections.abc import Sequence
from functools import partial
from urllib.parse import quote

import msgspec

from exporter.exchanges.base import (
    PONG,
    UNKNOWN,
    Ack,
    Capability,
    Epoch,
    Feed,
    History,
    InstrumentPage,
    InstrumentRequest,
    Parsed,
    ParseError,
    RejectedRow,
    Subscription,
)
from exporter.exchanges.naming import plain_coin
from exporter.exchanges.reading import (
    DECODE_ERRORS,
    Millis,
    Number,
    collect,
    decoded,
    instant,
    mark_price,
    price_and_quantity,
)
from exporter.model import LONG, SHORT, AssetClass, Instrument, Kind, QuantityUnit, RawLiquidation, Side

_NAME = "bybit"
_LIQUIDATIONS = "allLiquidation."
_TICKER = "tickers."
_TOPICS_PER_REQUEST = 200
_PATH = "/v5/market/instruments-info"

_SIDES: dict[str, Side] = {"Buy": LONG, "Sell": SHORT}
"""`S` is the side of the position, not of an order: "Buy" means that a long was liquidated."""

_KINDS: dict[str, tuple[Kind, bool]] = {
    "LinearPerpetual": ("perpetual", False),
    "LinearFutures": ("future", False),
    "InversePerpetual": ("perpetual", True),
    "InverseFutures": ("future", True),
}
"""Contract type to kind, and whether the contract is inverse."""

_CLASSES: dict[str, AssetClass] = {"stock": "stock", "commodity": "commodity", "forex": "forex"}
"""Symbol types of perpetuals that are not on coins; the others mark kinds of coins."""

_INVERSE = re.compile(r"USD(?:[FGHJKMNQUVXZ]\d\d)?$")
"""How inverse names end: BTCUSD, or BTCUSDZ26 with the letter of the delivery month.

Linear names end in the stablecoin, in PERP (USDC) or in a date: BTCUSDT, BTCPERP, BTC-26DEC26, BTCUSDT-26DEC26.
"""


class _Row(
    msgspec.Struct,
    gc=False,
    rename={"time_ms": "T", "symbol": "s", "side": "S", "quantity": "v", "price": "p"},
):
    time_ms: Millis
    symbol: str
    side: str
    quantity: Number
    price: Number


class _Ticker(msgspec.Struct, gc=False, rename="camel"):
    symbol: str = ""
    mark_price: Number = None


class _Message(msgspec.Struct, gc=False):
    topic: str = ""
    ts: Millis = 0
    data: list[_Row] | _Ticker | None = None
    op: str = ""
    success: bool | None = None
    ret_msg: str = ""
    req_id: str = ""


class _Topic(msgspec.Struct, gc=False):
    topic: str = ""


class _Rows(msgspec.Struct, gc=False):
    data: list[msgspec.Raw]


class _Contract(msgspec.Struct, gc=False, rename="camel"):
    symbol: str
    contract_type: str
    base_coin: str
    quote_coin: str
    settle_coin: str
    symbol_type: str = ""


class _Page(msgspec.Struct, gc=False, rename={"contracts": "list", "cursor": "nextPageCursor"}):
    contracts: list[_Contract] | None = None
    cursor: str | None = None


class _Answer(msgspec.Struct, gc=False, rename="camel"):
    ret_code: int
    ret_msg: str = ""
    result: _Page | None = None


_MESSAGE = msgspec.json.Decoder(_Message)
_TOPIC = msgspec.json.Decoder(_Topic)
_ROWS = msgspec.json.Decoder(_Rows)
_ROW = msgspec.json.Decoder(_Row)
_ANSWER = msgspec.json.Decoder(_Answer)


def _feed(name: str) -> Feed:
    return Feed(
        name=name,
        path=f"/v5/public/{name}",
        per_symbol=True,
        # The topics of one connection may have 21,000 characters together. With quotes and comma, 500 topics of
        # names of 20 characters have 19,000, which leaves room for the tickers.
        symbols_per_connection=500,
        ping='{"op":"ping"}',
        ping_every_s=20.0,
    )


class Bybit:
    """Bybit: one topic per symbol on a socket per product line, no back-fill, no ids."""

    name: str = _NAME
    title: str = "Bybit"
    capability = Capability(
        # The first entry of the v5 change log; liquidations of one per second were part of v5 from its start.
        epochs=(Epoch("2023-01-09", "sampled_1s"), Epoch("2025-02-20", "full")),
        price_kind="bankruptcy",
        quantity_unit="base (linear), USD (inverse)",
        native_id=False,
        backfill_hours=0.0,
        note="Every liquidation, at its bankruptcy price: below the market for longs, above it for shorts. "
        "What was missed while disconnected cannot be asked for.",
    )
    endpoints: dict[str, str] = {  # noqa: RUF012 - never written; the protocol wants an instance variable
        "ws": "wss://stream.bybit.com",
        "rest": "https://api.bybit.com",
    }
    feeds: tuple[Feed, ...] = (_feed("linear"), _feed("inverse"))
    instrument_requests: tuple[InstrumentRequest, ...] = (
        InstrumentRequest("rest", f"{_PATH}?category=linear&limit=1000", "linear"),
        # Left out by default, though their perpetuals trade with leverage before the listing.
        InstrumentRequest("rest", f"{_PATH}?category=linear&status=PreLaunch&limit=1000", "linear"),
        InstrumentRequest("rest", f"{_PATH}?category=inverse&limit=1000", "inverse"),
    )
    history: History | None = None

    def control(self, feed: Feed, bases: Sequence[str]) -> list[Subscription]:
        """Return one request per ticker, which Bybit pushes several times a second.

        BTC is the pulse. The other coins' requests name their instrument, so that the refusal of one that Bybit does
        not list is the refusal of an instrument, not of the socket's pulse. Inverse perpetuals exist for a handful of
        coins that changes: only BTCUSD is asked for there, as the linear feed gives the others' mark prices.
        """
        if feed.name == "inverse":
            return [_subscription("control", [f"{_TICKER}BTCUSD"])]
        others = [f"{base}USDT" for base in dict.fromkeys(bases) if base != "BTC"]
        return [
            _subscription("control", [f"{_TICKER}BTCUSDT"]),
            *(_subscription(f"control-{name}", [_TICKER + name], (name,)) for name in others),
        ]

    def subscribe(self, feed: Feed, instruments: Sequence[str], first_key: int) -> list[Subscription]:  # noqa: ARG002 - protocol
        """Return requests of at most 200 topics each, with keys from `first_key` on."""
        starts = range(0, len(instruments), _TOPICS_PER_REQUEST)
        requests = []
        for key, start in enumerate(starts, first_key):
            names = tuple(instruments[start : start + _TOPICS_PER_REQUEST])
            requests.append(_subscription(str(key), [_LIQUIDATIONS + name for name in names], names))
        return requests

    def parse(self, frame: bytes | str, received_ms: int) -> Parsed:
        """Read one frame; raises `ParseError` and nothing else."""
        try:
            message = _MESSAGE.decode(frame)
        except DECODE_ERRORS as error:
            return _undocumented(frame, received_ms, error)
        topic, data = message.topic, message.data
        if topic.startswith(_LIQUIDATIONS) and isinstance(data, list):
            symbol = topic[len(_LIQUIDATIONS) :]
            return collect(data, partial(_read_row, symbol, _unit(symbol), received_ms))
        if topic.startswith(_TICKER) and isinstance(data, _Ticker):
            return mark_price(data.symbol, data.mark_price, message.ts)  # a delta leaves out an unchanged price
        if topic.startswith((_LIQUIDATIONS, _TICKER)):
            raise ParseError(f"{topic}: data of the wrong shape")
        return _read_answer(message)

    def parse_instruments(self, request: InstrumentRequest, body: bytes) -> InstrumentPage:
        """Read one page of instruments-info; raises `ParseError` and nothing else.

        A contract of a type that is not documented is left out: in what unit it counts would be a guess.
        """
        answer = decoded(_ANSWER, body)
        if answer.ret_code != 0:
            raise ParseError(f"retCode {answer.ret_code}: {answer.ret_msg}")
        if answer.result is None or answer.result.contracts is None:
            raise ParseError("instruments-info without a list")
        instruments = [_instrument(row) for row in answer.result.contracts if row.contract_type in _KINDS]
        return InstrumentPage(instruments, _next_request(request, answer.result))


def _subscription(key: str, topics: Sequence[str], instruments: tuple[str, ...] = ()) -> Subscription:
    request = {"req_id": key, "op": "subscribe", "args": topics}
    return Subscription(key, msgspec.json.encode(request).decode(), instruments)


def _unit(symbol: str) -> QuantityUnit:
    """Tell what `v` counts: base units in a linear contract, USD in an inverse one (contracts of 1 USD)."""
    return "usd" if _INVERSE.search(symbol) else "base"


def _read_row(symbol: str, unit: QuantityUnit, received_ms: int, row: _Row) -> RawLiquidation:
    if row.symbol != symbol or not symbol:
        raise RejectedRow("instrument")
    side = _SIDES.get(row.side)
    if side is None:
        raise RejectedRow("side")
    price, quantity = price_and_quantity(row.price, row.quantity)
    return RawLiquidation(
        instant(row.time_ms),
        received_ms,
        _NAME,
        symbol,
        side,
        price,
        "bankruptcy",
        quantity,
        unit,
        # There is no id. The row as sent can not collide by accident of a hash.
        f"{symbol}:{row.side}:{row.time_ms}:{row.quantity}:{row.price}",
    )


def _read_answer(message: _Message) -> Parsed:
    if message.op == "pong" or (message.op == "ping" and message.ret_msg == "pong"):
        return PONG
    if message.op == "subscribe" or message.success is False:
        return Ack(message.req_id, ok=message.success is True, message=message.ret_msg)
    return UNKNOWN


def _undocumented(frame: bytes | str, received_ms: int, error: Exception) -> Parsed:
    """Tell a topic of another kind from one that is broken; raises `ParseError` for the latter.

    Of a batch of liquidations only the broken rows are lost.
    """
    topic = decoded(_TOPIC, frame).topic
    if topic.startswith(_LIQUIDATIONS):
        symbol = topic[len(_LIQUIDATIONS) :]
        return collect(decoded(_ROWS, frame).data, partial(_read_loose_row, symbol, _unit(symbol), received_ms))
    if topic and not topic.startswith(_TICKER):
        return UNKNOWN
    raise ParseError(str(error))


def _read_loose_row(symbol: str, unit: QuantityUnit, received_ms: int, row: msgspec.Raw) -> RawLiquidation:
    try:
        return _read_row(symbol, unit, received_ms, _ROW.decode(row))
    except DECODE_ERRORS:
        raise RejectedRow("malformed") from None


def _instrument(contract: _Contract) -> Instrument:
    kind, inverse = _KINDS[contract.contract_type]
    base, multiplier = plain_coin(contract.base_coin)
    return Instrument(
        exchange=_NAME,
        name=contract.symbol,
        base=base,
        quote=contract.quote_coin,
        settle=contract.settle_coin,
        kind=kind,
        inverse=inverse,
        multiplier=multiplier,
        asset_class=_CLASSES.get(contract.symbol_type, "crypto"),
    )


def _next_request(request: InstrumentRequest, page: _Page) -> InstrumentRequest | None:
    """Return the request for the page after this one; raises `ParseError` when it would be the same again."""
    if not page.cursor or not page.contracts:
        return None
    first = request.path.partition("&cursor=")[0]
    # The cursor comes percent-encoded and goes back as it came; `%` is safe here so that it is not encoded twice.
    path = f"{first}&cursor={quote(page.cursor, safe='%')}"
    if path == request.path:
        raise ParseError("instruments-info: the cursor does not advance")
    return InstrumentRequest(request.endpoint, path, request.feed)
