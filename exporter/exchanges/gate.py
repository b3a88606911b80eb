"""Gate perpetual futures (WebSocket v4): the liquidation orders of three settlement currencies.

Source: www.gate.com/docs/developers/futures/ws, "Public liquidates order API", "Tickers API", "Ping and Pong", its
change log of 2026-08-20 (orders of a contract are pushed as an array once a second, none are left out any more; before,
at most one a second) and of 2026-08-19 (settlement in USD1); www.gate.com/docs/developers/apiv4, "Query liquidation
order history" and "List all futures contracts".

The sign of a pushed size is that of the order, which the documentation does not say; REST has both signs and its own
example shows that they are opposite. A push is read as array and as object, its time in seconds or milliseconds.
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
    Liquidations,
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
    instant,
    mark_price,
    nonzero,
    positive,
    shaped,
)
from exporter.model import LONG, SHORT, AssetClass, Instrument, RawLiquidation

_NAME = "gate"
_LIQUIDATIONS = "futures.public_liquidates"
_TICKERS = "futures.tickers"
_PONG = "futures.pong"
_SECONDS_BELOW = 100_000_000_000
_ROWS_PER_ANSWER = 1000
_WINDOW_S = 3600

_CLASSES: dict[str, AssetClass] = {
    "stocks": "stock",
    "metals": "commodity",
    "commodities": "commodity",
    "forex": "forex",
    "indices": "index",
}


class _Message(msgspec.Struct, gc=False, rename={"key": "id"}):
    channel: str = ""
    event: str = ""
    time_ms: Millis = 0
    key: Millis | None = None
    error: msgspec.Raw = ABSENT
    result: msgspec.Raw = ABSENT


class _Error(msgspec.Struct, gc=False):
    code: Millis | str = 0
    message: str = ""


class _Row(msgspec.Struct, gc=False):
    contract: str
    size: Number
    price: Number
    time: Millis | None = None
    time_ms: Millis | None = None


class _Ticker(msgspec.Struct, gc=False):
    contract: str
    mark_price: Number = None


class _Contract(msgspec.Struct, gc=False, rename={"kind": "type"}):
    name: str
    kind: str = ""
    quanto_multiplier: Number = None
    contract_type: str = ""


class _PastRow(msgspec.Struct, gc=False):
    time: Millis
    contract: str
    order_size: Number
    order_price: Number
    fill_price: Number = None


_MESSAGE = msgspec.json.Decoder(_Message)
_ERROR: msgspec.json.Decoder[_Error | None] = msgspec.json.Decoder(_Error | None)
_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
_ROW = msgspec.json.Decoder(_Row)
_TICKERS_ROWS = msgspec.json.Decoder(list[_Ticker])
_CONTRACTS = msgspec.json.Decoder(list[_Contract])
_PAST_ROW = msgspec.json.Decoder(_PastRow)


class GateHistory:
    """All liquidation orders of a settlement currency, an hour at most at a time.

    How far back they go is not documented; a day is asked for. Rows have whole seconds and are recognised by contract,
    side, second and size.
    """

    every_s: float = 0.2
    settled_s: float = 5.0
    again_s: float = 120.0

    def requests(self, feed: str, instruments: Sequence[Instrument], span: Span) -> list[PastRequest]:  # noqa: ARG002 - protocol
        """Return one call an hour, the newest first: a window holds every contract."""
        first, last = span.from_ms // 1000, -(-span.until_ms // 1000)
        return [_past(feed, start, min(start + _WINDOW_S, last)) for start in range(first, last, _WINDOW_S)][::-1]

    def parse(self, request: PastRequest, body: bytes, received_ms: int) -> PastPage:
        """Read an answer; raises `ParseError` and nothing else. A full one is asked for again in halves."""
        rows = decoded(_ROWS, body)
        found = collect(rows, partial(_read_past, received_ms))
        feed, start, end = re.findall(r"futures/(\w+)/.*from=(\d+)&to=(\d+)", request.path)[0]
        middle = (int(start) + int(end)) // 2
        if len(rows) < _ROWS_PER_ANSWER or middle in (int(start), int(end)):
            return PastPage(found)
        return PastPage(Liquidations([]), [_past(feed, middle, int(end)), _past(feed, int(start), middle)])

    def twin(self, raw: RawLiquidation) -> tuple[str, ...]:
        """Return what push and answer have in common."""
        return (raw.instrument, raw.side, str(raw.time_ms // 1000), amount_text(raw.quantity))


def _feed(settle: str) -> Feed:
    return Feed(
        name=settle,
        path=f"/v4/ws/{settle}",
        headers=(("X-Gate-Size-Decimal", "1"),),
        # The answer carries the exchange's time, so that it is the pulse; any time will do in a request.
        ping='{"time":123456,"channel":"futures.ping"}',
        ping_every_s=5.0,
        pulse_s=5.0,
    )


class Gate:
    """Gate: one socket per settlement currency for all its contracts, no ids."""

    name: str = _NAME
    title: str = "Gate"
    capability = Capability(
        # The change log of 2025-02-19 added the channel.
        epochs=(Epoch("2025-02-19", "sampled_1s"), Epoch("2026-08-20", "full")),
        price_kind="order",
        quantity_unit="contracts",
        native_id=False,
        backfill_hours=24.0,
        note="Every liquidation order since 2026-08-20, at most one per contract and second before. At the price of "
        "the order, not of its fills.",
    )
    endpoints: dict[str, str] = {  # noqa: RUF012 - never written; the protocol wants an instance variable
        "ws": "wss://fx-ws.gateio.ws",
        "rest": "https://api.gateio.ws",
    }
    feeds: tuple[Feed, ...] = (_feed("usdt"), _feed("btc"), _feed("usd1"))
    instrument_requests: tuple[InstrumentRequest, ...] = tuple(
        InstrumentRequest("rest", f"/api/v4/futures/{feed.name}/contracts", feed.name) for feed in feeds
    )
    history: History | None = GateHistory()

    def control(self, feed: Feed, bases: Sequence[str]) -> list[Subscription]:
        """Return the liquidations of all contracts, and the main coins' tickers one by one; the pulse is the pong."""
        coins = dict.fromkeys(bases) if feed.name == "usdt" else {"BTC": None} if feed.name == "btc" else {}
        names = [f"{coin}_{'USDT' if feed.name == 'usdt' else 'USD'}" for coin in coins]
        return [
            _subscription("1", _LIQUIDATIONS, "!all"),
            *(_subscription(str(key), _TICKERS, name, (name,)) for key, name in enumerate(names, 2)),
        ]

    def subscribe(self, feed: Feed, instruments: Sequence[str], first_key: int) -> list[Subscription]:  # noqa: ARG002 - protocol
        """Return nothing: one subscription carries every contract."""
        return []

    def parse(self, frame: bytes | str, received_ms: int) -> Parsed:
        """Read one frame; raises `ParseError` and nothing else."""
        message = decoded(_MESSAGE, frame)
        if message.channel == _PONG:
            return MarkPrices((), _checked(message.time_ms))
        if message.event in ("subscribe", "unsubscribe"):
            return _read_answer(message)
        if message.event != "update":
            return UNKNOWN
        if message.channel == _LIQUIDATIONS:
            rows = _one_or_many(message.result)
            return collect(rows, partial(_read_row, received_ms))
        if message.channel == _TICKERS:
            return _read_ticker(message)
        return UNKNOWN

    def parse_instruments(self, request: InstrumentRequest, body: bytes) -> InstrumentPage:  # noqa: ARG002 - protocol
        """Read the contracts of one settlement currency; raises `ParseError` and nothing else."""
        contracts = (_instrument(contract) for contract in decoded(_CONTRACTS, body))
        return InstrumentPage([instrument for instrument in contracts if instrument])


