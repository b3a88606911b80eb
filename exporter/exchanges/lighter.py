"""Lighter perpetuals: the liquidations among the trades of every market.

Source: apidocs.lighter.xyz, "WebSocket", "Rate Limits", and the interface description of github.com/elliottech/
lighter-python (`orderBooks`, `trades`); frames that github.com/tardis-dev/tardis-node recorded.

The taker of a liquidation is the liquidated account, so that the side of the order tells that of the position, and the
size that the account had before has to agree. Pushes keep liquidations apart, in a list that can be empty, null or not
there; subscribing brings the last ones. Markets have numbers, which are their names here.
"""

from collections.abc import Sequence
from functools import partial
from urllib.parse import parse_qsl, quote, urlsplit

import msgspec

from exporter.exchanges.base import (
    OLDEST,
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
    MarkPrices,
    OtherClosure,
    Parsed,
    ParseError,
    PastPage,
    PastRequest,
    Quota,
    RejectedRow,
    Reply,
    Span,
    Subscription,
)
from exporter.exchanges.naming import plain_coin
from exporter.exchanges.reading import (
    ABSENT,
    DECODE_ERRORS,
    Millis,
    Number,
    collect,
    decoded,
    instant,
    nonzero,
    of_type,
    positive,
    shaped,
)
from exporter.model import LONG, SHORT, AssetClass, Instrument, RawLiquidation

_NAME = "lighter"
_FEED = "perpetuals"
_TRADE = "trade"
_STATS = "market_stats"
_LIQUIDATION = "liquidation"
_PAST = "/api/v1/trades"
_ROWS_PER_PAGE = 100

_NOTHING = Known("trade")
_PLAIN: dict[str, Parsed] = {"ping": Reply('{"type":"pong"}'), "pong": PONG, "connected": Known("connected")}

_OTHERS: dict[str, OtherClosure] = {"deleverage": "deleverage", "market-settlement": "settlement"}

_CLASSES: dict[str, AssetClass] = {
    **dict.fromkeys(("EURUSD", "GBPUSD", "USDJPY", "USDCHF", "USDCAD", "AUDUSD", "NZDUSD", "USDKRW"), "forex"),
    **dict.fromkeys(("XAU", "XAG", "XCU", "XPT", "XPD", "WTI", "BRENTOIL", "NATGAS"), "commodity"),
    **dict.fromkeys(("SPY", "QQQ", "SPX500", "US500"), "index"),
    **dict.fromkeys(("AAPL", "AMD", "AMZN", "COIN", "CRCL", "GOOGL", "HOOD", "INTC", "META", "MSFT", "MSTR"), "stock"),
    **dict.fromkeys(("NFLX", "NVDA", "PLTR", "TSLA"), "stock"),
}
"""What is no coin: the list of markets does not say, so that it is told by name."""


class _Error(msgspec.Struct, gc=False):
    code: Millis = 0
    message: str = ""


class _Message(msgspec.Struct, gc=False, rename={"kind": "type"}):
    kind: str = ""
    channel: str = ""
    trades: list[msgspec.Raw] | None = None
    liquidation_trades: list[msgspec.Raw] | None = None
    market_stats: msgspec.Raw = ABSENT
    timestamp: Millis = 0
    error: _Error | None = None
    code: Millis = 0
    message: str = ""


class _Row(
    msgspec.Struct, gc=False, rename={"quantity": "size", "number": "trade_id", "before": "taker_position_size_before"}
):
    number: Millis
    market_id: Millis
    is_maker_ask: bool
    timestamp: Millis
    quantity: Number
    price: Number
    before: Number = None


class _Typed(msgspec.Struct, gc=False):
    type: str


class _Timed(msgspec.Struct, gc=False):
    timestamp: Millis


class _Stats(msgspec.Struct, gc=False):
    mark_price: Number = None


class _Market(msgspec.Struct, gc=False):
    symbol: str
    market_id: Millis
    market_type: str = "perp"


class _Markets(msgspec.Struct, gc=False):
    order_books: list[_Market]


