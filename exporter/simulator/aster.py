"""Aster as its documents describe it: the interface of Binance before its product lines were merged."""

from typing import Any, ClassVar

from exporter.simulator.aster_contracts import contracts
from exporter.simulator.binance import SimulatedBinance
from exporter.simulator.contracts import Contract
from exporter.simulator.limits import Limits, Rate
from exporter.simulator.orders import Order


class SimulatedAster(SimulatedBinance):
    """Aster. Of a symbol's orders in a second the latest is pushed, not the largest; events name no product line."""

    name: ClassVar[str] = "aster"
    combined: ClassVar[str] = "/stream"
    delivering: ClassVar[str] = "/"
    stream_limit: ClassVar[int] = 200
    limits: ClassVar[Limits] = Limits(messages=Rate(10, 1.0))
    rest_endpoints: ClassVar[tuple[str, ...]] = ("rest",)
    rest_paths: ClassVar[tuple[str, ...]] = ("/fapi/v3/exchangeInfo",)
    socket_paths: ClassVar[tuple[str, ...]] = ("/stream", "/ws", "/ws/{stream}")

    @staticmethod
    def table() -> list[Contract]:
        """Return every contract."""
        return contracts()

    def replaces(self, order: Order, kept: Order) -> bool:
        """Say that the latest order of a second is the one to be sent."""
        return order is not kept

    def universe(self, contract: Contract) -> dict[str, Any]:  # noqa: ARG002 - there is only one
        """Return nothing: there is one product line."""
        return {}