def _subscription(key: str, channel: str, what: str, instruments: tuple[str, ...] = ()) -> Subscription:
    request = {"time": 123456, "id": int(key), "channel": channel, "event": "subscribe", "payload": [what]}
    return Subscription(key, msgspec.json.encode(request).decode(), instruments)


def _one_or_many(result: msgspec.Raw) -> list[msgspec.Raw]:
    """Return the rows of a push, which is an array, or was the one row itself before 2026-08-20."""
    return [result] if bytes(result)[:1] == b"{" else decoded(_ROWS, result)


def _read_row(received_ms: int, raw: msgspec.Raw) -> RawLiquidation:
    row = shaped(_ROW, raw)
    size = nonzero(row.size, "quantity")
    at = row.time_ms if row.time_ms is not None else row.time
    return _liquidation(row.contract, size, row.price, _millis(at), received_ms, f"{row.contract}:{at}:{row.size}")


def _read_past(received_ms: int, raw: msgspec.Raw) -> RawLiquidation:
    """Read a row of REST: `size` there is the position, `order_size` the order that a push calls `size`."""
    row = shaped(_PAST_ROW, raw)
    size = nonzero(row.order_size, "quantity")
    key = f"rest:{row.contract}:{row.time}:{row.order_size}:{row.fill_price}"
    return _liquidation(row.contract, size, row.order_price, _millis(row.time), received_ms, key)


