"""Bitfinex perpetuals (API v2): the executions of liquidations, one global channel.

Source: docs.bitfinex.com, "WS Public Status", "REST Public Liquidations", "REST Public Configs" (pub:list:pair:futures)
and "Info messages" of the general introduction.

A row is a trigger or an execution on the market (IS_MATCH). A trigger has the size of the whole position and often no
price, and its executions are rows of their own: counting both would count twice, so that executions count, each with
its amount and price, and triggers are told apart. The amount's sign is the position's. Frames name their channel by a
number that each socket hands out anew; the two channels that are subscribed are told apart by what they carry.
"""

import re
from collections.abc import Sequence
from functools import partial

import msgspec

from exporter.exchanges.base import (
    UNKNOWN,
    Ack,
    Capability,
    Epoch,
    Feed,
    History,
    InstrumentPage,
    InstrumentRequest,
    Known,
    Liquidations,
    MarkPrices,
    OtherClosure,
    Parsed,
    ParseError,
    PastPage,
    PastRequest,
    RejectedRow,
    Span,
    Subscription,
)
from exporter.exchanges.naming import plain_coin
from exporter.exchanges.reading import Millis, Number, collect, decoded, instant, mark_price, nonzero, positive, shaped
from exporter.model import LONG, SHORT, AssetClass, Instrument, RawLiquidation

_NAME = "bitfinex"
_FEED = "derivatives"
_LIQUIDATIONS = "liq:global"
_PULSE = "tBTCF0:USTF0"
_ROWS_PER_ANSWER = 500
_MARK_PRICE = 14

_COINS = {"UST": "USDT", "UDC": "USDC"}
"""Bitfinex's names of stablecoins."""

_CLASSES: dict[str, AssetClass] = {
    "EUR": "forex",
    "GBP": "forex",
    "JPY": "forex",
    "XAG": "commodity",
    "XAU": "commodity",
    "XAUT": "commodity",
}


class _Event(msgspec.Struct, gc=False):
    event: str = ""
    key: str = ""
    code: Millis | None = None
    msg: str = ""


class _Position(msgspec.Struct, gc=False, array_like=True):
    """One row; what is not named here has no meaning. IS_MARKET_SOLD is read by nobody: its values are disputed."""

    kind: str
    position: Millis
    time_ms: Millis
    unused_3: None
    symbol: str
    amount: Number
    base_price: Number
    unused_7: None
    is_match: int
    is_market_sold: int | None
    unused_10: None
    price: Number


_EVENT = msgspec.json.Decoder(_Event)
_FRAME = msgspec.json.Decoder(list[msgspec.Raw])
_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
_POSITION = msgspec.json.Decoder(_Position)
_STATUS = msgspec.json.Decoder(list[float | str | None])
_NESTED = msgspec.json.Decoder(list[list[msgspec.Raw]])
_PAIRS = msgspec.json.Decoder(list[list[str]])


class BitfinexHistory:
    """All liquidations of the past, years of them; only three calls a minute are allowed."""

    every_s: float = 21.0
    settled_s: float = 10.0
    again_s: float = 0.0

    def requests(self, feed: str, instruments: Sequence[Instrument], span: Span) -> list[PastRequest]:  # noqa: ARG002 - protocol
        """Return the one call for the newest rows of the span."""
        return [_past(span, span.until_ms)]

    def parse(self, request: PastRequest, body: bytes, received_ms: int) -> PastPage:
        """Read one page; raises `ParseError` and nothing else. A full one is followed from its oldest row."""
        rows = [row for entry in decoded(_NESTED, body) for row in entry]
        times = [event.time_ms for event in _read_rows(rows, received_ms, every=True).events]
        found = _read_rows(rows, received_ms)
        until = int(re.findall(r"end=(\d+)", request.path)[0])
        oldest = min(times, default=0)
        if len(rows) < _ROWS_PER_ANSWER or oldest <= request.span.from_ms or oldest >= until:
            return PastPage(found)
        return PastPage(found, [_past(request.span, oldest)])

    def twin(self, raw: RawLiquidation) -> None:
        """Return nothing: the rows are equal."""


