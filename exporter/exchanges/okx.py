"""OKX perpetual and dated futures (API v5): the liquidations of whole product lines, from several sources.

Source: www.okx.com/docs-v5, "Liquidation orders channel", "Mark price channel", "Get instruments", "Get liquidation
orders", and the change log of 2026-09-30 (port 8443 is refused since 2026-10-31).

The documentation says that the channel does not show every liquidation and that pushes may be out of order; what it
leaves out it does not say. The first push after subscribing can repeat recent orders. Rows of the socket and of REST
are equal field for field, so that their content is one identity.
"""

import re
from collections.abc import Sequence
from functools import partial
from typing import Generic, TypeVar

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
    Known,
    Liquidations,
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
    ABSENT,
    DECODE_ERRORS,
    Number,
    collect,
    decoded,
    instant_text,
    mark_price,
    positive,
    price_and_quantity,
    shaped,
)
from exporter.model import LONG, SHORT, USD_QUOTES, AssetClass, Instrument, RawLiquidation, Side

Detail = TypeVar("Detail")
_NAME = "okx"
_FEED = "futures"
_LIQUIDATIONS = "liquidation-orders"
_MARK_PRICE = "mark-price"
_LINES = ("SWAP", "FUTURES")
_ROWS_PER_PAGE = 100

_SIDES: dict[str, Side] = {"sell": LONG, "buy": SHORT}
"""`side` is the closing order's; `posSide` names the position where the account holds both ways."""

_POSITIONS: dict[str, Side] = {"long": LONG, "short": SHORT}
_CLASSES: dict[str, AssetClass] = {"3": "stock", "4": "commodity", "5": "forex", "6": "other"}

_NAMED = re.compile(r"channel\W+([\w-]+).*?inst(?:Id|Type)\W+([\w-]+)")
"""What an error is about, which the exchange says in words only."""


class _Arg(msgspec.Struct, gc=False, rename={"line": "instType", "instrument": "instId"}):
    channel: str = ""
    line: str = ""
    instrument: str = ""


class _Message(msgspec.Struct, gc=False):
    arg: _Arg | None = None
    data: msgspec.Raw = ABSENT
    event: str = ""
    code: str = ""
    msg: str = ""
    id: str = ""


class _Detail(
    msgspec.Struct,
    gc=False,
    rename={"position": "posSide", "price": "bkPx", "quantity": "sz", "time": "ts"},
):
    side: str
    price: Number
    quantity: Number
    time: str
    position: str = "net"


class _Orders(msgspec.Struct, Generic[Detail], gc=False, rename={"instrument": "instId"}):
    instrument: str
    details: list[Detail]


class _Push(msgspec.Struct, gc=False):
    arg: _Arg
    data: list[_Orders[_Detail]]


class _Mark(msgspec.Struct, gc=False, rename={"instrument": "instId", "price": "markPx", "time": "ts"}):
    instrument: str
    time: str
    price: Number = None


class _Contract(msgspec.Struct, gc=False, rename="camel"):
    inst_id: str
    inst_type: str
    inst_family: str = ""
    settle_ccy: str = ""
    ct_val: Number = None
    ct_mult: Number = None
    ct_val_ccy: str = ""
    inst_category: str = ""


class _Answer(msgspec.Struct, gc=False):
    code: str
    data: msgspec.Raw = ABSENT
    msg: str = ""


_PUSH = msgspec.json.Decoder(_Push)
_MESSAGE = msgspec.json.Decoder(_Message)
_ORDERS = msgspec.json.Decoder(list[_Orders[msgspec.Raw]])
_DETAIL = msgspec.json.Decoder(_Detail)
_MARKS = msgspec.json.Decoder(list[_Mark])
_CONTRACTS = msgspec.json.Decoder(list[_Contract])
_ANSWER = msgspec.json.Decoder(_Answer)


