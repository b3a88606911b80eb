"""Deribit futures (API v2, JSON-RPC): the trades in which an account was liquidated, among all trades.

Source: docs.deribit.com, "trades.(kind).(currency).(interval)", "ticker.(instrument_name).(interval)",
"public/set_heartbeat", "public/subscribe", "public/get_instruments", "public/get_last_trades_by_currency_and_time".

`direction` is the taker's and `liquidation` says whose position was liquidated: the taker's (T), the maker's (M), who
is on the other side, or both (MT), which are two liquidations. Amounts are USD in inverse contracts and coins in linear
ones, whose names have the stablecoin behind an underscore. What cannot be subscribed is left out of the answer.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from urllib.parse import parse_qsl, urlsplit

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
    Parsed,
    ParseError,
    PastPage,
    PastRequest,
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
    mark_price,
    positive,
    shaped,
)
from exporter.model import LONG, SHORT, Instrument, RawLiquidation, Side

_NAME = "deribit"
_FEED = "futures"
_TRADES = "trades.future.any.100ms"
_TICKER = "ticker."
_PAST = "/api/v2/public/get_last_trades_by_currency_and_time"
_ROWS_PER_PAGE = 1000

_TRADE = Known("trade")
_HEARTBEAT = Known("heartbeat")
_ALIVE = Reply('{"jsonrpc":"2.0","id":0,"method":"public/test","params":{}}')

_SIDES: dict[tuple[str, str], Side] = {
    ("T", "sell"): LONG,
    ("T", "buy"): SHORT,
    ("M", "sell"): SHORT,
    ("M", "buy"): LONG,
}
"""Whose position it was and the taker's direction, to the side of that position."""

_INVERSE = ("BTC", "ETH")
"""Coins with perpetuals that are margined in the coin; the others' are linear."""


class _Params(msgspec.Struct, gc=False):
    channel: str = ""
    data: msgspec.Raw = ABSENT
    type: str = ""


class _Error(msgspec.Struct, gc=False):
    code: Millis = 0
    message: str = ""


class _Message(msgspec.Struct, gc=False, rename={"key": "id"}):
    method: str = ""
    params: _Params | None = None
    key: Millis | None = None
    result: msgspec.Raw = ABSENT
    error: _Error | None = None


class _Flag(msgspec.Struct, gc=False):
    liquidation: str = ""


class _Row(msgspec.Struct, gc=False, rename={"name": "instrument_name", "quantity": "amount", "time": "timestamp"}):
    name: str
    trade_id: str
    direction: str
    time: Millis
    quantity: Number
    price: Number


class _Ticker(msgspec.Struct, gc=False, rename={"name": "instrument_name", "time": "timestamp"}):
    name: str
    time: Millis
    mark_price: Number = None


class _Contract(msgspec.Struct, gc=False, rename={"name": "instrument_name"}):
    name: str
    kind: str
    instrument_type: str
    base_currency: str
    quote_currency: str
    settlement_currency: str
    settlement_period: str = ""


class _Timed(msgspec.Struct, gc=False, rename={"time": "timestamp"}):
    time: Millis


class _Page(msgspec.Struct, gc=False):
    trades: list[msgspec.Raw]
    has_more: bool = False


_MESSAGE = msgspec.json.Decoder(_Message)
_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
_FLAG = msgspec.json.Decoder(_Flag)
_ROW = msgspec.json.Decoder(_Row)
_TICK = msgspec.json.Decoder(_Ticker)
_CHANNELS = msgspec.json.Decoder(list[str] | str)
_CONTRACTS = msgspec.json.Decoder(list[_Contract])
_PAGE = msgspec.json.Decoder(_Page)
_TIMED = msgspec.json.Decoder(_Timed)


