"""All feeds of one exchange: the entry point of the package."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import aiohttp

from exporter.config import Feeds
from exporter.exchanges.base import Exchange, Span
from exporter.feeds.backfill import Backfill, Missed
from exporter.feeds.cache import InstrumentCache
from exporter.feeds.context import Context
from exporter.feeds.failures import Ended
from exporter.feeds.feed import FeedSupervisor
from exporter.feeds.instruments import InstrumentTable
from exporter.feeds.refresher import InstrumentRefresher
from exporter.feeds.rest import InstrumentClient, RestClient
from exporter.feeds.search import Recorded
from exporter.feeds.sink import Sink
from exporter.feeds.status import ExchangeStatus, Tally


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

    def fill_outages(self, recorded: Recorded, keep_ms: int, earlier: Iterable[Missed] = ()) -> None:
        """Ask for what was missed, now and `earlier`, where the exchange can be asked; to be called before `run`.

        `recorded` tells what is known of a span already, as far as it is no longer ago than `keep_ms`.
        """
        history = self._context.exchange.history
        if history is None:
            return
        self._backfill = Backfill(self._context, history, self._client, recorded, keep_ms)
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

    async def by_hand(self, span: Span, tally: Tally, outages: Callable[[], Iterable[Missed]]) -> None:
        """Ask for a span of the past, where the exchange can be asked; what comes of it is in `tally`, and durable.

        `outages` tells afterwards which ones may be filled by it.
        """
        if self._backfill:
            await self._backfill.by_hand(span, tally)
            self._backfill.settle(outages(), span, tally)
            await self._context.sink.stored()

    async def list_instruments(self) -> str:
        """Learn the instruments without listening to anything; return what went wrong, empty when nothing did."""
        await self._refresher.restore()
        return await self._refresher.refresh()

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
