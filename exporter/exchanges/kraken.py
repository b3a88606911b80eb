"""Kraken Futures (WebSocket v1): the liquidations among all trades of inverse and linear contracts.

Source: docs.kraken.com, Derivatives WebSocket "Trade", "Ticker", "Heartbeat", Derivatives REST "Get instruments" and
"Get trade history"; support.kraken.com, "WebSockets subscriptions" (a ping each minute) and "History" (what the types
of a trade mean).

`side` is the taker's, and the taker is the order that closes the liquidated position. Assignments (the position goes to
a market maker) and terminations (it is wound down against others) are later stages and no liquidations. Subscribing
brings the last trades of each contract again; a `uid` is the same there, in a push and at REST.
"""

import re
from collections.abc import Iterable, Sequence
from functools import partial
from urllib.parse import parse_qsl, quote, urlsplit

import msgspec

from exporter.exchanges.base import (
    OLDEST,
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
from exporter.exchanges.reading import (
    Millis,
    Number,
    collect,
    decoded,
    instant,
    instant_iso,
    mark_price,
    of_type,
    positive,
    shaped,
)
from exporter.isotime import millis_of, text_of
from exporter.model import LONG, SHORT, AssetClass, Instrument, RawLiquidation, Side

_NAME = "kraken"
_FEED = "futures"
_LIQUIDATION = "liquidation"
_PRODUCTS_PER_REQUEST = 50
_ROWS_PER_PAGE = 100

_TRADE = Known("trade")

_SIDES: dict[str, Side] = {"sell": LONG, "buy": SHORT}
"""`side` is the closing order's."""

_OTHERS: dict[str, OtherClosure] = {"assignment": "assignment", "termination": "termination"}
_TRADES = frozenset({"fill", "block"})

_INVERSE = {
    "futures_inverse": True,
    "perpetual_inverse": True,
    "futures_vanilla": False,
    "perpetual_vanilla": False,
    "flexible_futures": False,
}
"""Contract types and whether they are inverse; what is listed beside them is no contract."""

_STOCK = re.compile(r"[A-Z0-9.]+x")
"""How tokenised shares are called: AAPLx."""


class _Message(msgspec.Struct, gc=False, rename={"mark": "markPrice", "name": "product_id"}):
    feed: str = ""
    event: str = ""
    name: str = ""
    product_ids: list[str] = []
    message: str = ""
    type: str = ""
    time: Millis = 0
    mark: Number = None
    trades: list[msgspec.Raw] = []


class _Row(msgspec.Struct, gc=False, rename={"name": "product_id", "quantity": "qty"}):
    name: str
    type: str
    side: str
    time: Millis
    quantity: Number
    price: Number
    seq: Millis = 0
    uid: str = ""


class _PastRow(msgspec.Struct, gc=False, rename={"quantity": "size"}):
    uid: str
    side: str
    time: str
    quantity: Number
    price: Number


class _Timed(msgspec.Struct, gc=False):
    time: str


class _Contract(msgspec.Struct, gc=False, rename={"kind": "type", "size": "contractSize"}):
    symbol: str
    kind: str = ""
    size: Number = None
    base: str = ""
    quote: str = ""
    tradfi: bool = False


class _Answer(msgspec.Struct, gc=False):
    result: str
    error: str = ""
    instruments: list[_Contract] = []
    history: list[msgspec.Raw] = []


_MESSAGE = msgspec.json.Decoder(_Message)
_ROW = msgspec.json.Decoder(_Row)
_PAST_ROW = msgspec.json.Decoder(_PastRow)
_TIMED = msgspec.json.Decoder(_Timed)
_ANSWER = msgspec.json.Decoder(_Answer)


class KrakenHistory:
    """All trades of the last seven days, one contract at a time, newest first, 100 to a page.

    A restart of Kraken's engine can make it less. Public calls have no cost there.
    """

    every_s: float = 0.1
    settled_s: float = 5.0
    again_s: float = 0.0

    def requests(self, feed: str, instruments: Sequence[Instrument], span: Span) -> list[PastRequest]:  # noqa: ARG002 - protocol
        """Return the newest page of every contract."""
        return [_past(each.name, span, span.until_ms) for each in instruments]

    def parse(self, request: PastRequest, body: bytes, received_ms: int) -> PastPage:
        """Read one page of trades; raises `ParseError` and nothing else."""
        rows = _answer(body).history
        asked = dict(parse_qsl(urlsplit(request.path).query))
        found = collect(of_type(rows, _LIQUIDATION), partial(_read_past, asked["symbol"], received_ms))
        oldest = min((_millis(decoded(_TIMED, row).time) for row in rows), default=0)
        if len(rows) < _ROWS_PER_PAGE or oldest <= request.span.from_ms:
            return PastPage(found)
        # a page may end between two trades of one millisecond, so that millisecond is asked for again
        upto = oldest + 1 if oldest + 1 < millis_of(asked["lastTime"]) else oldest
        return PastPage(found, [_past(asked["symbol"], request.span, upto)])

    def twin(self, raw: RawLiquidation) -> None:
        """Return nothing: trades have ids."""


class Kraken:
    """Kraken Futures: the trades of every contract on one socket, seven days on request, ids."""

    name: str = _NAME
    title: str = "Kraken Futures"
    capability = Capability(
        # The oldest recorded trades of this type are of the first minutes of this day.
        epochs=(Epoch("2020-07-01", "full"),),
        price_kind="fill",
        quantity_unit="contracts of 1 USD (inverse), of one coin (linear)",
        native_id=True,
        backfill_hours=168.0,
        note="Every trade of a liquidation at its own price; one liquidation can be many trades. Assignments and "
        "terminations are counted apart. Seven days can be asked for, less after a restart of the engine.",
    )
    endpoints: dict[str, str] = {  # noqa: RUF012 - never written; the protocol wants an instance variable
        "ws": "wss://futures.kraken.com",
        "rest": "https://futures.kraken.com",
    }
    feeds: tuple[Feed, ...] = (
        # The ping that Kraken wants each minute is the protocol's own, which every socket sends.
        Feed(name=_FEED, path="/ws/v1", per_symbol=True, request_every_s=0.05),
    )
    instrument_requests: tuple[InstrumentRequest, ...] = (
        InstrumentRequest("rest", "/derivatives/api/v3/instruments", _FEED),
    )
    history: History | None = KrakenHistory()

    def control(self, feed: Feed, bases: Sequence[str]) -> list[Subscription]:  # noqa: ARG002 - protocol
        """Return the tickers of the main coins, one request each: BTC's is the pulse."""
        names = [f"PF_{base}USD" for base in dict.fromkeys(bases) if base != "BTC"]
        return [
            _subscription("ticker", ["PF_XBTUSD"]),
            *(_subscription("ticker", [name], (name,)) for name in names),
        ]

    def subscribe(self, feed: Feed, instruments: Sequence[str], first_key: int) -> list[Subscription]:  # noqa: ARG002 - protocol
        """Return requests of at most 50 contracts each."""
        starts = range(0, len(instruments), _PRODUCTS_PER_REQUEST)
        chunks = [tuple(instruments[start : start + _PRODUCTS_PER_REQUEST]) for start in starts]
        return [_subscription("trade", names, names) for names in chunks]

    def parse(self, frame: bytes | str, received_ms: int) -> Parsed:
        """Read one frame; raises `ParseError` and nothing else."""
        message = decoded(_MESSAGE, frame)
        if message.event:
            return _read_event(message)
        if message.feed == "trade":
            return _read_trade(message.type, frame, received_ms)
        if message.feed == "trade_snapshot":
            return _read_snapshot(message.trades, received_ms)
        if message.feed == "ticker":
            return mark_price(message.name, message.mark, message.time)
        return Known("heartbeat") if message.feed == "heartbeat" else UNKNOWN

    def parse_instruments(self, request: InstrumentRequest, body: bytes) -> InstrumentPage:  # noqa: ARG002 - protocol
        """Read the list of contracts; raises `ParseError` and nothing else. Indices are listed, too, and left out."""
        contracts = (_instrument(contract) for contract in _answer(body).instruments)
        return InstrumentPage([instrument for instrument in contracts if instrument])


def _key(feed: str, names: Iterable[str]) -> str:
    """Name a request by a contract that its answer names as well, in whatever order, or one answer for each."""
    return f"{feed} {min(names, default='')}"


def _subscription(feed: str, names: Sequence[str], instruments: tuple[str, ...] = ()) -> Subscription:
    request = {"event": "subscribe", "feed": feed, "product_ids": names}
    return Subscription(_key(feed, names), msgspec.json.encode(request).decode(), instruments)


def _read_event(message: _Message) -> Parsed:
    match message.event.strip():  # the documentation's own example has a blank at the end
        case "subscribed" | "subscribed_failed" as result:
            key = _key(message.feed, message.product_ids)
            return Ack(key, ok=result == "subscribed", message=message.message)
        case "error" | "alert":
            return Ack(OLDEST, ok=False, message=message.message)
        case "info":
            return Known("info")
    return UNKNOWN


def _read_trade(kind: str, frame: bytes | str, received_ms: int) -> Parsed:
    if kind in _TRADES:
        return _TRADE
    if kind in _OTHERS:
        return Liquidations([], others=(_OTHERS[kind],))
    if kind != _LIQUIDATION:
        return UNKNOWN
    return collect([msgspec.Raw(frame)], partial(_read_row, received_ms))


def _read_snapshot(trades: Sequence[msgspec.Raw], received_ms: int) -> Parsed:
    """Read the last trades of a contract, which were pushes before: other closures among them were counted then."""
    return collect(of_type(trades, _LIQUIDATION), partial(_read_row, received_ms), repeated=True)


def _read_row(received_ms: int, raw: msgspec.Raw) -> RawLiquidation:
    row = shaped(_ROW, raw)
    return _liquidation(row, row.name, row.uid or f"{row.name}:{row.seq}", instant(row.time), received_ms)


def _read_past(name: str, received_ms: int, raw: msgspec.Raw) -> RawLiquidation:
    row = shaped(_PAST_ROW, raw)
    return _liquidation(row, name, row.uid, instant_iso(row.time), received_ms)


def _liquidation(row: _Row | _PastRow, name: str, uid: str, time_ms: int, received_ms: int) -> RawLiquidation:
    side = _SIDES.get(row.side)
    if side is None:
        raise RejectedRow("side")
    if not name:
        raise RejectedRow("instrument")
    return RawLiquidation(
        time_ms,
        received_ms,
        _NAME,
        name,
        side,
        positive(row.price, "price"),
        "fill",
        positive(row.quantity, "quantity"),
        "contracts",
        uid or f"{name}:{time_ms}:{row.side}:{row.quantity}:{row.price}",
    )


def _answer(body: bytes) -> _Answer:
    """Decode an answer; raises `ParseError` when it is an error."""
    answer = decoded(_ANSWER, body)
    if answer.result != "success":
        raise ParseError(f"{answer.result}: {answer.error}")
    return answer


def _instrument(contract: _Contract) -> Instrument | None:
    inverse = _INVERSE.get(contract.kind)
    if inverse is None or not (contract.base and contract.quote):
        return None
    try:
        size = positive(contract.size, "")
    except RejectedRow:
        return None
    base, multiplier = plain_coin(contract.base)
    quoted, _ = plain_coin(contract.quote)
    return Instrument(
        exchange=_NAME,
        name=contract.symbol,
        base=base,
        quote=quoted,
        settle=base if inverse else quoted,
        kind="future" if re.search(r"_\d{6}$", contract.symbol) else "perpetual",
        inverse=inverse,
        contract_size=size,
        multiplier=multiplier,
        asset_class=_asset_class(contract),
    )


def _asset_class(contract: _Contract) -> AssetClass:
    if _STOCK.fullmatch(contract.base):
        return "stock"
    return "other" if contract.tradfi else "crypto"


def _millis(text: str) -> int:
    try:
        return instant_iso(text)
    except RejectedRow:
        raise ParseError(f"a trade of an impossible time: {text}") from None


def _past(name: str, span: Span, before_ms: int) -> PastRequest:
    """Ask for the trades of a contract that are older than `before_ms`."""
    path = f"/derivatives/api/v3/history?symbol={quote(name)}&lastTime={text_of(before_ms)}"
    return PastRequest("rest", path, span, name)
