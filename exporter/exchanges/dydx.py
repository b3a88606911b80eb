"""dYdX v4 perpetuals (Indexer API): the liquidations among the trades of every market.

Source: docs.dydx.exchange, Indexer "WebSocket" and "HTTP"; github.com/dydxprotocol/v4-chain, indexer/services/socks (32
markets of a channel on a connection, errors, what a subscriber is told first) and indexer/services/comlink (the past).

A trade is written from its taker's fill, and the taker of a LIQUIDATED one is the liquidated account. A DELEVERAGED one
closes a bankrupt account against others, which is no liquidation. Subscribing brings the last trades of the market. An
error says what it answers in words only, and not always.
"""

import re
from collections.abc import Sequence
from functools import partial
from urllib.parse import parse_qsl, quote, unquote, urlsplit

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
from exporter.exchanges.reading import (
    ABSENT,
    DECODE_ERRORS,
    Number,
    collect,
    decoded,
    instant_iso,
    of_type,
    positive,
    shaped,
)
from exporter.isotime import millis_of, text_of
from exporter.model import LONG, SHORT, Instrument, RawLiquidation, Side

_NAME = "dydx"
_FEED = "perpetuals"
_TRADES = "v4_trades"
_MARKETS = "v4_markets"
_LIQUIDATED = "LIQUIDATED"
_DELEVERAGED = "DELEVERAGED"
_PAST = "/v4/trades/perpetualMarket/"
_ROWS_PER_PAGE = 1000

_TRADE = Known("trade")

_SIDES: dict[str, Side] = {"SELL": LONG, "BUY": SHORT}
"""`side` is that of the order that closes the position."""

_NAMED = re.compile(r"(v4_\w+)-(\S+?)\)?\.?(?:\s|$)")
"""What an error is about, which it says in words: `Invalid subscription id for channel: (v4_trades-BTC-USD)`."""


class _Message(msgspec.Struct, gc=False, rename={"kind": "type", "market": "id"}):
    kind: str = ""
    channel: str = ""
    market: str = ""
    contents: msgspec.Raw = ABSENT
    message: str = ""


class _Trades(msgspec.Struct, gc=False):
    trades: list[msgspec.Raw] = []


class _Typed(msgspec.Struct, gc=False):
    type: str


class _Row(msgspec.Struct, gc=False, rename={"time": "createdAt", "quantity": "size"}):
    id: str
    side: str
    time: str
    quantity: Number
    price: Number


class _Timed(msgspec.Struct, gc=False, rename={"time": "createdAt"}):
    time: str


class _Oracle(msgspec.Struct, gc=False, rename={"price": "oraclePrice", "time": "effectiveAt"}):
    price: Number = None
    time: str = ""


class _Prices(msgspec.Struct, gc=False, rename={"oracle": "oraclePrices"}):
    oracle: dict[str, _Oracle] = {}


class _Market(msgspec.Struct, gc=False):
    ticker: str


class _Markets(msgspec.Struct, gc=False):
    markets: dict[str, _Market]


_MESSAGE = msgspec.json.Decoder(_Message)
_ROWS = msgspec.json.Decoder(_Trades)
_TYPED = msgspec.json.Decoder(_Typed)
_ROW = msgspec.json.Decoder(_Row)
_TIMED = msgspec.json.Decoder(_Timed)
_PRICES = msgspec.json.Decoder(_Prices)
_ANSWER = msgspec.json.Decoder(_Markets)


class DydxHistory:
    """All trades of a market, the newest first, 1000 to a page.

    How far back they go is not documented, months were seen; a month is asked for. 100 calls in ten seconds are
    allowed.
    """

    every_s: float = 0.15
    settled_s: float = 5.0
    again_s: float = 0.0

    def requests(self, feed: str, instruments: Sequence[Instrument], span: Span) -> list[PastRequest]:  # noqa: ARG002 - protocol
        """Return the newest page of every market."""
        return [_past(each.name, span, span.until_ms) for each in instruments]

    def parse(self, request: PastRequest, body: bytes, received_ms: int) -> PastPage:
        """Read one page of trades; raises `ParseError` and nothing else."""
        rows = decoded(_ROWS, body).trades
        asked = urlsplit(request.path)
        market = unquote(asked.path.removeprefix(_PAST))
        before_ms = millis_of(dict(parse_qsl(asked.query))["createdBeforeOrAt"])
        found = collect(of_type(rows, _LIQUIDATED), partial(_read_row, market, received_ms))
        oldest = min((_millis(decoded(_TIMED, row).time) for row in rows), default=0)
        if len(rows) < _ROWS_PER_PAGE or oldest <= request.span.from_ms:
            return PastPage(found)
        # the oldest millisecond is asked for again: a page may end between two of its trades
        return PastPage(found, [_past(market, request.span, min(oldest, before_ms - 1))])

    def twin(self, raw: RawLiquidation) -> None:
        """Return nothing: trades have ids."""