class DeribitHistory:
    """All futures trades of a settlement currency, the oldest first, 1000 to a page.

    How far back they go is not documented; a day is asked for. 20 calls a second are allowed to everybody.
    """

    every_s: float = 0.2
    settled_s: float = 5.0
    again_s: float = 0.0

    def requests(self, feed: str, instruments: Sequence[Instrument], span: Span) -> list[PastRequest]:  # noqa: ARG002 - protocol
        """Return the oldest page of every currency."""
        return [_past(currency, span, span.from_ms) for currency in dict.fromkeys(each.settle for each in instruments)]

    def parse(self, request: PastRequest, body: bytes, received_ms: int) -> PastPage:
        """Read one page of trades; raises `ParseError` and nothing else."""
        page = decoded(_PAGE, _result(body))
        found = collect(_liquidated(page.trades), partial(_read_row, received_ms))
        asked = dict(parse_qsl(urlsplit(request.path).query))
        newest = max((decoded(_TIMED, row).time for row in page.trades), default=0)
        if not page.has_more or newest >= request.span.until_ms:
            return PastPage(found)
        # a page may end between two trades of one millisecond, so that millisecond is asked for again
        since = max(newest, int(asked["start_timestamp"]) + 1)
        return PastPage(found, [_past(asked["currency"], request.span, since)])

    def twin(self, raw: RawLiquidation) -> None:
        """Return nothing: trades have ids."""


class Deribit:
    """Deribit: the trades of all futures in one subscription, a day on request, ids."""

    name: str = _NAME
    title: str = "Deribit"
    capability = Capability(
        # The oldest recorded trades with this field are of this day.
        epochs=(Epoch("2020-03-13", "full"),),
        price_kind="fill",
        quantity_unit="USD (inverse), base (linear)",
        native_id=True,
        backfill_hours=24.0,
        note="Every trade of a liquidation at its own price; one liquidation can be many trades, and one trade two "
        "liquidations. Options are left out.",
    )
    endpoints: dict[str, str] = {  # noqa: RUF012 - never written; the protocol wants an instance variable
        "ws": "wss://www.deribit.com",
        "rest": "https://www.deribit.com",
    }
    # A subscription costs 3,000 credits of 30,000, of which 10,000 come back each second; without any one is cut.
    feeds: tuple[Feed, ...] = (Feed(name=_FEED, path="/ws/api/v2", request_every_s=0.31),)
    instrument_requests: tuple[InstrumentRequest, ...] = (
        InstrumentRequest("rest", "/api/v2/public/get_instruments?currency=any&kind=future", _FEED),
    )
    history: History | None = DeribitHistory()

    def control(self, feed: Feed, bases: Sequence[str]) -> list[Subscription]:  # noqa: ARG002 - protocol
        """Return the heartbeat, the trades of all futures, BTC's ticker as the pulse, and the other coins' tickers."""
        names = [_perpetual(base) for base in dict.fromkeys(bases) if base != "BTC"]
        return [
            _request(1, "public/set_heartbeat", {"interval": 10}),
            _subscription(2, _TRADES),
            _subscription(3, f"{_TICKER}{_perpetual('BTC')}.agg2"),
            *(_subscription(key, f"{_TICKER}{name}.agg2", (name,)) for key, name in enumerate(names, 4)),
        ]

    def subscribe(self, feed: Feed, instruments: Sequence[str], first_key: int) -> list[Subscription]:  # noqa: ARG002 - protocol
        """Return nothing: one subscription carries every future."""
        return []

    def parse(self, frame: bytes | str, received_ms: int) -> Parsed:
        """Read one frame; raises `ParseError` and nothing else."""
        message = decoded(_MESSAGE, frame)
        params = message.params
        if params is None:
            return _read_answer(message)
        if message.method == "heartbeat":
            return _ALIVE if params.type == "test_request" else _HEARTBEAT
        if message.method != "subscription":
            return UNKNOWN
        if params.channel.startswith("trades."):
            rows = list(_liquidated(decoded(_ROWS, params.data)))
            return collect(rows, partial(_read_row, received_ms)) if rows else _TRADE
        if params.channel.startswith(_TICKER):
            ticker = decoded(_TICK, params.data)
            return mark_price(ticker.name, ticker.mark_price, ticker.time)
        return UNKNOWN

    def parse_instruments(self, request: InstrumentRequest, body: bytes) -> InstrumentPage:  # noqa: ARG002 - protocol
        """Read the list of futures; raises `ParseError` and nothing else."""
        contracts = decoded(_CONTRACTS, _result(body))
        return InstrumentPage([_instrument(each) for each in contracts if each.kind == "future"])


