"""Questions to the journal file, asked while it is being written."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from exporter.exchanges.base import Span
from exporter.journal import Database
from exporter.model import Liquidation, Record

SEARCH_DEPTH = 200_000
"""How many of the newest records a question for events looks through."""


class Reader:
    """Questions to the journal file, answered in a thread of their own on a read-only connection.

    `written` returns once everything that was received so far is in the file.
    """

    def __init__(self, path: Path, written: Callable[[], Awaitable[None]]) -> None:
        self._path = path
        self._written = written
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reader")

    async def newest(self, filters: Mapping[str, str | float], limit: int) -> list[Record]:
        """Return the newest events that pass the filters, newest first."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._newest, filters, limit)

    async def events(self, exchange: str, span: Span) -> list[Liquidation]:
        """Return the events of an exchange that happened within a span, also those that are still being written."""
        await self._written()
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._events, exchange, span)

    def close(self) -> None:
        """Stop answering."""
        self._thread.shutdown()

    def _newest(self, filters: Mapping[str, str | float], limit: int) -> list[Record]:
        database = Database(self._path, readonly=True)
        try:
            return database.newest(filters, limit, SEARCH_DEPTH)
        finally:
            database.close()

    def _events(self, exchange: str, span: Span) -> list[Liquidation]:
        database = Database(self._path, readonly=True)
        try:
            events = database.events_by_time(span.from_ms, span.until_ms)
            return [event for event in events if event.exchange == exchange]
        finally:
            database.close()
