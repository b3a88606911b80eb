"""Bitget futures (unified account, v3): the largest long and the largest short liquidation of each symbol and second.

Source: www.bitget.com/api-doc/uta, "Liquidation Channel", "Get Liquidations" (added 2026-06-25), "Tickers Channel",
"Get Instruments", and the introduction to the sockets.

Only the v3 socket with `topic` has the channel; a subscription in the v2 form is acknowledged and stays silent. The
amount of a push is in the quote coin. In which unit REST gives it the documentation does not say; projects that
compared it found the base coin, and rows that both have are compared before anything is filled.
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
    MarkPrices,
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
    Millis,
    Number,
    amount_text,
    collect,
    decoded,
    instant_text,
    mark_price,
    positive,
    shaped,
)
from exporter.model import LONG, SHORT, Instrument, QuantityUnit, RawLiquidation, Side

_NAME = "bitget"
_FEED = "futures"
_LIQUIDATIONS = "liquidation"
_TICKER = "ticker"
_LINES = ("usdt-futures", "usdc-futures", "coin-futures")
_ROWS_PER_ANSWER = 100

_SIDES: dict[str, Side] = {"buy": LONG, "sell": SHORT}
"""`side` is that of the position: "buy" means that a long was liquidated."""

_PREFIX = {"base": "rest:"}
"""What keeps a row of REST, whose amount is in the base coin, from looking like one of the socket."""


class _Arg(msgspec.Struct, gc=False, rename={"line": "instType"}):
    line: str = ""
    topic: str = ""
    symbol: str = ""


class _Message(msgspec.Struct, gc=False):
    arg: _Arg | None = None
    event: str = ""
    code: Millis | str = ""
    msg: str = ""
    ts: Millis | str = ""
    data: msgspec.Raw = ABSENT


class _Row(msgspec.Struct, gc=False):
    symbol: str
    side: str
    price: Number
    amount: Number
    ts: Millis | str


class _Ticker(msgspec.Struct, gc=False, rename="camel"):
    mark_price: Number = None


class _Contract(msgspec.Struct, gc=False, rename="camel"):
    symbol: str
    base_coin: str
    quote_coin: str
    type: str = ""
    is_rwa: str = ""


class _PastList(msgspec.Struct, gc=False, rename={"rows": "list"}):
    rows: msgspec.Raw = ABSENT
    cursor: str | None = None


class _Answer(msgspec.Struct, gc=False):
    code: str
    data: msgspec.Raw = ABSENT
    msg: str = ""


_MESSAGE = msgspec.json.Decoder(_Message)
_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
_ROW = msgspec.json.Decoder(_Row)
_TICKERS = msgspec.json.Decoder(list[_Ticker])
_CONTRACTS = msgspec.json.Decoder(list[_Contract])
_PAST_LIST = msgspec.json.Decoder(_PastList)
_ANSWER = msgspec.json.Decoder(_Answer)


class BitgetHistory:
    """Liquidations of the last three days, a product line at a time, newest first; delayed.

    Five calls a second are allowed.
    """

    every_s: float = 0.25
    settled_s: float = 60.0
    again_s: float = 1_800.0

    def requests(self, feed: str, instruments: Sequence[Instrument], span: Span) -> list[PastRequest]:  # noqa: ARG002 - protocol
        """Return the newest page of every product line."""
        return [_past(line.upper(), span) for line in _LINES]

    def parse(self, request: PastRequest, body: bytes, received_ms: int) -> PastPage:
        """Read one page; raises `ParseError` and nothing else."""
        page = decoded(_PAST_LIST, _data(body))
        rows = [] if page.rows is ABSENT else decoded(_ROWS, page.rows)
        found = collect(rows, partial(_read_row, received_ms, "base"))
        oldest = min((event.time_ms for event in found.events), default=0)
        path = re.sub(r"&cursor=.*", "", request.path) + f"&cursor={quote(page.cursor or '', safe='')}"
        if not page.cursor or path == request.path or oldest < request.span.from_ms:
            return PastPage(found)
        return PastPage(found, [msgspec.structs.replace(request, path=path)])

    def twin(self, raw: RawLiquidation) -> tuple[str, ...]:
        """Return what socket and REST have in common, whatever their amounts count."""
        return (raw.instrument, raw.side, str(raw.time_ms), amount_text(raw.price))


class Bitget:
    """Bitget: one socket for all symbols of three product lines, no ids."""

    name: str = _NAME
    title: str = "Bitget"
    capability = Capability(
        # Before November 2025 there was no public channel.
        epochs=(Epoch("2025-11-01", "sampled_max_per_side_1s"),),
        price_kind="bankruptcy",
        quantity_unit="quote",
        native_id=False,
        backfill_hours=72.0,
        note="Only the largest long and the largest short of a symbol and second are published: every sum is a floor. "
        "Three days can be asked for, with a delay.",
    )
    endpoints: dict[str, str] = {  # noqa: RUF012 - never written; the protocol wants an instance variable
        "ws": "wss://ws.bitget.com",
        "rest": "https://api.bitget.com",
    }
    feeds: tuple[Feed, ...] = (
        Feed(
            name=_FEED,
            path="/v3/ws/public",
            ping="ping",
            ping_every_s=25.0,
            request_every_s=0.2,
            max_life_s=86_400.0,
        ),
    )
    instrument_requests: tuple[InstrumentRequest, ...] = tuple(
        InstrumentRequest("rest", f"/api/v3/market/instruments?category={line.upper()}", _FEED) for line in _LINES
    )
    history: History | None = BitgetHistory()

    def control(self, feed: Feed, bases: Sequence[str]) -> list[Subscription]:  # noqa: ARG002 - protocol
        """Return the liquidations of the three lines, BTC's ticker as the pulse, and the other coins' tickers."""
        others = [f"{base}USDT" for base in dict.fromkeys(bases) if base != "BTC"]
        return [
            *(_subscription(_Arg(line, _LIQUIDATIONS)) for line in _LINES),
            _subscription(_Arg(_LINES[0], _TICKER, "BTCUSDT")),
            *(_subscription(_Arg(_LINES[0], _TICKER, name), (name,)) for name in others),
        ]

    def subscribe(self, feed: Feed, instruments: Sequence[str], first_key: int) -> list[Subscription]:  # noqa: ARG002 - protocol
        """Return nothing: a line's one subscription carries every symbol."""
        return []

    def parse(self, frame: bytes | str, received_ms: int) -> Parsed:
        """Read one frame; raises `ParseError` and nothing else."""
        if frame in (b"pong", "pong"):
            return PONG
        message = decoded(_MESSAGE, frame)
        arg = message.arg or _Arg()
        if message.event == "subscribe":
            return Ack(_key(arg), ok=True)
        if message.event == "error":
            return Ack(_key(arg), ok=False, message=f"{message.code} {message.msg}".strip())
        if arg.topic == _LIQUIDATIONS:
            rows = decoded(_ROWS, message.data)
            return collect(rows, partial(_read_row, received_ms, "quote"))
        if arg.topic == _TICKER:
            return _read_ticker(arg.symbol, message)
        return UNKNOWN

    def parse_instruments(self, request: InstrumentRequest, body: bytes) -> InstrumentPage:  # noqa: ARG002 - protocol
        """Read the contracts of one product line; raises `ParseError` and nothing else."""
        contracts = decoded(_CONTRACTS, _data(body))
        return InstrumentPage([_instrument(contract) for contract in contracts])


