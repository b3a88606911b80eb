"""What a simulated exchange does to its clients for a while."""

import asyncio

from exporter.simulator.scenarios import LastingFault


class Faults:
    """The faults in force; each ends by itself. `status` is the HTTP status of refusals."""

    def __init__(self) -> None:
        self.status = 403
        self._until: dict[LastingFault, float] = {}

    def begin(self, name: LastingFault, seconds: float, status: int) -> None:
        """Start a fault, or change its end."""
        self.status = status
        self._until[name] = asyncio.get_running_loop().time() + seconds

    def left_s(self, name: LastingFault) -> float:
        """Return how many seconds a fault will last, 0 when it is over."""
        return max(0.0, self._until.get(name, 0.0) - asyncio.get_running_loop().time())

    def on(self, name: LastingFault) -> bool:
        """Whether a fault is in force."""
        return self.left_s(name) > 0
