"""The trades of an exchange that shows liquidations among all others."""

from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any, NamedTuple

import msgspec

from exporter.model import SIDES
from exporter.simulator.orders import Order

USUAL_USD = 500.0


class Trade(NamedTuple):
    """One trade as its exchange writes it."""

    time_ms: int
    row: dict[str, Any]


class Tape:
    """All trades by contract: what a new subscriber and REST are told."""

    def __init__(self) -> None:
        self._trades: dict[str, list[Trade]] = {}

    def add(self, symbol: str, time_ms: int, row: dict[str, Any]) -> None:
        """Write a trade down."""
        self._trades.setdefault(symbol, []).append(Trade(time_ms, row))

    def newest(self, symbol: str, count: int, before_ms: int = 2**62) -> Sequence[Trade]:
        """Return the newest trades of a contract that happened before an instant, the newest first."""
        older = [trade for trade in self._trades.get(symbol, ()) if trade.time_ms < before_ms]
        return sorted(older, key=lambda trade: -trade.time_ms)[:count]

    def between(self, symbol: str, from_ms: int, until_ms: int) -> Sequence[Trade]:
        """Return the trades of a contract from an instant on and before another, the oldest first."""
        found = [trade for trade in self._trades.get(symbol, ()) if from_ms <= trade.time_ms < until_ms]
        return sorted(found, key=lambda trade: trade.time_ms)


def usual_trade(rng: Random, order: Order) -> Order:
    """Draw what else is traded beside a liquidation: the same contract and instant, either side, a size of its own."""
    usd = USUAL_USD * rng.lognormvariate(0.0, 1.0)
    quantity = order.contract.quantity_text(usd, float(order.price))
    return msgspec.structs.replace(order, side=rng.choice(SIDES), quantity=quantity)


def iso_text(time_ms: int) -> str:
    """Write an instant as exchanges do that send times as text."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
