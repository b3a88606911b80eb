"""Keeps the instruments of an exchange current: at the start, now and then, and when an unknown one shows up."""

import asyncio
import contextlib
import random
from collections.abc import Sequence
from time import monotonic, time_ns
from typing import Protocol

import structlog

from exporter.exchanges.base import InstrumentRequest
from exporter.feeds.backoff import Backoff
from exporter.feeds.cache import InstrumentCache
from exporter.feeds.context import Context
from exporter.feeds.failures import Ended, Reason, explain
from exporter.feeds.instruments import source_of
from exporter.feeds.rest import InstrumentClient
from exporter.model import Instrument

log = structlog.get_logger()

JITTER = 0.1
EMPTY = "the exchange lists no instruments"


class Listener(Protocol):
    """Who wants to know about the instruments of a feed."""

    def listed(self, feed: str) -> None:
        """Take note that the table holds a new listing of the feed."""

    def not_listed(self, feed: str, failure: Ended) -> None:
        """Take note that the listing of the feed could not be fetched."""


class InstrumentRefresher:
    """Fills the context's table, the sink and the cache; every REST call counts for itself, so one may fail alone.

    `earliest_s` is the shortest time between two refreshes that `soon` can bring about.
    """

    def __init__(
        self,
        context: Context,
        client: InstrumentClient,
        cache: InstrumentCache,
        listener: Listener,
        earliest_s: float = 60.0,
    ) -> None:
        self._context = context
        self._client = client
        self._cache = cache
        self._listener = listener
        self._earliest_s = earliest_s
        self._name = context.exchange.name
        self._backoff = Backoff(context.settings.backoff_max, context.settings.stable_after)
        self._wanted = asyncio.Event()

    def soon(self) -> None:
        """Ask for a refresh before its time: there is an instrument that is not known."""
        self._wanted.set()

    async def restore(self) -> None:
        """Take the instruments of an earlier run from the cache."""
        listings = await asyncio.to_thread(self._cache.load)
        if listings:
            self._context.table.restore(listings)
            self._context.sink.instruments(self._name, self._context.table.known.values())

    async def run(self) -> None:
        """Refresh until cancelled; an exchange without REST calls has nothing to refresh.

        Calls that fail are repeated alone, with back-off, until the next refresh of everything is due.
        """
        while requests := self._context.exchange.instrument_requests:
            due = monotonic() + self._interval()
            failed = await self._refresh(requests)
            while failed and (left := due - monotonic()) > 0:
                roll = random.random()  # noqa: S311 - jitter, not a secret
                await self._rest(min(left, self._backoff.after(0.0, roll)))
                failed = await self._refresh(failed)
            self._backoff.reset()
            await self._rest(due - monotonic())

    async def refresh(self) -> str:
        """Make every call once; return what went wrong, empty when nothing did."""
        await self._refresh(self._context.exchange.instrument_requests)
        return self._context.status.instruments_error

    def _interval(self) -> float:
        roll = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - jitter, not a secret
        return self._context.settings.instruments_refresh * roll

    async def _refresh(self, requests: Sequence[InstrumentRequest]) -> list[InstrumentRequest]:
        """Make the calls at once, so that an unreachable one delays nobody; return those to repeat."""
        self._wanted.clear()
        failures = await asyncio.gather(*map(self._fetch, requests))
        error = "; ".join(dict.fromkeys(failure.text for failure in failures if failure))
        failed = [request for request, failure in zip(requests, failures, strict=True) if failure]
        if len(failed) < len(requests):
            await asyncio.to_thread(self._cache.save, self._context.table.listings())
        if not failed and (failed := self._unlisted()):
            error = EMPTY
        self._note(error)
        return failed

    async def _fetch(self, request: InstrumentRequest) -> Ended | None:
        try:
            self._take(request, await self._client.fetch(request))
        except Exception as error:
            failure = explain(error)
            if failure.reason is Reason.ERROR:
                log.exception("instruments defect", exchange=self._name, path=request.path)
            self._listener.not_listed(request.feed, failure)
            return failure
        return None

    def _take(self, request: InstrumentRequest, instruments: list[Instrument]) -> None:
        table = self._context.table
        table.replace(source_of(request), instruments)
        self._context.sink.instruments(self._name, table.known.values())
        self._listener.listed(request.feed)

    def _unlisted(self) -> list[InstrumentRequest]:
        """Return the calls of feeds that have no instruments at all, though every call was answered."""
        requests = self._context.exchange.instrument_requests
        empty = [request for request in requests if not self._context.table.names(request.feed)]
        for feed in {request.feed for request in empty}:
            self._listener.not_listed(feed, Ended(Reason.PROTOCOL, EMPTY))
        return empty

    def _note(self, error: str) -> None:
        status = self._context.status
        if error and error != status.instruments_error:
            log.warning("instruments not refreshed", exchange=self._name, reason=error)
        elif not error and (status.instruments_error or not status.instruments_ms):
            log.info("instruments refreshed", exchange=self._name, count=len(self._context.table.known))
        status.instruments_error = error
        if not error:
            status.instruments_ms = time_ns() // 1_000_000

    async def _rest(self, seconds: float) -> None:
        """Wait, less when a refresh is wanted before."""
        earliest = monotonic() + self._earliest_s
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wanted.wait()
                await asyncio.sleep(max(0.0, earliest - monotonic()))
