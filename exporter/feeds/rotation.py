"""Sockets that follow each other without a gap: the next is live before the exchange cuts the one before."""

import asyncio
import random
from collections.abc import Callable
from time import monotonic

from exporter.feeds.backoff import Backoff
from exporter.feeds.connection import Connection
from exporter.feeds.failures import Ended
from exporter.feeds.status import State

OVERLAP_S = 2.0
"""How long the old socket is read on after the new one is live: what was under way on it still arrives."""


def rotate_after(max_life_s: float, roll: float) -> float:
    """Return the age in seconds at which a socket is replaced: 96 % of its life, up to 6 % less with `roll` in [0, 1).

    The spread keeps the sockets of an exchange from rotating all at once.
    """
    return max_life_s * (0.96 - 0.06 * roll)


class Relay:
    """One socket at a time, and two while it is being replaced; `max_life_s` 0 means that it never is.

    `note` is told why a replacement failed, None for one that succeeded. The old socket is kept as long as it lives.
    """

    def __init__(
        self,
        open_connection: Callable[[], Connection],
        max_life_s: float,
        backoff: Backoff,
        note: Callable[[Ended | None], None],
    ) -> None:
        self.current: Connection | None = None
        self.running: list[Connection] = []
        self._open = open_connection
        self._max_life_s = max_life_s
        self._backoff = backoff
        self._note = note

    async def run(self) -> Connection:
        """Open a socket and its successors until one ends without a successor; return that one."""
        try:
            self.current = current = self._start()
            wait = self._rest(current)
            while not await self._ends(current, wait):
                successor = await self._succeed(current)
                if successor is None:
                    wait = self._backoff.after(0.0, random.random())  # noqa: S311 - jitter, not a secret
                    continue
                self.current, current, retired = successor, successor, current
                wait = self._rest(current)
                self._backoff.reset()
                self._note(None)
                await self._stop([retired])
            return current
        finally:
            await self._stop(self.running)

    def _rest(self, connection: Connection) -> float | None:
        """Return how long a socket is to go on, in seconds; None for ever."""
        if not self._max_life_s:
            return None
        age = rotate_after(self._max_life_s, random.random())  # noqa: S311 - jitter, not a secret
        return max(0.0, connection.opened + age - monotonic())

    def _start(self) -> Connection:
        connection = self._open()
        self.running.append(connection)
        return connection

    async def _stop(self, connections: list[Connection]) -> None:
        for connection in connections:
            if not connection.task.cancelling():  # a second cancellation would cut its closing handshake short
                connection.task.cancel()
        if connections:
            await asyncio.wait([connection.task for connection in connections])
        self.running = [connection for connection in self.running if connection not in connections]

    async def _ends(self, connection: Connection, within: float | None) -> bool:
        await asyncio.wait({connection.task}, timeout=within)
        return connection.task.done()

    async def _succeed(self, current: Connection) -> Connection | None:
        """Open a second socket; return it when it can take over, None when the first has to go on."""
        successor = self._start()
        ends: set[asyncio.Future[None]] = {current.task, successor.task}
        await asyncio.wait(ends | {successor.live}, return_when=asyncio.FIRST_COMPLETED)
        if successor.live.done():
            await asyncio.wait(ends, timeout=OVERLAP_S, return_when=asyncio.FIRST_COMPLETED)
            if successor.state is State.LIVE and not successor.task.done():
                return successor
        if successor.task.done():
            self._note(successor.ended())
        await self._stop([successor])
        return None
