"""Calls about the past: one after the other at the exchange's pace, whoever asks, and again while that may help."""

import asyncio
import random
from time import monotonic, time_ns

import structlog

from exporter.exchanges.base import History, PastPage, PastRequest
from exporter.feeds.backoff import Backoff
from exporter.feeds.context import Context
from exporter.feeds.failures import Reason, explain
from exporter.feeds.rest import RestClient

log = structlog.get_logger()

TRIES = 5


class Caller:
    """Asks one exchange; those who wait get their turns in the order in which they came."""

    def __init__(self, context: Context, history: History, client: RestClient) -> None:
        self._context = context
        self._history = history
        self._client = client
        self._turns = asyncio.Lock()
        self._free_at = 0.0

    async def page(self, request: PastRequest) -> PastPage:
        """Make one call in its turn; raises `Ended` when it has failed too often."""
        backoff = Backoff(self._context.settings.backoff_max, self._context.settings.stable_after)
        tries = 0
        while True:
            await self._turn()
            try:
                body = await self._client.get(request.endpoint, request.path)
                return await asyncio.to_thread(self._history.parse, request, body, now_ms())
            except Exception as error:  # noqa: BLE001 - explained, told and counted below
                failure = explain(error)
            tries += 1
            if failure.reason is Reason.ERROR:
                name = self._context.exchange.name
                log.error("back-fill defect", exchange=name, about=request.about, exc_info=failure.__cause__)
            if tries == TRIES or failure.reason is Reason.ERROR:
                raise failure
            pause = backoff.after(0.0, random.random())  # noqa: S311 - jitter, not a secret
            self._free_at = max(self._free_at, monotonic() + pause)

    async def _turn(self) -> None:
        async with self._turns:
            await asyncio.sleep(self._free_at - monotonic())
            self._free_at = monotonic() + self._history.every_s


def now_ms() -> int:
    """Return the wall clock."""
    return time_ns() // 1_000_000