class Bitfinex:
    """Bitfinex: one socket for all symbols, positions have ids."""

    name: str = _NAME
    title: str = "Bitfinex"
    capability = Capability(
        # The oldest liquidation that was recorded and published is of 2020-06-30.
        epochs=(Epoch("2020-06-30", "unspecified"),),
        price_kind="fill",
        quantity_unit="base",
        native_id=True,
        backfill_hours=30 * 24.0,
        note="Executions on the market count, at their price; what a trigger announces counts when it is executed. "
        "Years can be asked for, three calls a minute.",
    )
    endpoints: dict[str, str] = {  # noqa: RUF012 - never written; the protocol wants an instance variable
        "ws": "wss://api-pub.bitfinex.com",
        "rest": "https://api-pub.bitfinex.com",
    }
    feeds: tuple[Feed, ...] = (Feed(name=_FEED, path="/ws/2", pulse_s=15.0),)
    instrument_requests: tuple[InstrumentRequest, ...] = (
        InstrumentRequest("rest", "/v2/conf/pub:list:pair:futures", _FEED),
    )
    history: History | None = BitfinexHistory()

    def control(self, feed: Feed, bases: Sequence[str]) -> list[Subscription]:  # noqa: ARG002 - protocol
        """Return the liquidations and BTC's status as the pulse: of two statuses nobody could tell which is whose."""
        return [_subscription(_LIQUIDATIONS), _subscription(f"deriv:{_PULSE}")]

    def subscribe(self, feed: Feed, instruments: Sequence[str], first_key: int) -> list[Subscription]:  # noqa: ARG002 - protocol
        """Return nothing: the one channel is global."""
        return []

    def parse(self, frame: bytes | str, received_ms: int) -> Parsed:
        """Read one frame; raises `ParseError` and nothing else."""
        text = frame.encode("utf-8", "surrogatepass") if isinstance(frame, str) else frame
        if text.lstrip()[:1] == b"{":
            return _read_event(decoded(_EVENT, text))
        parts = decoded(_FRAME, text)
        if len(parts) < 2:
            raise ParseError("a frame without a message")
        return _read_message(parts[1], received_ms)

    def parse_instruments(self, request: InstrumentRequest, body: bytes) -> InstrumentPage:  # noqa: ARG002 - protocol
        """Read the list of futures pairs; raises `ParseError` and nothing else."""
        instruments = (_instrument(pair) for pairs in decoded(_PAIRS, body) for pair in pairs)
        return InstrumentPage([instrument for instrument in instruments if instrument])


def _subscription(key: str) -> Subscription:
    request = {"event": "subscribe", "channel": "status", "key": key}
    return Subscription(key, msgspec.json.encode(request).decode())


def _read_message(message: msgspec.Raw, received_ms: int) -> Parsed:
    """Read what a channel says, which its shape tells: rows, the one row of an update, or numbers."""
    payload = bytes(message)
    if payload == b'"hb"':
        return MarkPrices((), 0)
    if payload == b"null":
        return Known("nothing")
    if payload[:2] in (b"[[", b"[]"):
        rows = decoded(_ROWS, payload)
        return _read_rows(rows, received_ms)
    if payload.startswith(b'["pos"'):
        return _read_rows([message], received_ms)
    if payload[:1] == b"[" and payload[1:2].isdigit():
        return _read_status(payload)
    return UNKNOWN


def _read_event(message: _Event) -> Parsed:
    match message.event:
        case "subscribed":
            return Ack(message.key, ok=True)
        case "error":
            return Ack(message.key, ok=False, message=f"{message.code or ''} {message.msg}".strip())
        case "info" | "conf" | "pong":
            return Known(message.event)
    return UNKNOWN


def _read_rows(rows: Sequence[msgspec.Raw], received_ms: int, *, every: bool = False) -> Liquidations:
    """Read rows; those that do not count are named by what they are, or counted as well with `every`."""
    others: list[OtherClosure] = []
    counted = []
    for row in rows:
        kind = None if every else _other(row)
        if kind:
            others.append(kind)
        else:
            counted.append(row)
    found = collect(counted, partial(_read_row, received_ms, every))
    return msgspec.structs.replace(found, others=others)


def _other(raw: msgspec.Raw) -> OtherClosure | None:
    """Tell what a row is when it is no execution of a derivative's liquidation."""
    try:
        row = shaped(_POSITION, raw)
    except RejectedRow:
        return None
    if "F0:" not in row.symbol:
        return "margin"
    return "trigger" if row.is_match == 0 else None


def _read_row(received_ms: int, every: bool, raw: msgspec.Raw) -> RawLiquidation:
    row = shaped(_POSITION, raw)
    if row.kind != "pos" or not row.symbol:
        raise RejectedRow("instrument")
    amount = nonzero(row.amount, "quantity")
    return RawLiquidation(
        instant(row.time_ms),
        received_ms,
        _NAME,
        row.symbol,
        LONG if amount > 0 else SHORT,
        1.0 if every else positive(row.price, "price"),
        "fill",
        abs(amount),
        "base",
        f"{row.position}:{row.time_ms}:{row.is_match}:{row.amount}:{row.price}",
    )


def _read_status(payload: bytes) -> MarkPrices:
    """Read a derivative's status: its time first, its mark price at place 14."""
    fields = decoded(_STATUS, payload)
    time_ms = fields[0]
    if not isinstance(time_ms, float | int) or len(fields) <= _MARK_PRICE:
        raise ParseError("a status without time or mark price")
    return mark_price(_PULSE, fields[_MARK_PRICE], int(time_ms))


def _instrument(pair: str) -> Instrument | None:
    first, _, second = pair.partition(":")
    if not (first.endswith("F0") and second.endswith("F0")):
        return None
    base, multiplier = plain_coin(first.removesuffix("F0"))
    quote = second.removesuffix("F0")
    quote = _COINS.get(quote, quote)
    asset_class: AssetClass = "index" if re.fullmatch(r"[A-Z]+\d+IX", base) else _CLASSES.get(base, "crypto")
    return Instrument(
        exchange=_NAME,
        name=f"t{pair}",
        base=base,
        quote=quote,
        settle=quote,
        kind="perpetual",
        multiplier=multiplier,
        asset_class=asset_class,
    )


def _past(span: Span, until_ms: int) -> PastRequest:
    path = f"/v2/liquidations/hist?start={span.from_ms}&end={until_ms}&limit={_ROWS_PER_ANSWER}&sort=-1"
    return PastRequest("rest", path, span, "everything")