def _request(key: int, method: str, params: dict[str, object], instruments: tuple[str, ...] = ()) -> Subscription:
    request = {"jsonrpc": "2.0", "id": key, "method": method, "params": params}
    return Subscription(str(key), msgspec.json.encode(request).decode(), instruments)


def _subscription(key: int, channel: str, instruments: tuple[str, ...] = ()) -> Subscription:
    return _request(key, "public/subscribe", {"channels": [channel]}, instruments)


def _perpetual(base: str) -> str:
    return f"{base}-PERPETUAL" if base in _INVERSE else f"{base}_USDC-PERPETUAL"


def _read_answer(message: _Message) -> Parsed:
    if message.key is None:
        return UNKNOWN
    key = str(message.key)
    if message.error:
        return Ack(key, ok=False, message=f"{message.error.code} {message.error.message}".strip())
    if bytes(message.result)[:1] == b"{":
        return Known("answer")
    subscribed = decoded(_CHANNELS, message.result)
    return Ack(key, ok=bool(subscribed), message="" if subscribed else "no such channel")


def _liquidated(rows: list[msgspec.Raw]) -> Iterator[tuple[str, msgspec.Raw]]:
    """Return each liquidation of the trades: whose it was, and the trade. What cannot be read its reader refuses."""
    for row in rows:
        try:
            flag = _FLAG.decode(row).liquidation
        except DECODE_ERRORS:
            flag = "?"
        for party in ("T", "M") if flag == "MT" else (flag,) if flag else ():
            yield party, row


def _read_row(received_ms: int, liquidated: tuple[str, msgspec.Raw]) -> RawLiquidation:
    party, raw = liquidated
    row = shaped(_ROW, raw)
    side = _SIDES.get((party, row.direction))
    if side is None:
        raise RejectedRow("side")
    if not row.name or not row.trade_id:
        raise RejectedRow("instrument")
    return RawLiquidation(
        instant(row.time),
        received_ms,
        _NAME,
        row.name,
        side,
        positive(row.price, "price"),
        "fill",
        positive(row.quantity, "quantity"),
        "base" if "_" in row.name else "usd",
        f"{row.name}:{row.trade_id}:{party}",
    )


def _result(body: bytes) -> msgspec.Raw:
    """Return what an answer holds; raises `ParseError` when it is an error."""
    answer = decoded(_MESSAGE, body)
    if answer.error:
        raise ParseError(f"{answer.error.code} {answer.error.message}")
    return answer.result


def _instrument(contract: _Contract) -> Instrument:
    base, multiplier = plain_coin(contract.base_currency)
    return Instrument(
        exchange=_NAME,
        name=contract.name,
        base=base,
        quote=contract.quote_currency,
        settle=contract.settlement_currency,
        kind="perpetual" if contract.settlement_period == "perpetual" else "future",
        inverse=contract.instrument_type == "reversed",
        multiplier=multiplier,
    )


def _past(currency: str, span: Span, since_ms: int) -> PastRequest:
    """Ask for the trades of a currency from `since_ms` on."""
    query = f"currency={currency}&kind=future&start_timestamp={since_ms}&end_timestamp={span.until_ms}"
    path = f"{_PAST}?{query}&count={_ROWS_PER_PAGE}&sorting=asc"
    return PastRequest("rest", path, span, currency)
