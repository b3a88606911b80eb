"""BitMEX, which closed on 2026-09-23: its liquidation orders as archives hold them, with the time of receipt in front.

Source: the table `liquidation` and `GET /instrument` of the exchange's documentation (www.bitmex.com/app/wsAPI,
support.bitmex.com, "/instrument Field Definitions"); archives in the form of github.com/tardis-dev/tardis-node: an ISO
time, a blank, the frame.

A row is an order that takes a position over at its bankruptcy price: `insert` opens it, `partial` repeats those that
are open, `update` and `delete` follow it to its end. It has an id and no time: it happened when it was received.
"""

from functools import partial

import msgspec

from exporter.exchanges.base import (
    UNKNOWN,
    Ack,
    InstrumentPage,
    InstrumentRequest,
    Known,
    Parsed,
    ParseError,
    RejectedRow,
)
from exporter.exchanges.naming import plain_coin
from exporter.exchanges.reading import Number, collect, decoded, instant, positive, shaped
from exporter.isotime import millis_of
from exporter.model import LONG, SHORT, Instrument, Kind, RawLiquidation, Side

_NAME = "bitmex"

_SIDES: dict[str, Side] = {"Sell": LONG, "Buy": SHORT}
"""`side` is the closing order's."""

_KINDS: dict[str, Kind] = {"FFWCSX": "perpetual", "FFWCSF": "perpetual", "FFCCSX": "future"}
"""Types of contracts; the others are indices and spot pairs."""
_ON_CURRENCIES = "FFWCSF"

_COINS = {"XBt": ("BTC", 1e8), "USDt": ("USDT", 1e6), "Gwei": ("ETH", 1e9)}
"""Settlement currencies: the coin, and how many of the units that the exchange counts in make one."""


class _Message(msgspec.Struct, gc=False):
    table: str = ""
    action: str = ""
    data: list[msgspec.Raw] = []
    subscribe: str = ""
    success: bool = False
    info: str = ""
    error: str = ""


class _Row(msgspec.Struct, gc=False, rename={"order": "orderID", "quantity": "leavesQty"}):
    order: str
    symbol: str
    side: str
    price: Number
    quantity: Number


class _Contract(msgspec.Struct, gc=False, rename={"kind": "typ", "quote": "quoteCurrency", "settle": "settlCurrency"}):
    symbol: str
    kind: str
    underlying: str = ""
    quote: str = ""
    settle: str | None = None
    multiplier: float | None = None
    inverse: bool = msgspec.field(default=False, name="isInverse")
    quanto: bool = msgspec.field(default=False, name="isQuanto")


_MESSAGE = msgspec.json.Decoder(_Message)
_ROW = msgspec.json.Decoder(_Row)
_CONTRACTS = msgspec.json.Decoder(list[_Contract] | _Contract)


class Bitmex:
    """BitMEX's archived liquidation orders; there is nothing to connect to."""

    name: str = _NAME
    instrument_requests: tuple[InstrumentRequest, ...] = (
        InstrumentRequest("rest", "/api/v1/instrument?count=500", "archive"),
    )

    def parse(self, frame: bytes | str, received_ms: int) -> Parsed:
        """Read one archived line, or a frame received at `received_ms`; raises `ParseError` and nothing else."""
        at_ms, body = _dated(frame, received_ms)
        message = decoded(_MESSAGE, body)
        if message.table == "liquidation":
            if message.action in ("insert", "partial"):
                return collect(message.data, partial(_read_row, at_ms))
            return Known(message.action) if message.action in ("update", "delete") else UNKNOWN
        if message.subscribe or message.error:
            return Ack(message.subscribe, ok=message.success, message=message.error)
        return Known("info") if message.info else UNKNOWN

    def parse_instruments(self, request: InstrumentRequest, body: bytes) -> InstrumentPage:  # noqa: ARG002 - protocol
        """Read a list of contracts, or one; raises `ParseError` and nothing else."""
        contracts = decoded(_CONTRACTS, body)
        listed = contracts if isinstance(contracts, list) else [contracts]
        found = (_instrument(contract) for contract in listed)
        return InstrumentPage([instrument for instrument in found if instrument])


def _dated(frame: bytes | str, received_ms: int) -> tuple[int, bytes | str]:
    """Split the time of receipt from a frame; a frame without one was received at `received_ms`."""
    if frame[:1] in (b"{", "{"):
        return received_ms, frame
    stamp, _, body = (
        frame.partition(b" ") if isinstance(frame, bytes) else frame.encode(errors="replace").partition(b" ")
    )
    try:
        return millis_of(stamp.decode()), body
    except ValueError:
        raise ParseError("neither a frame nor a time and a frame") from None


def _read_row(at_ms: int, raw: msgspec.Raw) -> RawLiquidation:
    row = shaped(_ROW, raw)
    side = _SIDES.get(row.side)
    if side is None:
        raise RejectedRow("side")
    if not row.symbol or not row.order:
        raise RejectedRow("instrument")
    time_ms = instant(at_ms)
    return RawLiquidation(
        time_ms,
        time_ms,
        _NAME,
        row.symbol,
        side,
        positive(row.price, "price"),
        "bankruptcy",
        positive(row.quantity, "quantity"),
        "contracts",
        row.order,
    )


def _instrument(contract: _Contract) -> Instrument | None:
    """Describe a contract: a multiplier is its value in units of the settlement currency, per price or over price."""
    kind = _KINDS.get(contract.kind)
    coin, units = _COINS.get(contract.settle or "", ("", 0.0))
    if kind is None or not (coin and contract.underlying and contract.quote and contract.multiplier):
        return None
    base, multiplier = plain_coin(contract.underlying)
    quote, _ = plain_coin(contract.quote)
    return Instrument(
        exchange=_NAME,
        name=contract.symbol,
        base=base,
        quote=quote,
        settle=coin,
        kind=kind,
        inverse=contract.inverse,
        contract_size=abs(contract.multiplier) / units,
        multiplier=multiplier,
        quanto=contract.quanto,
        asset_class="forex" if contract.kind == _ON_CURRENCIES else "crypto",
    )
