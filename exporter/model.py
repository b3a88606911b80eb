"""The vocabulary of the project: what a liquidation is, in which units, and whose side is meant.

*Side* is always the side of the **position** that was liquidated. An exchange that reports the side of the
closing order means the opposite (a SELL order closes a long); its parser translates.

Times are Unix milliseconds, UTC. Money is USD. A dollar stablecoin counts as one USD; the quote currency is kept
with every event, so that the assumption can be undone.
"""

from typing import Literal

import msgspec

Side = Literal["long", "short"]
Kind = Literal["perpetual", "future"]
PriceKind = Literal["fill", "order", "bankruptcy"]
QuantityUnit = Literal["base", "contracts", "quote", "usd"]
Origin = Literal["live", "backfill", "replay"]

LONG: Side = "long"
SHORT: Side = "short"
SIDES: tuple[Side, Side] = (LONG, SHORT)

USD_QUOTES = frozenset(
    {"USD", "USDT", "USDC", "BUSD", "FDUSD", "TUSD", "USDD", "USDE", "USD1", "DAI", "PYUSD", "RLUSD"}
)
"""Quote currencies that count as one USD."""


class Instrument(msgspec.Struct, frozen=True, gc=False):
    """What one contract of an exchange is made of.

    `name` is the exchange's own. `base` is the plain coin: multiplied symbols are undone, so `1000PEPEUSDT` has base
    PEPE and `multiplier` 1000 (PEPE per unit that the price is quoted for). `contract_size` is the value of one
    contract: base units for a linear contract, quote units (USD) for an inverse one; 1 where the exchange reports
    amounts instead of contracts.
    """

    exchange: str
    name: str
    base: str
    quote: str
    settle: str
    kind: Kind
    inverse: bool = False
    contract_size: float = 1.0
    multiplier: float = 1.0

    @property
    def in_usd(self) -> bool:
        """Whether its prices are in USD or a dollar stablecoin."""
        return self.quote in USD_QUOTES


class RawLiquidation(msgspec.Struct, frozen=True, gc=False):
    """A liquidation as the exchange reported it, before its instrument is known.

    `quantity` is in `quantity_unit`, `price` is the instrument's own (USD per quoted unit). `id` is stable across
    reconnects and back-fill: the exchange's own, or the row's content.
    """

    time_ms: int
    received_ms: int
    exchange: str
    instrument: str
    side: Side
    price: float
    price_kind: PriceKind
    quantity: float
    quantity_unit: QuantityUnit
    id: str


class Liquidation(msgspec.Struct, frozen=True, gc=False):
    """One liquidation with its exact size: `base_quantity` in plain base units, `notional_usd` in USD.

    Its JSON form, one object a line, is the interchange format of every command.
    """

    time_ms: int
    received_ms: int
    exchange: str
    instrument: str
    base: str
    quote: str
    settle: str
    kind: Kind
    side: Side
    price: float
    price_kind: PriceKind
    quantity: float
    quantity_unit: QuantityUnit
    base_quantity: float
    notional_usd: float
    id: str
    origin: Origin = "live"


def resolve(raw: RawLiquidation, instrument: Instrument, origin: Origin = "live") -> Liquidation:
    """Give a reported liquidation its size in base units and USD.

    The instrument must be `in_usd`. Contract arithmetic, with n the quantity, p the price, m the contract size and
    k the multiplier: linear contracts n*m*k base and n*m*p USD; inverse contracts n*m USD and n*m/p base; amounts in
    the quote coin n USD and n/p*k base.
    """
    quantity = raw.quantity
    unit = raw.quantity_unit
    if unit == "base" or (unit == "contracts" and not instrument.inverse):
        amount = quantity * instrument.contract_size if unit == "contracts" else quantity
        usd = amount * raw.price
        base = amount * instrument.multiplier
    else:
        usd = quantity * instrument.contract_size if unit == "contracts" else quantity
        base = usd / raw.price * instrument.multiplier
    return Liquidation(
        raw.time_ms,
        raw.received_ms,
        raw.exchange,
        raw.instrument,
        instrument.base,
        instrument.quote,
        instrument.settle,
        instrument.kind,
        raw.side,
        raw.price,
        raw.price_kind,
        quantity,
        unit,
        base,
        usd,
        raw.id,
        origin,
    )


class FeedChange(msgspec.Struct, frozen=True, gc=False):
    """A feed (one product line of an exchange) became live, or stopped being live, at `time_ms`."""

    time_ms: int
    exchange: str
    feed: str
    up: bool
    reason: str = ""


class Record(msgspec.Struct, frozen=True, gc=False):
    """One entry of the journal: an event or a feed change, at its place in the one order that all parts share.

    `seq` grows by at least one from record to record. `applied_ms` is the instant at which the signals take it:
    the event's time, never before the previous record's nor before a second they had already seen pass, never after it
    was received.
    """

    seq: int
    applied_ms: int
    entry: Liquidation | FeedChange