class Dydx:
    """dYdX: the trades of each market, 32 markets on a socket, a month on request, ids."""

    name: str = _NAME
    title: str = "dYdX"
    capability = Capability(
        # The chain's first day.
        epochs=(Epoch("2023-10-26", "full"),),
        price_kind="fill",
        quantity_unit="base",
        native_id=True,
        backfill_hours=30 * 24.0,
        note="Every fill of a liquidation, as it is on the chain; one liquidation can be many fills. Deleveraging is "
        "counted apart. Months can be asked for; the exporter asks for one.",
    )
    endpoints: dict[str, str] = {  # noqa: RUF012 - never written; the protocol wants an instance variable
        "ws": "wss://indexer.dydx.trade",
        "rest": "https://indexer.dydx.trade",
    }
    feeds: tuple[Feed, ...] = (
        # Pings are the server's. Two requests a second are allowed for one market, and every market is asked for once.
        Feed(name=_FEED, path="/v4/ws", per_symbol=True, symbols_per_connection=32, request_every_s=0.05),
    )
    instrument_requests: tuple[InstrumentRequest, ...] = (InstrumentRequest("rest", "/v4/perpetualMarkets", _FEED),)
    history: History | None = DydxHistory()

    def control(self, feed: Feed, bases: Sequence[str]) -> list[Subscription]:  # noqa: ARG002 - protocol
        """Return the oracle prices of all markets, which come with every block."""
        return [_subscription(_MARKETS, "")]

    def subscribe(self, feed: Feed, instruments: Sequence[str], first_key: int) -> list[Subscription]:  # noqa: ARG002 - protocol
        """Return a request for each market."""
        return [_subscription(_TRADES, name) for name in instruments]

    def parse(self, frame: bytes | str, received_ms: int) -> Parsed:
        """Read one frame; raises `ParseError` and nothing else."""
        message = decoded(_MESSAGE, frame)
        match message.kind:
            case "channel_data":
                return _read_push(message, received_ms)
            case "subscribed":
                return _read_answer(message, received_ms)
            case "error":
                return _read_error(message)
            case "connected" | "unsubscribed" as what:
                return Known(what)
        return UNKNOWN

    def parse_instruments(self, request: InstrumentRequest, body: bytes) -> InstrumentPage:  # noqa: ARG002 - protocol
        """Read the list of markets; raises `ParseError` and nothing else."""
        return InstrumentPage([_instrument(market.ticker) for market in decoded(_ANSWER, body).markets.values()])


def _key(channel: str, market: str) -> str:
    return f"{channel} {market}".rstrip()


def _subscription(channel: str, market: str) -> Subscription:
    request = {"type": "subscribe", "channel": channel} | ({"id": market} if market else {})
    return Subscription(_key(channel, market), msgspec.json.encode(request).decode(), (market,) if market else ())


def _read_error(message: _Message) -> Parsed:
    """Read a refusal. One that names no market answers nothing, so that no market is taken for refused by mistake."""
    named = _NAMED.search(message.message)
    key = _key(named[1], "" if named[1] == _MARKETS else named[2]) if named else ""
    return Ack(key, ok=False, message=message.message)


def _read_push(message: _Message, received_ms: int) -> Parsed:
    if message.channel == _TRADES:
        return _read_trades(message, received_ms)
    return _read_prices(message) if message.channel == _MARKETS else UNKNOWN


def _read_answer(message: _Message, received_ms: int) -> Parsed:
    """Read an acknowledgement; that of trades tells the last ones, of which deleveraging was counted when pushed."""
    if message.channel != _TRADES:
        return Ack(_key(message.channel, ""), ok=True)
    rows = of_type(decoded(_ROWS, message.contents).trades, _LIQUIDATED)
    found = collect(rows, partial(_read_row, message.market, received_ms), repeated=True)
    return Ack(_key(_TRADES, message.market), ok=True, found=found)


def _read_trades(message: _Message, received_ms: int) -> Parsed:
    rows = decoded(_ROWS, message.contents).trades
    others: list[OtherClosure] = ["deleverage" for row in rows if _is_deleverage(row)]
    found = collect(of_type(rows, _LIQUIDATED), partial(_read_row, message.market, received_ms))
    if not (found.events or found.rejected or others):
        return _TRADE
    return Liquidations(found.events, found.rejected, others)


def _is_deleverage(raw: msgspec.Raw) -> bool:
    try:
        return _TYPED.decode(raw).type == _DELEVERAGED
    except DECODE_ERRORS:
        return False


def _read_row(market: str, received_ms: int, raw: msgspec.Raw) -> RawLiquidation:
    row = shaped(_ROW, raw)
    side = _SIDES.get(row.side)
    if side is None:
        raise RejectedRow("side")
    if not market or not row.id:
        raise RejectedRow("instrument")
    return RawLiquidation(
        instant_iso(row.time),
        received_ms,
        _NAME,
        market,
        side,
        positive(row.price, "price"),
        "fill",
        positive(row.quantity, "quantity"),
        "base",
        row.id,
    )


def _read_prices(message: _Message) -> Parsed:
    """Read a push of the markets' channel: oracle prices, which liquidations go by, or changes of a market."""
    oracle = decoded(_PRICES, message.contents).oracle
    prices = []
    told, time_ms = "", 0
    for market, each in oracle.items():
        try:
            prices.append((market, positive(each.price, "price")))
            if each.time != told:  # the prices of a block bear one time, which is read once
                told, time_ms = each.time, max(time_ms, instant_iso(each.time))
        except RejectedRow:
            continue
    return MarkPrices(tuple(prices), time_ms)


def _instrument(ticker: str) -> Instrument:
    """Describe a market; where anybody could open it, more is behind the coin: `PNUT,RAYDIUM,2qEH...-USD`."""
    base, multiplier = plain_coin(ticker.rpartition("-")[0].partition(",")[0])
    return Instrument(
        exchange=_NAME,
        name=ticker,
        base=base,
        quote="USD",
        settle="USDC",
        kind="perpetual",
        multiplier=multiplier,
    )


def _millis(text: str) -> int:
    try:
        return instant_iso(text)
    except RejectedRow:
        raise ParseError(f"a trade of an impossible time: {text}") from None


def _past(market: str, span: Span, upto_ms: int) -> PastRequest:
    """Ask for the trades of a market that happened at `upto_ms` or before."""
    query = f"limit={_ROWS_PER_PAGE}&createdBeforeOrAt={text_of(upto_ms)}"
    return PastRequest("rest", f"{_PAST}{quote(market, safe='')}?{query}", span, market)