class _Page(msgspec.Struct, gc=False):
    trades: list[msgspec.Raw]
    next_cursor: str = ""


_MESSAGE = msgspec.json.Decoder(_Message)
_ROW = msgspec.json.Decoder(_Row)
_TYPED = msgspec.json.Decoder(_Typed)
_TIMED = msgspec.json.Decoder(_Timed)
_STATISTICS = msgspec.json.Decoder(dict[str, _Stats])
_MARKETS = msgspec.json.Decoder(_Markets)
_PAGE = msgspec.json.Decoder(_Page)


class LighterHistory:
    """The liquidations of a market, the newest first, 100 to a page.

    They go back to the beginning of 2025; a month is asked for. One call a second is allowed.
    """

    every_s: float = 1.1
    settled_s: float = 5.0
    again_s: float = 0.0

    def requests(self, feed: str, instruments: Sequence[Instrument], span: Span) -> list[PastRequest]:  # noqa: ARG002 - protocol
        """Return the newest page of every market."""
        return [_past(each.name, span, "") for each in instruments]

    def parse(self, request: PastRequest, body: bytes, received_ms: int) -> PastPage:
        """Read one page of trades; raises `ParseError` and nothing else."""
        page = decoded(_PAGE, body)
        found = collect(of_type(page.trades, _LIQUIDATION), partial(_read_row, received_ms))
        oldest = min((decoded(_TIMED, row).timestamp for row in page.trades), default=0)
        asked = dict(parse_qsl(urlsplit(request.path).query))
        if not page.next_cursor or oldest <= request.span.from_ms:
            return PastPage(found)
        if page.next_cursor == asked.get("cursor"):
            raise ParseError("trades: the cursor does not advance")
        return PastPage(found, [_past(asked["market_id"], request.span, page.next_cursor)])

    def twin(self, raw: RawLiquidation) -> None:
        """Return nothing: trades have ids."""


class Lighter:
    """Lighter: the trades of each market, 99 markets on a socket, a month on request, ids."""

    name: str = _NAME
    title: str = "Lighter"
    capability = Capability(
        # The first day of its main network.
        epochs=(Epoch("2025-01-17", "full"),),
        price_kind="fill",
        quantity_unit="base",
        native_id=True,
        backfill_hours=30 * 24.0,
        note="Every trade of a liquidation at its own price; one liquidation can be many trades. Deleveraging and the "
        "settlement of markets are counted apart. A month is asked for.",
    )
    endpoints: dict[str, str] = {  # noqa: RUF012 - never written; the protocol wants an instance variable
        "ws": "wss://mainnet.zklighter.elliot.ai",
        "rest": "https://mainnet.zklighter.elliot.ai",
    }
    feeds: tuple[Feed, ...] = (
        # 100 subscriptions on a connection, one of which is the pulse; an address may send 200 messages a minute and
        # have 50 without an answer. Something has to be sent every two minutes; after a day the connection is dropped.
        Feed(
            name=_FEED,
            path="/stream",
            per_symbol=True,
            symbols_per_connection=99,
            quota=Quota(messages=190, seconds=60.0, unanswered=40),
            ping='{"type":"ping"}',
            ping_every_s=60.0,
            max_life_s=86_400.0,
        ),
    )
    instrument_requests: tuple[InstrumentRequest, ...] = (InstrumentRequest("rest", "/api/v1/orderBooks", _FEED),)
    history: History | None = LighterHistory()

    def control(self, feed: Feed, bases: Sequence[str]) -> list[Subscription]:  # noqa: ARG002 - protocol
        """Return the statistics of all markets, mark prices among them."""
        return [_subscription(_STATS, "all")]

    def subscribe(self, feed: Feed, instruments: Sequence[str], first_key: int) -> list[Subscription]:  # noqa: ARG002 - protocol
        """Return a request for each market."""
        return [_subscription(_TRADE, name) for name in instruments]

    def parse(self, frame: bytes | str, received_ms: int) -> Parsed:
        """Read one frame; raises `ParseError` and nothing else."""
        message = decoded(_MESSAGE, frame)
        kind, _, channel = message.kind.partition("/")
        if channel == _TRADE and kind in ("subscribed", "update"):
            return _read_trades(message, received_ms, answer=kind == "subscribed")
        if channel == _STATS and kind in ("subscribed", "update"):
            return _read_statistics(message) if kind == "update" else Ack(message.channel, ok=True)
        if message.error or message.kind == "error":
            return _read_error(message)
        return _PLAIN.get(message.kind, UNKNOWN)

    def parse_instruments(self, request: InstrumentRequest, body: bytes) -> InstrumentPage:  # noqa: ARG002 - protocol
        """Read the list of markets; raises `ParseError` and nothing else. Spot markets are left out."""
        markets = decoded(_MARKETS, body).order_books
        return InstrumentPage([_instrument(market) for market in markets if market.market_type == "perp"])