class OkxHistory:
    """Liquidations of the last day, one family of instruments at a time, newest first, 100 to a page.

    40 calls in two seconds are allowed. Rows were seen to appear up to an hour late.
    """

    every_s: float = 0.1
    settled_s: float = 5.0
    again_s: float = 3_900.0

    def requests(self, feed: str, instruments: Sequence[Instrument], span: Span) -> list[PastRequest]:  # noqa: ARG002 - protocol
        """Return the newest page of every family."""
        families = dict.fromkeys((_line(each), each.name.rpartition("-")[0]) for each in instruments)
        return [_past(line, family, span, span.until_ms) for line, family in families]

    def parse(self, request: PastRequest, body: bytes, received_ms: int) -> PastPage:
        """Read one page of liquidation orders; raises `ParseError` and nothing else."""
        found, rows = _read_orders(decoded(_ORDERS, _data(body)), received_ms)
        oldest = min((event.time_ms for event in found.events), default=0)
        line, family, after = _PAST.findall(request.path)[0]
        if rows < _ROWS_PER_PAGE or oldest <= request.span.from_ms:
            return PastPage(found)
        # a page may end between two rows of one millisecond, so that millisecond is asked for again
        upto = oldest + 1 if oldest + 1 < int(after) else oldest
        return PastPage(found, [_past(line, family, request.span, upto)])

    def twin(self, raw: RawLiquidation) -> None:
        """Return nothing: the rows are equal."""


class Okx:
    """OKX: one socket for all symbols of both product lines, the last day on request, no ids."""

    name: str = _NAME
    title: str = "OKX"
    capability = Capability(
        epochs=(Epoch("2021-12-23", "partial"),),
        price_kind="bankruptcy",
        quantity_unit="contracts",
        native_id=False,
        backfill_hours=24.0,
        note="Not every liquidation, says OKX, and not which are left out: every sum is a floor. At the price at which "
        "the liquidation account took over. The last day can be asked for.",
    )
    endpoints: dict[str, str] = {  # noqa: RUF012 - never written; the protocol wants an instance variable
        "ws": "wss://ws.okx.com",
        "rest": "https://www.okx.com",
    }
    feeds: tuple[Feed, ...] = (
        # Dropped after 30 s without traffic; unchanged mark prices come every 10 s.
        Feed(name=_FEED, path="/ws/v5/public", ping="ping", ping_every_s=20.0, pulse_s=10.0),
    )
    instrument_requests: tuple[InstrumentRequest, ...] = tuple(
        InstrumentRequest("rest", f"/api/v5/public/instruments?instType={line}", _FEED) for line in _LINES
    )
    history: History | None = OkxHistory()

    def control(self, feed: Feed, bases: Sequence[str]) -> list[Subscription]:  # noqa: ARG002 - protocol
        """Return the liquidations of both lines, BTC's mark price as the pulse, and the other coins' mark prices."""
        others = [f"{base}-USDT-SWAP" for base in dict.fromkeys(bases) if base != "BTC"]
        return [
            *(_subscription(_Arg(_LIQUIDATIONS, line=line)) for line in _LINES),
            _subscription(_Arg(_MARK_PRICE, instrument="BTC-USDT-SWAP")),
            *(_subscription(_Arg(_MARK_PRICE, instrument=name), (name,)) for name in others),
        ]

    def subscribe(self, feed: Feed, instruments: Sequence[str], first_key: int) -> list[Subscription]:  # noqa: ARG002 - protocol
        """Return nothing: a line's one subscription carries every symbol."""
        return []

    def parse(self, frame: bytes | str, received_ms: int) -> Parsed:
        """Read one frame; raises `ParseError` and nothing else."""
        if frame in (b"pong", "pong"):
            return PONG
        try:
            push = _PUSH.decode(frame)
        except DECODE_ERRORS:
            push = None
        if push is None or push.arg.channel != _LIQUIDATIONS:
            return _read_other(frame, received_ms)
        return _read_orders(push.data, received_ms)[0]

    def parse_instruments(self, request: InstrumentRequest, body: bytes) -> InstrumentPage:  # noqa: ARG002 - protocol
        """Read an answer about a product line; raises `ParseError` and nothing else.

        A contract without its value (announced, not yet trading) or of a value in some other coin is left out.
        """
        instruments = (_instrument(contract) for contract in decoded(_CONTRACTS, _data(body)))
        return InstrumentPage([instrument for instrument in instruments if instrument])


def _key(arg: _Arg) -> str:
    """Name a subscription by what it asks for, in the alphabet that OKX allows for an id."""
    return re.sub(r"[^A-Za-z0-9]", "", arg.channel[:1] + (arg.line or arg.instrument))[:32]


def _subscription(arg: _Arg, instruments: tuple[str, ...] = ()) -> Subscription:
    what = {"instType": arg.line} if arg.line else {"instId": arg.instrument}
    request = {"id": _key(arg), "op": "subscribe", "args": [{"channel": arg.channel, **what}]}
    return Subscription(_key(arg), msgspec.json.encode(request).decode(), instruments)


