"""One reader of the stream: what waits for it, bounded."""

import asyncio
from collections import deque

from exporter.model import Liquidation
from exporter.web.overview import Subject
from exporter.web.query import Filters

BACKLOG = 500
HEARTBEAT_S = 15.0


class Reader:
    """Collects what one reader is to be sent next.

    At most `BACKLOG` events wait; older ones are dropped and reported as `event: lost`. Of the figures only the newest
    wait. `filters` are conditions on events, `subject` is what the figures are about.
    """

    def __init__(self, filters: Filters, subject: Subject, transport: asyncio.Transport | None = None) -> None:
        self.subject = subject
        self.closed = False
        self._transport = transport
        self._equal = {name: value for name, value in filters.items() if name != "min_usd"}
        self._min_usd = float(filters.get("min_usd", 0.0))
        self._events: deque[bytes] = deque()
        self._lost = 0
        self._figures = b""
        self._wake = asyncio.Event()

    def wants(self, event: Liquidation) -> bool:
        """Tell whether an event meets the filters."""
        if event.notional_usd < self._min_usd:
            return False
        return all(getattr(event, name) == value for name, value in self._equal.items())

    def offer(self, frame: bytes) -> None:
        """Add an encoded event, at the cost of the oldest when too many wait."""
        if len(self._events) >= BACKLOG:
            self._events.popleft()
            self._lost += 1
        self._events.append(frame)
        self._wake.set()

    def show(self, frame: bytes) -> None:
        """Replace the figures that wait."""
        self._figures = frame
        self._wake.set()

    def close(self) -> None:
        """End the stream; a socket that still has bytes to take is cut, because it may never take them."""
        self.closed = True
        self._wake.set()
        if self._transport and self._transport.get_write_buffer_size():
            self._transport.abort()

    async def next(self) -> bytes:
        """Wait for something to send and take all of it; a comment when there was nothing for `HEARTBEAT_S`."""
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                await self._wake.wait()
        except TimeoutError:
            return b": heartbeat\n\n"
        self._wake.clear()
        lost = b'event: lost\ndata: {"events":%d}\n\n' % self._lost if self._lost else b""
        chunk = b"".join((lost, *self._events, self._figures))
        self._events.clear()
        self._lost, self._figures = 0, b""
        return chunk
