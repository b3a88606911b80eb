"""Forced orders as Binance writes them, and exchanges that took its interface over.

A frame shows one forced order. What was liquidated is what the order filled: `z` at the average price `ap`. Such an
order is immediate-or-cancel, so the stream shows it finished. Should it show one that is not (NEW, PARTIALLY_FILLED),
the row is refused, because `z` accumulates and the finished order would count the same fills again. A finished order
that filled nothing liquidated nothing and is refused as `unfilled`; one that filled only in part (EXPIRED) counts
with what it filled. The order's limit `p` never stands in for a missing `ap`: it lies near the bankruptcy price.
"""

import re
from collections.abc import Callable, Sequence

import msgspec

from exporter.exchanges.base import (
    UNKNOWN,
    Ack,
    Known,
    Liquidations,
    Parsed,
    ParseError,
    RejectedRow,
    Subscription,
)
from exporter.exchanges.naming import plain_coin
from exporter.exchanges.reading import (
    DECODE_ERRORS,
    LEAST,
    MOST,
    NEWEST_MS,
    OLDEST_MS,
    Millis,
    Number,
    decoded,
    instant,
    mark_price,
    positive,
    refused,
)
from exporter.model import LONG, SHORT, AssetClass, Instrument, QuantityUnit, RawLiquidation, Side

CONTROL_KEY = "1"

_SIDES: dict[str, Side] = {"SELL": LONG, "BUY": SHORT}
"""`S` is the side of the closing order, so a SELL closes a long."""

_CLASSES: dict[str, AssetClass] = {
    "EQUITY": "stock",
    "KR_EQUITY": "stock",
    "HK_EQUITY": "stock",
    "COMMODITY": "commodity",
    "FOREX": "forex",
}

_OPEN = frozenset({"NEW", "PARTIALLY_FILLED"})


class _Order(
    msgspec.Struct,
    gc=False,
    rename={
        "symbol": "s",
        "side": "S",
        "status": "X",
        "quantity": "q",
        "limit": "p",
        "average_price": "ap",
        "filled": "z",
        "time_ms": "T",
        "symbol_type": "st",
    },
):
    symbol: str
    side: str
    status: str
    quantity: Number
    limit: Number
    average_price: Number
    filled: Number
    time_ms: Millis
    symbol_type: int | None = None


class ForceOrder(msgspec.Struct, gc=False, tag_field="e", tag="forceOrder", rename={"order": "o", "symbol_type": "st"}):
    """One event of the stream; `symbol_type` stands here or within the order."""

    order: _Order
    symbol_type: int | None = None


class _MarkPrice(
    msgspec.Struct,
    gc=False,
    tag_field="e",
    tag="markPriceUpdate",
    rename={"time_ms": "E", "symbol": "s", "price": "p"},
):
    time_ms: Millis
    symbol: str
    price: Number


_Event = ForceOrder | _MarkPrice
_EVENTS = frozenset({"forceOrder", "markPriceUpdate"})


class _Error(msgspec.Struct, gc=False):
    code: int = 0
    msg: str = ""


class _Message(msgspec.Struct, gc=False, rename={"event": "e", "key": "id"}):
    data: _Event | None = None
    event: str = ""
    key: Millis | str | None = None
    result: bool | list[str] | msgspec.UnsetType | None = msgspec.UNSET
    error: _Error | None = None
    code: int | None = None
    msg: str = ""


class _Named(msgspec.Struct, gc=False, rename={"event": "e"}):
    event: str = ""


class _Envelope(_Named, gc=False):
    data: _Named | None = None


class _Contract(msgspec.Struct, gc=False, rename="camel"):
    symbol: str
    base_asset: str
    quote_asset: str
    margin_asset: str
    contract_type: str = ""
    underlying_type: str = ""
    contract_size: Number = None


class _ExchangeInfo(msgspec.Struct, gc=False):
    symbols: list[_Contract]


_MESSAGE = msgspec.json.Decoder(_Message)
_EVENT: msgspec.json.Decoder[_Event] = msgspec.json.Decoder(_Event)
_ENVELOPE = msgspec.json.Decoder(_Envelope)
_EXCHANGE_INFO = msgspec.json.Decoder(_ExchangeInfo)


Unit = Callable[[ForceOrder], QuantityUnit]
"""Tells what an order's quantity counts."""


def streams(bases: Sequence[str]) -> list[Subscription]:
    """Return the one request of a socket: all forced orders, and mark prices once a second as its pulse.

    Names of streams that do not exist are accepted, so a base that is not listed costs nothing.
    """
    coins = dict.fromkeys(("btc", *(base.lower() for base in bases)))
    names = ["!forceOrder@arr", *(f"{coin}usdt@markPrice@1s" for coin in coins)]
    request = {"method": "SUBSCRIBE", "params": names, "id": int(CONTROL_KEY)}
    return [Subscription(CONTROL_KEY, msgspec.json.encode(request).decode())]