def _subscription(channel: str, what: str) -> Subscription:
    """Ask for a channel; what the request writes with a slash, the answer writes with a colon."""
    request = {"type": "subscribe", "channel": f"{channel}/{what}"}
    instruments = () if channel == _STATS else (what,)
    return Subscription(f"{channel}:{what}", msgspec.json.encode(request).decode(), instruments)


def _read_error(message: _Message) -> Parsed:
    error = message.error or _Error(message.code, message.message)
    key = message.channel.replace("/", ":") or OLDEST
    return Ack(key, ok=False, message=f"{error.code} {error.message}".strip())


def _read_trades(message: _Message, received_ms: int, *, answer: bool) -> Parsed:
    """Read a push, or the answer to a subscription, of which other closures were counted when they were pushed."""
    rows = [*(message.trades or ()), *(message.liquidation_trades or ())]
    found = collect(of_type(rows, _LIQUIDATION), partial(_read_row, received_ms), repeated=answer)
    if answer:
        return Ack(message.channel, ok=True, found=found)
    others = [_OTHERS[kind] for row in rows if (kind := _type_of(row)) in _OTHERS]
    if not (found.events or found.rejected or others):
        return _NOTHING
    return Liquidations(found.events, found.rejected, others)


def _type_of(raw: msgspec.Raw) -> str:
    try:
        return _TYPED.decode(raw).type
    except DECODE_ERRORS:
        return ""


def _read_row(received_ms: int, raw: msgspec.Raw) -> RawLiquidation:
    row = shaped(_ROW, raw)
    side = SHORT if row.is_maker_ask else LONG
    if row.before and (nonzero(row.before, "side") > 0) is not (side == LONG):
        raise RejectedRow("side")
    return RawLiquidation(
        instant(row.timestamp),
        received_ms,
        _NAME,
        str(row.market_id),
        side,
        positive(row.price, "price"),
        "fill",
        positive(row.quantity, "quantity"),
        "base",
        str(row.number),
    )


def _read_statistics(message: _Message) -> Parsed:
    """Read a push of the pulse, which has the markets whose statistics changed."""
    prices = []
    for market, stats in decoded(_STATISTICS, message.market_stats).items():
        try:
            prices.append((market, positive(stats.mark_price, "price")))
        except RejectedRow:
            continue
    try:
        return MarkPrices(tuple(prices), instant(message.timestamp))
    except RejectedRow:
        raise ParseError(f"statistics of an impossible time: {message.timestamp}") from None


def _instrument(market: _Market) -> Instrument:
    base, multiplier = plain_coin(market.symbol)
    return Instrument(
        exchange=_NAME,
        name=str(market.market_id),
        base=base,
        quote="USD",
        settle="USDC",
        kind="perpetual",
        multiplier=multiplier,
        asset_class=_CLASSES.get(market.symbol, "crypto"),
    )


def _past(market: str, span: Span, cursor: str) -> PastRequest:
    """Ask for the newest liquidations of a market, or those behind `cursor`."""
    query = f"market_id={quote(market)}&sort_by=timestamp&sort_dir=desc&type={_LIQUIDATION}&limit={_ROWS_PER_PAGE}"
    further = f"&cursor={quote(cursor, safe='')}" if cursor else ""
    return PastRequest("rest", f"{_PAST}?{query}{further}", span, f"market {market}")