def _read_other(frame: bytes | str, received_ms: int) -> Parsed:
    """Read a frame that is not a push of liquidations, or one of which only the broken rows are lost."""
    message = decoded(_MESSAGE, frame)
    if message.event:
        return _read_event(message)
    if message.arg is None or message.data is ABSENT:
        return UNKNOWN
    if message.arg.channel == _LIQUIDATIONS:
        return _read_orders(decoded(_ORDERS, message.data), received_ms)[0]
    return _read_mark(message.data) if message.arg.channel == _MARK_PRICE else UNKNOWN


def _read_event(message: _Message) -> Parsed:
    if message.event == "subscribe" and message.arg:
        return Ack(message.id or _key(message.arg), ok=True)
    if message.event == "error":
        named = _NAMED.search(message.msg)
        key = message.id or (_key(_Arg(named[1], line=named[2])) if named else "")
        return Ack(key, ok=False, message=f"{message.code} {message.msg}".strip())
    if message.event == "notice":
        return Known("notice")
    return UNKNOWN


def _read_orders(orders: list[_Orders[Detail]], received_ms: int) -> tuple[Liquidations, int]:
    """Read all rows of all instruments of a frame or an answer; return how many rows there were as well."""
    rows = [(each.instrument, detail) for each in orders for detail in each.details]
    return collect(rows, partial(_read_row, received_ms)), len(rows)


def _read_row(received_ms: int, named: tuple[str, _Detail | msgspec.Raw]) -> RawLiquidation:
    instrument, detail = named
    row = shaped(_DETAIL, detail) if isinstance(detail, msgspec.Raw) else detail
    side = _SIDES.get(row.side) if row.position == "net" else _POSITIONS.get(row.position)
    if side is None:
        raise RejectedRow("side")
    if not instrument:
        raise RejectedRow("instrument")
    price, quantity = price_and_quantity(row.price, row.quantity)
    return RawLiquidation(
        instant_text(row.time),
        received_ms,
        _NAME,
        instrument,
        side,
        price,
        "bankruptcy",
        quantity,
        "contracts",
        f"{instrument}:{row.position}:{row.side}:{row.time}:{row.quantity}:{row.price}",
    )


def _read_mark(data: msgspec.Raw) -> Parsed:
    marks = decoded(_MARKS, data)
    if not marks:
        raise ParseError("mark-price without a price")
    try:
        return mark_price(marks[0].instrument, marks[0].price, instant_text(marks[0].time))
    except RejectedRow:
        raise ParseError(f"mark price of an impossible time: {marks[0].time}") from None


def _data(body: bytes) -> msgspec.Raw:
    """Return what an answer holds; raises `ParseError` when it is an error."""
    answer = decoded(_ANSWER, body)
    if answer.code != "0" or answer.data is ABSENT:
        raise ParseError(f"code {answer.code}: {answer.msg}")
    return answer.data


def _instrument(contract: _Contract) -> Instrument | None:
    coin, _, rest = contract.inst_family.partition("-")
    quote = rest.partition("_")[0]
    base, multiplier = plain_coin(coin)
    try:
        size = positive(contract.ct_val, "") * positive(contract.ct_mult or "1", "")
    except RejectedRow:
        return None
    in_dollars = contract.ct_val_ccy in USD_QUOTES
    if not (coin and quote) or (contract.ct_val_ccy != coin and not in_dollars):
        return None
    return Instrument(
        exchange=_NAME,
        name=contract.inst_id,
        base=base,
        quote=quote,
        settle=contract.settle_ccy,
        kind="perpetual" if contract.inst_type == "SWAP" else "future",
        inverse=in_dollars,
        contract_size=size,
        multiplier=multiplier,
        asset_class=_CLASSES.get(contract.inst_category, "crypto"),
    )


_PAST = re.compile(r"instType=(\w+)&instFamily=([^&]+)&.*after=(\d+)")


def _past(line: str, family: str, span: Span, after_ms: int) -> PastRequest:
    """Ask for the rows of a family that are older than `after_ms`."""
    path = "/api/v5/public/liquidation-orders"
    query = f"instType={line}&instFamily={family}&state=filled&limit={_ROWS_PER_PAGE}&after={after_ms}"
    return PastRequest("rest", f"{path}?{query}", span, f"{family} {line}")


def _line(instrument: Instrument) -> str:
    return "SWAP" if instrument.kind == "perpetual" else "FUTURES"