def _key(arg: _Arg) -> str:
    """Name a subscription by what it asks for, which is what the answer repeats."""
    return f"{arg.line} {arg.topic} {arg.symbol}".strip()


def _subscription(arg: _Arg, instruments: tuple[str, ...] = ()) -> Subscription:
    what = {"instType": arg.line, "topic": arg.topic} | ({"symbol": arg.symbol} if arg.symbol else {})
    return Subscription(_key(arg), msgspec.json.encode({"op": "subscribe", "args": [what]}).decode(), instruments)


def _read_row(received_ms: int, unit: QuantityUnit, raw: msgspec.Raw) -> RawLiquidation:
    row = shaped(_ROW, raw)
    side = _SIDES.get(row.side)
    if side is None:
        raise RejectedRow("side")
    if not row.symbol:
        raise RejectedRow("instrument")
    return RawLiquidation(
        instant_text(str(row.ts)),
        received_ms,
        _NAME,
        row.symbol,
        side,
        positive(row.price, "price"),
        "bankruptcy",
        positive(row.amount, "quantity"),
        unit,
        f"{_PREFIX.get(unit, '')}{row.symbol}:{row.side}:{row.ts}:{row.amount}:{row.price}",
    )


def _read_ticker(symbol: str, message: _Message) -> MarkPrices:
    tickers = decoded(_TICKERS, message.data)
    try:
        time_ms = instant_text(str(message.ts))
    except RejectedRow:
        raise ParseError(f"a ticker of an impossible time: {message.ts}") from None
    return mark_price(symbol, tickers[0].mark_price if tickers else None, time_ms)


def _data(body: bytes) -> msgspec.Raw:
    """Return what an answer holds; raises `ParseError` when it is an error."""
    answer = decoded(_ANSWER, body)
    if answer.code != "00000" or answer.data is ABSENT:
        raise ParseError(f"code {answer.code}: {answer.msg}")
    return answer.data


def _instrument(contract: _Contract) -> Instrument:
    coin_margined = contract.quote_coin == "USD"
    base, multiplier = plain_coin(contract.base_coin)
    return Instrument(
        exchange=_NAME,
        name=contract.symbol,
        base=base,
        quote=contract.quote_coin,
        settle=contract.base_coin if coin_margined else contract.quote_coin,
        kind="future" if contract.type == "delivery" else "perpetual",
        inverse=coin_margined,
        multiplier=multiplier,
        asset_class="other" if contract.is_rwa.upper() == "YES" else "crypto",
    )


def _past(category: str, span: Span) -> PastRequest:
    path = f"/api/v3/market/liquidations?category={category}&limit={_ROWS_PER_ANSWER}"
    return PastRequest("rest", path, span, category)
