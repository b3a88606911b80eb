"""The vocabulary of the project: what a liquidation is, in which units, and whose side is meant.

*Side* is always the side of the **position** that was liquidated. An exchange that reports the side of the
closing order means the opposite (a SELL order closes a long); its parser translates.

Times are Unix milliseconds, UTC. Money is USD. A dollar stablecoin counts as one USD; the quote currency and the
rate that was used are kept with every event, so that the assumption can be undone.
"""

from typing import Literal

import msgspec

Side = Literal["long", "short"]
Kind = Literal["perpetual", "future"]
PriceKind = Literal["fill", "order", "bankruptcy"]
QuantityUnit = Literal["base", "contracts", "quote", "usd"]
AssetClass = Literal["crypto", "stock", "commodity", "forex", "index", "other"]
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
    amounts instead of contracts. A `quanto` contract is priced in `quote` and worth `settle`: n contracts of size m
    at price p are n*m*p of the settle coin. `asset_class` is what stands behind the price: perpetuals on shares, metals
    and currencies trade beside those on coins.
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
    quanto: bool = False
    asset_class: AssetClass = "crypto"

    @property
    def in_usd(self) -> bool:
        """Whether its prices are in USD or a dollar stablecoin."""
        return self.quote in USD_QUOTES

    @property
    def value_coin(self) -> str:
        """The coin in which its contracts have a value: a rate to USD is needed where that is no dollar."""
        return self.settle if self.quanto else self.quote


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

    `usd_rate` is what one unit of the coin that it has its value in counted as, in USD: 1 for a dollar and, as an
    assumption, for a dollar stablecoin; the exchange's mark price of that moment for any other coin. The JSON form, one
    object a line, is the interchange format of every command.
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
    usd_rate: float = 1.0


def resolve(raw: RawLiquidation, instrument: Instrument, origin: Origin = "live", rate: float = 1.0) -> Liquidation:
    """Give a reported liquidation its size in base units and USD.

    `rate` is what one `value_coin` of the instrument was worth in USD at that moment, 1 for a dollar. Contract
    arithmetic, with n the quantity, p the price, m the contract size, k the multiplier and r the rate: linear
    contracts n*m*k base and n*m*p*r USD; inverse contracts n*m*r USD and n*m/p*k base; amounts in the quote coin n*r
    USD and n/p*k base; quanto contracts n*m*p*r USD and the base units that are worth as much. The rate is kept
    with the event.
    """
    quantity = raw.quantity
    unit = raw.quantity_unit
    if instrument.quanto and unit == "contracts":
        usd = quantity * instrument.contract_size * raw.price * rate
        base = usd / raw.price * instrument.multiplier
    elif unit == "base" or (unit == "contracts" and not instrument.inverse):
        amount = quantity * instrument.contract_size if unit == "contracts" else quantity
        usd = amount * raw.price * rate
        base = amount * instrument.multiplier
    else:
        value = quantity * instrument.contract_size if unit == "contracts" else quantity
        usd = value * rate
        base = value / raw.price * instrument.multiplier
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
        rate,
    )


FILLED = "backfilled"
"""The reason of a feed change that looks back: what the feed missed from its time on was asked for afterwards."""
NEVER_RUN = "not started yet"
"""The reason of the feed change that stands at the beginning of an exchange's history."""


class FeedChange(msgspec.Struct, frozen=True, gc=False):
    """A feed (one product line of an exchange) became live, or stopped being live, at `time_ms`.

    One that is up with the reason `FILLED` stands for the earlier time from which on an outage was filled later.
    """

    time_ms: int
    exchange: str
    feed: str
    up: bool
    reason: str = ""

    @property
    def looks_back(self) -> bool:
        """Whether it says that an outage was filled, and nothing of whether the feed is live."""
        return self.up and self.reason == FILLED


class PastChanges(msgspec.Struct, frozen=True):
    """What the feed changes of an exchange up to the record `seq` add up to, after which all its feeds were up.

    `first_ms` is when it was first listened to, `gap_ms` the length of its gaps, `filled_ms` what of it was filled.
    """

    seq: int
    first_ms: int
    gap_ms: int
    filled_ms: int


class Record(msgspec.Struct, frozen=True, gc=False):
    """One entry of the journal: an event or a feed change, at its place in the one order that all parts share.

    `seq` grows by at least one from record to record. `applied_ms` is the instant at which the signals take it:
    the event's time, never before the previous record's nor before a second they had already seen pass, never after it
    was received.
    """

    seq: int
    applied_ms: int
    entry: Liquidation | FeedChange
