"""HTX futures: linear contracts, coin-margined swaps and coin-margined dated futures, each on a socket of its own.

Source: www.htx.com/en-us/opend/newApiPages, "Subscribe Liquidation Orders (no authentication)" of the three product
lines, "Query Liquidation Orders (New)" and "Query Swap Info" / "Get Contract Info"; the v5 interface of linear
contracts as ccxt 4.5.90 uses it (fetchLiquidations), since the older one was announced to end.

Every frame is compressed with gzip. The exchange pings every five seconds and wants the value back exactly as it sent
it, text or number; there is no market data on these sockets, so that the ping is the only pulse.
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
    Millis,
    Number,
    amount_text,
    collect,
    decoded,
    instant,
    instant_text,
    positive,
    shaped,
)
from exporter.model import LONG, SHORT, Instrument, RawLiquidation, Side

_NAME = "htx"
_KEY = "1"
_SUBSCRIBED_ALREADY = 2014
_WINDOW_MS = 7_200_000
_ROWS_PER_ANSWER = 100

_SIDES: dict[str, Side] = {"sell": LONG, "buy": SHORT}
"""`direction` is that of the closing order."""


class _Message(msgspec.Struct, gc=False, rename={"error": "err-code", "error_text": "err-msg"}):
    op: str = ""
    ts: msgspec.Raw = ABSENT
    cid: str = ""
    topic: str = ""
    data: msgspec.Raw = ABSENT
    error: Millis = 0
    error_text: str = ""


class _Row(msgspec.Struct, gc=False):
    contract_code: str
    direction: str
    volume: Number
    price: Number
    created_at: Millis


class _PastRow(msgspec.Struct, gc=False):
    """A row of either interface: v3 has `query_id`, `direction`, `price`, `created_at`, v5 the other names."""

    contract_code: str
    volume: Number
    direction: str = ""
    side: str = ""
    price: Number = None
    bankrupt_price: Number = None
    created_at: Millis | str = 0
    liquidation_time: Millis | str = 0
    query_id: Millis | str = ""
    id: Millis | str = ""


class _Contract(msgspec.Struct, gc=False):
    symbol: str
    contract_code: str
    contract_size: Number = None


class _Answer(msgspec.Struct, gc=False):
    data: msgspec.Raw = ABSENT
    status: str = ""
    code: Millis | str = ""
    err_msg: str = ""


_MESSAGE = msgspec.json.Decoder(_Message)
_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
_ROW = msgspec.json.Decoder(_Row)
_PAST_ROW = msgspec.json.Decoder(_PastRow)
_CONTRACTS = msgspec.json.Decoder(list[_Contract])
_ANSWER = msgspec.json.Decoder(_Answer)


class HtxHistory:
    """Three months of liquidations, one contract (or coin) and two hours at a time.

    80 calls a second are allowed for linear contracts, 40 for the others. Rows are recognised by contract, side,
    second, volume and price, because the interfaces name and write things differently.
    """

    every_s: float = 0.05
    settled_s: float = 10.0
    again_s: float = 0.0

    def requests(self, feed: str, instruments: Sequence[Instrument], span: Span) -> list[PastRequest]:
        """Return the windows of every contract, the most important contracts first."""
        names = dict.fromkeys(_coin(each.name) if feed == "futures" else each.name for each in instruments)
        starts = range(span.from_ms, span.until_ms, _WINDOW_MS)
        windows = [Span(start, min(start + _WINDOW_MS, span.until_ms)) for start in starts]
        return [_past(feed, name, window) for name in names for window in windows]

    def parse(self, request: PastRequest, body: bytes, received_ms: int) -> PastPage:
        """Read one page; raises `ParseError` and nothing else. A full page is followed from its last id."""
        rows = [_shaped_or_none(row) for row in decoded(_ROWS, _data(body))]
        found = collect(rows, partial(_read_past, received_ms))
        last = next((row.query_id or row.id for row in reversed(rows) if row), "")
        bare = re.sub(r"&from(_id)?=.*", "", request.path)
        name = "from" if "/v5/" in bare else "from_id"
        path = f"{bare}&{name}={last}"
        if not last or path == request.path or (name == "from" and len(rows) < _ROWS_PER_ANSWER):
            return PastPage(found)
        return PastPage(found, [msgspec.structs.replace(request, path=path)])

    def twin(self, raw: RawLiquidation) -> tuple[str, ...]:
        """Return what socket and REST have in common."""
        names = (raw.instrument, raw.side, str(raw.time_ms // 1000))
        return (*names, amount_text(raw.quantity), amount_text(raw.price))


class Htx:
    """HTX: one socket per product line for all its contracts, compressed; no ids on the sockets."""

    name: str = _NAME
    title: str = "HTX"
    capability = Capability(
        # The oldest liquidation that the documentation shows is of 2020-02-04.
        epochs=(Epoch("2020-02-04", "unspecified"),),
        price_kind="bankruptcy",
        quantity_unit="contracts",
        native_id=False,
        backfill_hours=90 * 24.0,
        note="Whether every liquidation is shown is not documented. At the bankruptcy price. Three months can be asked "
        "for. Heartbeats prove that a socket lives, not that it delivers liquidations.",
    )
    endpoints: dict[str, str] = {  # noqa: RUF012 - never written; the protocol wants an instance variable
        "ws": "wss://api.hbdm.com",
        "rest": "https://api.hbdm.com",
    }
    feeds: tuple[Feed, ...] = (
        Feed(name="linear", path="/linear-swap-notification", gzip=True, pulse_s=5.0),
        Feed(name="swap", path="/swap-notification", gzip=True, pulse_s=5.0),
        Feed(name="futures", path="/notification", gzip=True, pulse_s=5.0),
    )
    instrument_requests: tuple[InstrumentRequest, ...] = (
        InstrumentRequest("rest", "/linear-swap-api/v1/swap_contract_info?business_type=all", "linear"),
        InstrumentRequest("rest", "/swap-api/v1/swap_contract_info", "swap"),
        InstrumentRequest("rest", "/api/v1/contract_contract_info", "futures"),
    )
    history: History | None = HtxHistory()

    def control(self, feed: Feed, bases: Sequence[str]) -> list[Subscription]:  # noqa: ARG002 - protocol
        """Return the one request of a socket; of linear contracts only perpetuals would come unless told otherwise."""
        request = {"op": "sub", "cid": _KEY, "topic": "public.*.liquidation_orders"}
        if feed.name == "linear":
            request["business_type"] = "all"
        return [Subscription(_KEY, msgspec.json.encode(request).decode())]

    def subscribe(self, feed: Feed, instruments: Sequence[str], first_key: int) -> list[Subscription]:  # noqa: ARG002 - protocol
        """Return nothing: one subscription carries every contract."""
        return []

    def parse(self, frame: bytes | str, received_ms: int) -> Parsed:
        """Read one frame, decompressed; raises `ParseError` and nothing else."""
        message = decoded(_MESSAGE, frame)
        match message.op:
            case "notify" if message.topic.endswith(".liquidation_orders"):
                rows = decoded(_ROWS, message.data)
                return collect(rows, partial(_read_row, received_ms))
            case "ping" if message.ts is not ABSENT:
                return _pong(message.ts)
            case "sub":
                ok = message.error in (0, _SUBSCRIBED_ALREADY)
                return Ack(message.cid or _KEY, ok=ok, message=message.error_text)
            case "error":
                return Ack(message.cid or _KEY, ok=False, message=f"{message.error} {message.error_text}".strip())
            case "close":
                return Known("close")
        return UNKNOWN

    def parse_instruments(self, request: InstrumentRequest, body: bytes) -> InstrumentPage:  # noqa: ARG002 - protocol
        """Read the contracts of one product line; raises `ParseError` and nothing else."""
        contracts = decoded(_CONTRACTS, _data(body))
        instruments = (_instrument(contract) for contract in contracts)
        return InstrumentPage([instrument for instrument in instruments if instrument])


def _pong(ts: msgspec.Raw) -> Reply:
    """Answer with the very same value; as a time it counts only when it is one."""
    value = bytes(ts).decode(errors="replace")
    try:
        time_ms = instant_text(value.strip('"'))
    except RejectedRow:
        time_ms = 0
    return Reply(f'{{"op":"pong","ts":{value}}}', time_ms)


def _read_row(received_ms: int, raw: msgspec.Raw) -> RawLiquidation:
    row = shaped(_ROW, raw)
    key = f"{row.contract_code}:{row.created_at}:{row.direction}:{row.volume}:{row.price}"
    return _liquidation(
        row.contract_code, row.direction, row.volume, row.price, (instant(row.created_at), received_ms), key
    )


def _shaped_or_none(row: msgspec.Raw) -> _PastRow | None:
    """Decode a row of the past; None for one of the wrong shape."""
    try:
        return shaped(_PAST_ROW, row)
    except RejectedRow:
        return None


def _read_past(received_ms: int, row: _PastRow | None) -> RawLiquidation:
    if row is None:
        raise RejectedRow("malformed")
    at = instant_text(str(row.liquidation_time or row.created_at))
    price = row.price if row.bankrupt_price is None else row.bankrupt_price
    key = f"rest:{row.contract_code}:{row.query_id or row.id}"
    return _liquidation(row.contract_code, row.direction or row.side, row.volume, price, (at, received_ms), key)


def _liquidation(
    contract: str, direction: str, volume: Number, price: Number, times: tuple[int, int], key: str
) -> RawLiquidation:
    side = _SIDES.get(direction)
    if side is None:
        raise RejectedRow("side")
    if not contract:
        raise RejectedRow("instrument")
    bankruptcy, quantity = positive(price, "price"), positive(volume, "quantity")
    return RawLiquidation(*times, _NAME, contract, side, bankruptcy, "bankruptcy", quantity, "contracts", key)


def _data(body: bytes) -> msgspec.Raw:
    """Return what an answer holds; raises `ParseError` when it is an error."""
    answer = decoded(_ANSWER, body)
    good = answer.status == "ok" or str(answer.code) == "200"
    if not good or answer.data is ABSENT:
        raise ParseError(f"status {answer.status or answer.code}: {answer.err_msg}")
    return answer.data


def _instrument(contract: _Contract) -> Instrument | None:
    """Read one contract: BTC-USDT and BTC-USDT-261225 are linear, BTC-USD and BTC261225 coin-margined."""
    parts = contract.contract_code.split("-")
    quote = parts[1] if len(parts) > 1 else "USD"
    linear = quote != "USD"
    base, multiplier = plain_coin(contract.symbol)
    try:
        size = positive(contract.contract_size, "")
    except RejectedRow:
        return None
    return Instrument(
        exchange=_NAME,
        name=contract.contract_code,
        base=base,
        quote=quote,
        settle=quote if linear else contract.symbol,
        kind="perpetual" if len(parts) == 2 else "future",
        inverse=not linear,
        contract_size=size,
        multiplier=multiplier,
    )


def _coin(contract_code: str) -> str:
    """Return the coin of a dated coin-margined contract: BTC for BTC261225."""
    return re.sub(r"\d{6}$", "", contract_code)


def _past(feed: str, name: str, window: Span) -> PastRequest:
    times = f"start_time={window.from_ms}&end_time={window.until_ms}&direct=prev"
    path = {
        "linear": f"/v5/market/liquidation_orders?contract_code={name}&{times}&limit={_ROWS_PER_ANSWER}",
        "swap": f"/swap-api/v3/swap_liquidation_orders?contract={name}&trade_type=0&{times}",
        "futures": f"/api/v3/contract_liquidation_orders?symbol={name}&trade_type=0&{times}",
    }[feed]
    return PastRequest("rest", path, window, f"{name} from {window.from_ms}")
