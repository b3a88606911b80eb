"""All feeds of one exchange: the entry point of the package."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import aiohttp

from exporter.config import Feeds
from exporter.exchanges.base import Exchange, Span
from exporter.feeds.backfill import Backfill, Recorded
from exporter.feeds.cache import InstrumentCache
from exporter.feeds.context import Context
from exporter.feeds.failures import Ended
from exporter.feeds.feed import FeedSupervisor
from exporter.feeds.instruments import InstrumentTable
from exporter.feeds.refresher import InstrumentRefresher
from exporter.feeds.rest import InstrumentClient, RestClient
from exporter.feeds.sink import Sink
from exporter.feeds.status import ExchangeStatus


class Missed(Protocol):
    """What a feed missed in an earlier run: `until_ms` is None when nothing has been heard of it since."""

    feed: str
    from_ms: int
    until_ms: int | None


class ExchangeFeeds:
    """Listens to one exchange until cancelled; what it learns goes to `sink` and `status`.

    `endpoints` are the addresses in force, `bases` the main coins, `data_dir` the place of the instrument cache.
    """

    def __init__(
        self,
        exchange: Exchange,
        endpoints: Mapping[str, str],
        settings: Feeds,
        bases: Sequence[str],
        data_dir: Path,
        sink: Sink,
        session: aiohttp.ClientSession,
    ) -> None:
        self.status = ExchangeStatus(exchange.name, [feed.name for feed in exchange.feeds])
        table = InstrumentTable(exchange.instrument_requests, bases)
        context = Context(exchange, endpoints, settings, bases, sink, self.status, table, self._outage)
        self._feeds = {feed.name: FeedSupervisor(context, feed) for feed in exchange.feeds}
        self._context = context
        self._client = client = RestClient(session, endpoints, settings.connect_timeout)
        cache = InstrumentCache(data_dir / "instruments" / f"{exchange.name}.json")
        self._refresher = InstrumentRefresher(context, InstrumentClient(client, exchange), cache, self)
        self._backfill: Backfill | None = None

    def fill_outages(self, recorded: Recorded, earlier: Iterable[Missed]) -> None:
        """Ask for what was missed, now and `earlier`, where the exchange can be asked; to be called before `run`.

        `recorded` tells what is known of a span already.
        """
        history = self._context.exchange.history
        if history is None:
            return
        self._backfill = Backfill(self._context, history, self._client, recorded)
        for missed in earlier:
            if missed.until_ms is not None:
                self._outage(missed.feed, Span(missed.from_ms, missed.until_ms))
            elif missed.feed in self._feeds:
                self._feeds[missed.feed].down_since_ms = missed.from_ms

    async def run(self) -> None:
        """Keep every feed up; on cancellation close the sockets and tell the sink that the feeds stopped."""
        await self._refresher.restore()
        try:
            async with asyncio.TaskGroup() as group:
                for feed in self._feeds.values():
                    feed.start(group)
                group.create_task(self._refresher.run(), name=f"{self.status.exchange} instruments")
                if self._backfill:
                    group.create_task(self._backfill.run(), name=f"{self.status.exchange} back-fill")
        finally:
            for feed in self._feeds.values():
                feed.stopped()

    def refresh_soon(self) -> None:
        """Ask for the instruments before their time, because an unknown one showed up; once a minute at most."""
        self._refresher.soon()

    def listed(self, feed: str) -> None:
        """Pass a new listing to its feed."""
        self._feeds[feed].listed()

    def not_listed(self, feed: str, failure: Ended) -> None:
        """Pass a failed listing to its feed."""
        self._feeds[feed].not_listed(failure)

    def _outage(self, feed: str, span: Span) -> None:
        if self._backfill and feed in self._feeds:
            self._backfill.want(feed, span)
