"""One publisher, many readers of new records: what the server-sent events hang on."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from exporter.model import Record

QUEUED_GROUPS = 200


class Broadcast:
    """Hands every published group of records to every subscriber; one that does not keep up loses the oldest groups."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[Sequence[Record]]] = set()

    def publish(self, records: Sequence[Record]) -> None:
        """Hand over a group of records; never blocks."""
        for queue in self._queues:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(records)

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[asyncio.Queue[Sequence[Record]]]:
        """Subscribe for the duration of the block."""
        queue: asyncio.Queue[Sequence[Record]] = asyncio.Queue(QUEUED_GROUPS)
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)
