"""What feeds the streams: every new event is encoded once for all of them, the figures once a second per subject."""

import asyncio
from collections.abc import Sequence

import msgspec
import structlog

from exporter.broadcast import Broadcast
from exporter.model import Liquidation, Record
from exporter.view import View
from exporter.web.answers import ApiError
from exporter.web.clock import now_ms
from exporter.web.overview import Subject, overview, take_status
from exporter.web.reader import Reader
from exporter.web.worker import Worker

log = structlog.get_logger()

EVERY_S = 1.0


class Hub:
    """The readers of the stream, and the two tasks that serve them."""

    def __init__(self, view: View, broadcast: Broadcast, worker: Worker) -> None:
        self._view = view
        self._broadcast = broadcast
        self._worker = worker
        self._readers: set[Reader] = set()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start to follow the broadcast and the clock."""
        self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._tick())]

    async def stop(self) -> None:
        """End every stream at once."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for reader in self._readers:
            reader.close()

    async def join(self, reader: Reader) -> None:
        """Add a reader and give it its first figures; raises `ApiError` 503 when there are too many."""
        most = self._view.config.web.max_streams
        if len(self._readers) >= most:
            raise ApiError(503, "too many streams", f"{most} streams are open, more are not served; close one")
        self._readers.add(reader)
        reader.show(await self._figures(reader.subject))

    def leave(self, reader: Reader) -> None:
        """Remove a reader."""
        self._readers.discard(reader)

    async def _follow(self) -> None:
        async with self._broadcast.subscribe() as queue:
            while True:
                self._hand_out(await queue.get())

    def _hand_out(self, records: Sequence[Record]) -> None:
        if not self._readers:
            return
        for record in records:
            if not isinstance(event := record.entry, Liquidation):
                continue
            readers = [reader for reader in self._readers if reader.wants(event)]
            if readers:
                frame = _frame(b"liquidation", event)
                for reader in readers:
                    reader.offer(frame)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            for subject in {reader.subject for reader in self._readers}:
                await self._refresh(subject)

    async def _refresh(self, subject: Subject) -> None:
        try:
            frame = await self._figures(subject, paced=False)
        except ApiError:
            return  # the worker is flooded: the next second's figures will do
        except Exception:
            log.exception("figures of the stream failed")
            return
        for reader in self._readers:
            if reader.subject == subject:
                reader.show(frame)

    async def _figures(self, subject: Subject, *, paced: bool = True) -> bytes:
        status = take_status(self._view, now_ms())
        return await self._worker.run(lambda: _frame(b"stats", overview(self._view, status, subject)), paced=paced)


def _frame(name: bytes, value: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name, msgspec.json.encode(value))