def read_frame(frame: bytes | str, received_ms: int, exchange: str, unit: Unit) -> Parsed:
    """Read one frame, wrapped as `{"stream": ..., "data": ...}` or bare; raises `ParseError` and nothing else."""
    try:
        message = _MESSAGE.decode(frame)
        event = message.data
        if event is None and message.event:
            event = _EVENT.decode(frame)
    except DECODE_ERRORS as error:
        return _undocumented(frame, error)
    if event is None:
        return _read_answer(message)
    if isinstance(event, ForceOrder):
        try:
            return Liquidations([_read_order(event, received_ms, exchange, unit)])
        except RejectedRow as refusal:
            return Liquidations([], [refused(event, refusal)])
    return mark_price(event.symbol, event.price, event.time_ms)


def read_contracts(body: bytes, exchange: str) -> list[Instrument]:
    """Read an exchangeInfo answer; raises `ParseError` and nothing else.

    Contracts of every status are returned, because the last forced orders of a contract come while it settles. A
    coin-margined contract without its size is left out: its orders wait as unresolved instead of being guessed.
    """
    contracts = decoded(_EXCHANGE_INFO, body).symbols
    if not contracts:
        raise ParseError("exchangeInfo lists no symbols")
    instruments = (_instrument(exchange, contract) for contract in contracts)
    return [instrument for instrument in instruments if instrument]


def _read_order(event: ForceOrder, received_ms: int, exchange: str, unit: Unit) -> RawLiquidation:
    """Read an order; everything is checked in one go, and what is wrong with one that fails is found out then."""
    order = event.order
    symbol, sent, time_ms = order.symbol, order.side, order.time_ms
    try:
        # None raises TypeError, which is the point
        side, price, filled = _SIDES[sent], float(order.average_price), float(order.filled)  # type: ignore[arg-type]
    except (KeyError, TypeError, ValueError):
        raise _refusal(order) from None
    if (
        not (LEAST < price < MOST and LEAST < filled < MOST and OLDEST_MS <= time_ms < NEWEST_MS)
        or not symbol
        or order.status in _OPEN
    ):
        raise _refusal(order)
    return RawLiquidation(
        time_ms,
        received_ms,
        exchange,
        symbol,
        side,
        price,
        "fill",
        filled,
        unit(event),
        # There is no id. All that distinguishes an order, as sent, can not collide by accident of a hash.
        f"{symbol}:{sent}:{time_ms}:{order.limit}:{order.average_price}:{order.quantity}:{order.filled}",
    )


def _refusal(order: _Order) -> RejectedRow:
    """Return why an order that cannot be used is refused."""
    try:
        if order.side not in _SIDES:
            return RejectedRow("side")
        if not order.symbol:
            return RejectedRow("instrument")
        if order.status in _OPEN:
            return RejectedRow("open_order")
        positive(order.filled, "quantity" if order.status == "FILLED" else "unfilled")
        instant(order.time_ms)
        positive(order.average_price, "price")
    except RejectedRow as refusal:
        return refusal
    raise AssertionError(order)


def _read_answer(message: _Message) -> Parsed:
    key = "" if message.key is None else str(message.key)
    if message.error is not None:
        return Ack(key or CONTROL_KEY, ok=False, message=message.error.msg)
    if message.code is not None:
        # Errors about a request that could not be read carry no id; a socket makes only the one request.
        return Ack(key or CONTROL_KEY, ok=False, message=message.msg)
    if message.result is None and key:
        return Ack(key, ok=True)
    if message.result is not msgspec.UNSET:
        return Known("answer")
    return UNKNOWN


def _undocumented(frame: bytes | str, error: Exception) -> Parsed:
    """Tell an event of another kind from one that is broken; raises `ParseError` for the latter."""
    envelope = decoded(_ENVELOPE, frame)
    event = envelope.data.event if envelope.data else envelope.event
    if event and event not in _EVENTS:
        return UNKNOWN
    raise ParseError(str(error))


def _instrument(exchange: str, contract: _Contract) -> Instrument | None:
    base, multiplier = plain_coin(contract.base_asset)
    inverse = contract.margin_asset == contract.base_asset
    try:
        size = positive(contract.contract_size, "contract size") if inverse else 1.0
    except RejectedRow:
        return None
    return Instrument(
        exchange=exchange,
        name=contract.symbol,
        base=base,
        quote=contract.quote_asset,
        settle=contract.margin_asset,
        kind="perpetual" if _is_perpetual(contract) else "future",
        inverse=inverse,
        contract_size=size,
        multiplier=multiplier,
        asset_class=_asset_class(contract),
    )


def _asset_class(contract: _Contract) -> AssetClass:
    """Tell what stands behind a contract; those of traditional finance have a contract type of their own."""
    known = _CLASSES.get(contract.underlying_type)
    return known or ("other" if "TRADIFI" in contract.contract_type else "crypto")


def _is_perpetual(contract: _Contract) -> bool:
    """Whether a contract has no delivery; one without a type is judged by its name (dated ones: BTCUSDT_261225)."""
    if contract.contract_type:
        return "PERPETUAL" in contract.contract_type
    return not re.search(r"_\d{6}$", contract.symbol)
