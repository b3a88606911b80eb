"""Aster perpetuals: forced orders in the interface that it took over from Binance, at most one per symbol and second.

Source: github.com/asterdex/api-docs 265e024b, V3(Recommended)/EN/aster-finance-futures-api-v3.md, "All Market
Liquidation Order Streams", "Mark Price Stream", "Websocket Market Streams" and "Exchange Information".

Unlike Binance since 2026 there is one product line, quantities are base units, and routes have no `/market`. Of several
orders in a second the latest is pushed, says the documentation.
"""

from collections.abc import Sequence

from exporter.exchanges.base import (
    Capability,
    Epoch,
    Feed,
    History,
    InstrumentPage,
    InstrumentRequest,
    Parsed,
    Subscription,
)
from exporter.exchanges.forced_orders import ForceOrder, read_contracts, read_frame, streams
from exporter.model import QuantityUnit

_NAME = "aster"


class Aster:
    """Aster: one socket for all symbols, no back-fill, no ids."""

    name: str = _NAME
    title: str = "Aster"
    capability = Capability(
        # The first day of the repository of its documentation; when the stream began that does not say.
        epochs=(Epoch("2025-06-17", "sampled_1s"),),
        price_kind="fill",
        quantity_unit="base",
        native_id=False,
        backfill_hours=0.0,
        note="At most one order per symbol and second is published, so every sum is a floor. "
        "What was missed while disconnected cannot be asked for.",
    )
    endpoints: dict[str, str] = {  # noqa: RUF012 - never written; the protocol wants an instance variable
        "ws": "wss://fstream.asterdex.com",
        "rest": "https://fapi.asterdex.com",
    }
    feeds: tuple[Feed, ...] = (Feed(name="futures", path="/stream", max_life_s=86_400.0),)
    instrument_requests: tuple[InstrumentRequest, ...] = (
        InstrumentRequest("rest", "/fapi/v3/exchangeInfo", "futures"),
    )
    history: History | None = None

    def control(self, feed: Feed, bases: Sequence[str]) -> list[Subscription]:  # noqa: ARG002 - protocol
        """Return the one request of a socket."""
        return streams(bases)

    def subscribe(self, feed: Feed, instruments: Sequence[str], first_key: int) -> list[Subscription]:  # noqa: ARG002 - protocol
        """Return nothing: the one stream carries every symbol."""
        return []

    def parse(self, frame: bytes | str, received_ms: int) -> Parsed:
        """Read one frame; raises `ParseError` and nothing else."""
        return read_frame(frame, received_ms, _NAME, _unit)

    def parse_instruments(self, request: InstrumentRequest, body: bytes) -> InstrumentPage:  # noqa: ARG002 - protocol
        """Read an exchangeInfo answer; raises `ParseError` and nothing else."""
        return InstrumentPage(read_contracts(body, _NAME))


def _unit(_: ForceOrder) -> QuantityUnit:
    return "base"
