"""The exporter as `run` runs it, in this process; its feeds' readers are given frames that no socket brought.

Its exchanges cannot be reached. Everything from a frame's bytes on is the application's own: reader, parser, intake,
journal file, bookkeeper, ledger, price levels, cascade signals, stores, web server.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.contracts import EXCHANGES, instruments
from benchmarks.frames import Frame, Traffic
from exporter.app import App, settle_interpreter
from exporter.cells import ALL
from exporter.config import Config, ExchangeSection, Stores, Web
from exporter.exchanges import REGISTRY
from exporter.feeds.context import Context
from exporter.feeds.instruments import InstrumentTable
from exporter.feeds.liveness import Liveness
from exporter.feeds.reader import Reader
from exporter.metrics import Exposition
from exporter.model import FeedChange, Instrument
from exporter.signals import Parameters

BURST_FRAMES = 64
IN_FLIGHT = 10_000
"""Events that may wait for their commit: a tenth of what the journal queues before it would drop any."""
POLL_S = 0.0005
NOWHERE = "127.0.0.1:9"


class Engine:
    """A whole exporter on the journal in `folder`, with stores or without; `listed` are the exchanges' instruments.

    The frames were made beforehand and arrive long after they happened; they are shown to the signals all the same.
    """

    def __init__(
        self,
        folder: Path,
        stores: Stores | None = None,
        listed: Mapping[str, Sequence[Instrument]] | None = None,
    ) -> None:
        self._listed = listed or {name: instruments(name) for name in EXCHANGES}
        exchanges = {name: ExchangeSection(name in self._listed, endpoints=nowhere(name)) for name in REGISTRY}
        config = Config(
            web=Web(listen_address="127.0.0.1:0"),
            stores=stores or Stores(),
            signals=Parameters(late_s=1e9),
            exchanges=exchanges,
        )
        self.app = App(config, lambda: config, folder)
        self.view, self.journal = self.app.view, self.app.journal
        self.exposition = Exposition(self.view)
        self._readers: dict[str, Reader] = {}
        self._taken = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the exporter for the duration of the block, all its feeds up."""
        settle_interpreter()
        stop = asyncio.Event()
        running = asyncio.create_task(self.app.run(stop))
        while set(self.view.exchanges) != set(self._listed):
            await asyncio.wait([running], timeout=POLL_S)
            assert not running.done(), running.exception()
        self._readers = {name: self._reader(name) for name in self._listed}
        await self.settled()
        self._taken = self.journal.status.last_seq
        try:
            yield
        finally:
            stop.set()
            await running

    async def take(self, frames: Sequence[Frame]) -> None:
        """Take frames as fast as commits allow, and return when all are counted."""
        for start in range(0, len(frames), BURST_FRAMES):
            self.read(frames[start : start + BURST_FRAMES])
            await asyncio.sleep(0)
            if self.in_flight > IN_FLIGHT:
                await self.settled(IN_FLIGHT)
        await self.settled()

    def read(self, frames: Sequence[Frame]) -> None:
        """Give frames to the readers, as a socket would."""
        readers = self._readers
        for frame in frames:
            readers[frame.exchange].read(frame.body)
            self._taken += frame.events

    @property
    def in_flight(self) -> int:
        """Return how many events wait for their commit; a refused repetition takes a number as well."""
        return self._taken - self.journal.status.last_seq

    async def settled(self, at_most: int = 0) -> None:
        """Wait until no more than so many events wait for their commit; of that the application tells nobody."""
        while self.in_flight > at_most or (not at_most and self.journal.status.queued):  # noqa: ASYNC110 - see above
            await asyncio.sleep(POLL_S)

    async def housekeeping(self, now_ms: int) -> None:
        """Do what the application does once a minute."""
        await self.app.tidy(now_ms)

    def render(self) -> bytes:
        """Return the metrics page."""
        return self.exposition.render(None, time.time_ns() // 1_000_000)[0]

    def differences(self, traffic: Traffic) -> tuple[int, float]:
        """Return how many events too few or too many were counted, and the largest relative difference in USD."""
        events, usd = 0, 0.0
        for (exchange, side), sent in traffic.sent.items():
            cell = self.view.ledger.cells[exchange, ALL, side]
            events += abs(sent.events - cell.events)
            usd = max(usd, abs(sent.usd - cell.usd) / sent.usd)
        return events + self.journal.status.dropped, usd

    def _reader(self, name: str) -> Reader:
        """Return what a socket of an exchange's first feed would be read with, the exchange's instruments known."""
        exchange, config, status = REGISTRY[name], self.view.config, self.view.exchanges[name]
        self.app.intake.instruments(name, self._listed[name])
        for feed in exchange.feeds:
            self.app.intake.feed_changed(FeedChange(time.time_ns() // 1_000_000, name, feed.name, up=True))
        table = InstrumentTable(exchange.instrument_requests, config.metrics.bases)
        context = Context(exchange, {}, config.feeds, config.metrics.bases, self.app.intake, status, table)
        return Reader(context, exchange.feeds[0], Liveness(config.feeds.silent_after, time.monotonic()))


def nowhere(exchange: str) -> dict[str, str]:
    """Return addresses of an exchange at which nobody answers."""
    return {
        key: f"{'ws' if address.startswith('ws') else 'http'}://{NOWHERE}"
        for key, address in REGISTRY[exchange].endpoints.items()
    }
