"""What the simulated exchanges trade, and the exact arithmetic of the truth.

Nothing here knows the exporter's parsers or its instrument table: two independent readings of the exchanges'
documents have to agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from math import floor, log10

from exporter.model import Kind, PriceKind, QuantityUnit

QUARTER = date(2026, 12, 25)
"""The delivery day of every dated contract."""


@dataclass(frozen=True)
class Coin:
    """A coin with the USD price at which every run starts and its share of all liquidations (any scale)."""

    name: str
    price: float
    weight: float


COINS = {
    coin.name: coin
    for coin in (
        Coin("BTC", 95_000.0, 30.0),
        Coin("ETH", 3_200.0, 24.0),
        Coin("SOL", 180.0, 12.0),
        Coin("XRP", 2.3, 6.0),
        Coin("DOGE", 0.32, 5.0),
        Coin("BNB", 680.0, 2.5),
        Coin("PEPE", 0.000018, 3.0),
        Coin("SUI", 3.6, 2.5),
        Coin("HYPE", 31.0, 2.0),
        Coin("ADA", 0.9, 2.0),
        Coin("LINK", 18.0, 1.5),
        Coin("AVAX", 35.0, 1.5),
        Coin("LTC", 104.0, 1.2),
        Coin("WIF", 1.7, 1.2),
        Coin("SHIB", 0.000021, 1.0),
        Coin("BONK", 0.00003, 1.0),
        Coin("AAVE", 280.0, 0.8),
        Coin("NEAR", 5.1, 0.8),
        Coin("TRX", 0.24, 0.6),
        Coin("DOT", 6.4, 0.6),
        Coin("ARB", 0.8, 0.6),
        Coin("1INCH", 0.38, 0.4),
        Coin("SATS", 0.00000028, 0.4),
        Coin("BABYDOGE", 0.0000000027, 0.3),
        Coin("VIRTUAL", 1.4, 0.8),
        Coin("PNUT", 0.6, 0.8),
        Coin("MOODENG", 0.2, 0.8),
    )
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Contract:
    """One contract of one exchange.

    `multiplier` is the coins per unit that price and quantity are given for (1000 for 1000PEPEUSDT), `wire_base` what
    the exchange's REST calls that unit, `reference_price` what it costs when a run starts. `unit` is what quantities
    count: that unit, contracts (of `contract_base` such units where that is given, of `contract_usd` USD otherwise),
    USD, or the quote coin, which is a dollar everywhere. `listed_s` and `traded_s` say how many seconds into a run REST
    and the market know it.
    """

    exchange: str
    line: str
    symbol: str
    coin: str
    quote: str
    settle: str
    unit: QuantityUnit
    price_kind: PriceKind
    multiplier: int = 1
    wire_base: str
    reference_price: float
    contract_usd: int = 1
    contract_base: str = ""
    expiry: date | None = None
    share: float = 1.0
    listed_s: float = 0.0
    traded_s: float = 0.0

    @property
    def kind(self) -> Kind:
        """A dated contract is a future."""
        return "future" if self.expiry else "perpetual"

    @cached_property
    def price_decimals(self) -> int:
        """The tick, as decimals: six significant digits."""
        return max(0, 5 - floor(log10(self.reference_price)))

    @cached_property
    def quantity_decimals(self) -> int:
        """The step, as decimals: worth 10 to 100 USD, or whole units."""
        if self.unit == "quote":
            return 6
        if self.unit != "base" and not self.contract_base:
            return 0
        return max(0, floor(log10(self.reference_price * float(self.contract_base or 1))) - 1)

    def price_text(self, price: float) -> str:
        """Write a price in ticks."""
        return f"{price:.{self.price_decimals}f}"

    def quantity_text(self, usd: float, price: float) -> str:
        """Write the quantity worth `usd`, in steps, at least one."""
        decimals = self.quantity_decimals
        if self.unit == "quote":
            units = usd
        elif self.unit == "base" or self.contract_base:
            units = usd / price / float(self.contract_base or 1)
        else:
            units = usd / self.contract_usd
        return f"{max(units, 10.0**-decimals):.{decimals}f}"

    def size(self, quantity: str, price: str) -> tuple[float, float]:
        """Return base units of the coin and USD, from the numbers as they were on the wire."""
        amount, unit_price = Decimal(quantity), Decimal(price)
        if self.unit == "base" or self.contract_base:
            amount *= Decimal(self.contract_base or 1)
            return float(amount * self.multiplier), float(amount * unit_price)
        usd = amount if self.unit == "quote" else amount * self.contract_usd
        return float(usd / unit_price * self.multiplier), float(usd)


def tick(decimals: int) -> str:
    """Write the smallest step with that many decimals, as exchanges do: `0.01`, `1`."""
    return f"{10.0**-decimals:.{decimals}f}"


def weights(contracts: Sequence[Contract]) -> list[float]:
    """Return how often each contract is hit."""
    return [COINS[contract.coin].weight * contract.share for contract in contracts]
