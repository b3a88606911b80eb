"""One liquidation as it happens on the market, before any exchange puts it on a wire."""

from collections.abc import Sequence
from itertools import accumulate
from random import Random

import msgspec

from exporter.model import LONG, SHORT, Liquidation, Origin, Side
from exporter.simulator.contracts import COINS, Contract, weights
from exporter.simulator.truthfile import TruthEvent, as_truth

MEDIAN_USD = 900.0
SIZE_SIGMA = 2.0
LARGEST_USD = 8_000_000.0


class Order(msgspec.Struct, frozen=True, gc=False):
    """A liquidation order; `side` is the position's, price and quantity are the wire's own texts."""

    contract: Contract
    time_ms: int
    side: Side
    price: str
    quantity: str

    @property
    def usd(self) -> float:
        """The size in USD."""
        return self.contract.size(self.quantity, self.price)[1]

    def liquidation(self, received_ms: int, key: str, origin: Origin = "live") -> Liquidation:
        """Return it as the exporter should see it, under the id `key`."""
        contract = self.contract
        base_quantity, notional = contract.size(self.quantity, self.price)
        return Liquidation(
            time_ms=self.time_ms,
            received_ms=received_ms,
            exchange=contract.exchange,
            instrument=contract.symbol,
            base=contract.coin,
            quote=contract.quote,
            settle=contract.settle,
            kind=contract.kind,
            side=self.side,
            price=float(self.price),
            price_kind=contract.price_kind,
            quantity=float(self.quantity),
            quantity_unit=contract.unit,
            base_quantity=base_quantity,
            notional_usd=notional,
            id=key,
            origin=origin,
        )


class Record(msgspec.Struct, gc=False):
    """An order that was sent at `sent_ms`, and whether its delivery is proven."""

    order: Order
    sent_ms: int
    certain: bool = False

    def truth(self, key: str, *, resolvable: bool = True) -> TruthEvent:
        """Return the truth about it; nobody must have counted what cannot be resolved."""
        return as_truth(self.order.liquidation(self.sent_ms, key), certain=self.certain and resolvable)


class Pool:
    """Contracts to draw from, by how often each is hit."""

    def __init__(self, contracts: Sequence[Contract], coins: Sequence[str] = ()) -> None:
        self._contracts = [contract for contract in contracts if not coins or contract.coin in coins]
        self._cumulated = list(accumulate(weights(self._contracts)))

    def draw(self, rng: Random) -> Contract:
        """Draw a contract."""
        return rng.choices(self._contracts, cum_weights=self._cumulated)[0]


def draw_side(rng: Random, long_share: float) -> Side:
    """Draw the side of a position."""
    return LONG if rng.random() < long_share else SHORT


def draw_order(rng: Random, contract: Contract, coin_usd: float, side: Side, time_ms: int, scale: float = 1.0) -> Order:
    """Draw an order of log-normal size, `scale` times the usual, while the coin is worth `coin_usd`.

    Smaller coins have smaller orders. A bankruptcy price lies 3.4 to 5 % below the market for longs and about 0.5 %
    above for shorts, as was measured on Bybit.
    """
    mark = coin_usd * contract.multiplier
    if contract.price_kind == "bankruptcy":
        mark *= 1 - rng.uniform(0.034, 0.05) if side == LONG else 1 + rng.uniform(0.005, 0.0063)
    else:
        mark *= rng.gauss(1.0, 0.0003)
    median = MEDIAN_USD * scale * (COINS[contract.coin].weight / 30.0) ** 0.3
    usd = min(median * rng.lognormvariate(0.0, SIZE_SIGMA), LARGEST_USD)
    return Order(contract, time_ms, side, contract.price_text(mark), contract.quantity_text(usd, mark))
