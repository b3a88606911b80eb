"""Binance USD-M and COIN-M futures: the forced orders of both on one socket, at most one per symbol and second.

Source: developers.binance.com, derivatives, "Liquidation Order Streams" and "All Market Liquidation Order Streams" of
both product lines, and the change log (streams routed by path, 2026-04-23; both lines on one stream, 2026-06-30).
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

_NAME = "binance"
_COIN_M = 2


class Binance:
    """Binance: one socket for all symbols of both product lines, no back-fill, no ids."""

    name: str = _NAME
    title: str = "Binance"
    capability = Capability(
        # The oldest forced order that the documentation shows is of 2019-09-09.
        epochs=(Epoch("2019-09-09", "full"), Epoch("2021-04-27", "sampled_1s")),
        price_kind="fill",
        quantity_unit="base (USD-M), contracts (COIN-M)",
        native_id=False,
        backfill_hours=0.0,
        note="At most one order per symbol and second is published, so every sum is a floor. "
        "What was missed while disconnected cannot be asked for.",
    )
    endpoints: dict[str, str] = {  # noqa: RUF012 - never written; the protocol wants an instance variable
        "ws": "wss://fstream.binance.com",
        "rest": "https://fapi.binance.com",
        "rest_coin": "https://dapi.binance.com",
    }
    feeds: tuple[Feed, ...] = (Feed(name="futures", path="/market/stream", max_life_s=86_400.0),)
    instrument_requests: tuple[InstrumentRequest, ...] = (
        InstrumentRequest("rest", "/fapi/v1/exchangeInfo", "futures"),
        InstrumentRequest("rest_coin", "/dapi/v1/exchangeInfo", "futures"),
    )
    history: History | None = None

    def control(self, feed: Feed, bases: Sequence[str]) -> list[Subscription]:  # noqa: ARG002 - protocol
        """Return the one request of a socket, whose one stream carries both product lines."""
        return streams(bases)

    def subscribe(self, feed: Feed, instruments: Sequence[str], first_key: int) -> list[Subscription]:  # noqa: ARG002 - protocol
        """Return nothing: the one stream carries every symbol."""
        return []

    def parse(self, frame: bytes | str, received_ms: int) -> Parsed:
        """Read one frame; raises `ParseError` and nothing else."""
        return read_frame(frame, received_ms, _NAME, _unit)

    def parse_instruments(self, request: InstrumentRequest, body: bytes) -> InstrumentPage:  # noqa: ARG002 - protocol
        """Read an exchangeInfo answer of either product line; raises `ParseError` and nothing else."""
        return InstrumentPage(read_contracts(body, _NAME))


def _unit(event: ForceOrder) -> QuantityUnit:
    """Tell the product lines apart, which count differently.

    Coin-margined contracts are named BTCUSD_PERP or BTCUSD_261225. The name comes first, because the documentation's
    own coin-margined example carries the symbol type of the other line. The one kind of linear name that matched, the
    dated BTCBUSD_210129, loses nothing by it: a linear contract is of one base unit.
    """
    order = event.order
    coin_m = "USD_" in order.symbol or _COIN_M in (event.symbol_type, order.symbol_type)
    return "contracts" if coin_m else "base"