def _liquidation(contract: str, size: float, price: Number, time_ms: int, received_ms: int, key: str) -> RawLiquidation:
    if not contract:
        raise RejectedRow("instrument")
    return RawLiquidation(
        time_ms,
        received_ms,
        _NAME,
        contract,
        LONG if size < 0 else SHORT,
        positive(price, "price"),
        "order",
        abs(size),
        "contracts",
        f"{key}:{price}",
    )


def _millis(at: int | None) -> int:
    """Read a time that is in seconds or in milliseconds."""
    if at is None:
        raise RejectedRow("time")
    return instant(at * 1000 if 0 < at < _SECONDS_BELOW else at)


def _checked(time_ms: int) -> int:
    try:
        return instant(time_ms)
    except RejectedRow:
        raise ParseError(f"an impossible time: {time_ms}") from None


def _read_answer(message: _Message) -> Parsed:
    key = "" if message.key is None else str(message.key)
    error = None if message.error is ABSENT else decoded(_ERROR, message.error)
    if error:
        return Ack(key, ok=False, message=f"{error.code} {error.message}".strip())
    return Ack(key, ok=True)


def _read_ticker(message: _Message) -> Parsed:
    tickers = decoded(_TICKERS_ROWS, message.result)
    if not tickers:
        raise ParseError("a ticker without a contract")
    return mark_price(tickers[0].contract, tickers[0].mark_price, message.time_ms)


def _instrument(contract: _Contract) -> Instrument | None:
    """Read one contract; what is quoted in plain dollars settles in BTC, all else in what it is quoted in."""
    coin, _, quote = contract.name.rpartition("_")
    settle = "BTC" if quote == "USD" else quote
    inverse = contract.kind == "inverse"
    try:
        # An inverse contract is of one dollar, which Gate writes as a multiplier of zero.
        size = 1.0 if inverse else positive(contract.quanto_multiplier, "")
    except RejectedRow:
        return None
    base, multiplier = plain_coin(coin)
    return Instrument(
        exchange=_NAME,
        name=contract.name,
        base=base,
        quote=quote,
        settle=settle,
        kind="perpetual",
        inverse=inverse,
        contract_size=size,
        multiplier=multiplier,
        quanto=settle == "BTC" and not inverse,
        asset_class=_CLASSES.get(contract.contract_type, "crypto"),
    )


def _past(settle: str, start: int, end: int) -> PastRequest:
    path = f"/api/v4/futures/{settle}/liq_orders?from={start}&to={end}&limit={_ROWS_PER_ANSWER}"
    return PastRequest("rest", path, Span(start * 1000, end * 1000), f"{settle} from {start}")
