"""Whether the other end of a socket is still there: what sends nothing is asked, and cut when it does not answer."""

import asyncio

from websockets.asyncio.client import ClientConnection

from exporter.feeds.failures import Ended, Reason

ASK_AFTER = 0.25
"""The part of the limit after which a silent peer is asked."""


class StallWatch:
    """Cuts a socket on which nothing arrives for `limit` seconds, not even the answer to a ping.

    It says nothing of what arrives: whether the control stream goes on is for `Liveness` to judge, and exchanges may
    have nothing to say for a while. Times are seconds of a monotonic clock.
    """

    def __init__(self, limit: float, opened: float) -> None:
        self._limit = limit
        self._alive = opened
        self._asked: asyncio.Future[float] | None = None

    def due(self, now: float, heard: float) -> float:
        """Return when to look again, in seconds from now; `heard` is when the newest frame arrived."""
        part = 1.0 if self._asked else ASK_AFTER
        return max(0.0, max(self._alive, heard) + self._limit * part - now)

    async def look(self, websocket: ClientConnection, now: float, heard: float) -> None:
        """Ask a silent peer whether it is there; raises `Ended` when it was asked and is silent still."""
        if self._asked and self._asked.done():
            self._alive, self._asked = now, None
        silence = now - max(self._alive, heard)
        if silence < self._limit * ASK_AFTER:
            self._asked = None
        elif self._asked is None:
            async with asyncio.timeout(self._limit):
                self._asked = asyncio.ensure_future(await websocket.ping())
        elif silence >= self._limit:
            raise Ended(Reason.STALLED, f"nothing arrives for {self._limit:g} s, not even the answer to a ping")
