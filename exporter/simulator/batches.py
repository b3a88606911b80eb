"""Orders that an exchange collects for a while and sends together, contract by contract."""

from exporter.simulator.orders import Order


class Batches:
    """Orders by contract, sent every `every_ms` of the market's time, in frames of at most `limit` (0: any number)."""

    def __init__(self, every_ms: int, limit: int = 0) -> None:
        self._every_ms = every_ms
        self._limit = limit
        self._orders: dict[str, list[Order]] = {}
        self._sent_ms = 0

    def add(self, order: Order) -> None:
        """Let an order wait for its turn."""
        self._orders.setdefault(order.contract.symbol, []).append(order)

    def due(self, market_ms: int, *, final: bool = False) -> list[list[Order]]:
        """Return the frames that are due, each with the orders of one contract."""
        if not final and market_ms < self._sent_ms + self._every_ms:
            return []
        self._sent_ms = market_ms
        waiting, self._orders = self._orders, {}
        step = self._limit or max(map(len, waiting.values()), default=1)
        return [orders[at : at + step] for orders in waiting.values() for at in range(0, len(orders), step)]
