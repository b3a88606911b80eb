"""What a simulated exchange does to its clients for a while."""

import asyncio

from exporter.simulator.scenarios import LastingFault

LOOK_S = 0.1
"""How soon somebody who waits for the end of a fault learns that it was ended before its time."""


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

    async def over(self, name: LastingFault) -> None:
        """Wait until a fault is over."""
        while left_s := self.left_s(name):  # noqa: ASYNC110 - its end is a time, which can change
            await asyncio.sleep(min(left_s, LOOK_S))

    def on(self, name: LastingFault) -> bool:
        """Whether a fault is in force."""
        return self.left_s(name) > 0
