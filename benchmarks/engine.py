"""The way of `run` from a frame to the metrics page, wired as the application wires it, without sockets and web."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.frames import Frame, Traffic, instruments
from exporter.analysis import Analyst
from exporter.app import JOURNAL_FILE, samplings
from exporter.bookkeeper import Bookkeeper
from exporter.broadcast import Broadcast
from exporter.cells import ALL
from exporter.config import Config
from exporter.exchanges import REGISTRY
from exporter.feeds.context import Context
from exporter.feeds.instruments import InstrumentTable
from exporter.feeds.liveness import Liveness
from exporter.feeds.reader import Reader
from exporter.feeds.status import ExchangeStatus
from exporter.gaps import Gaps
from exporter.intake import Intake
from exporter.journal import Checkpoint, Committed, Database, Journal, JournalStatus
from exporter.ledger import Ledger
from exporter.metrics import Exposition
from exporter.model import FeedChange, Instrument, Record
from exporter.signals import Parameters
from exporter.stats import WINDOWS
from exporter.view import View

BURST_FRAMES = 64
IN_FLIGHT = 10_000
"""Events that may wait for their commit: a tenth of what the journal queues before it would drop any."""

DEFAULTS = Config()
SIGNALS = Parameters(late_s=1e9)
"""Frames that were made beforehand arrive long after they happened, and are to be shown to the signals all the same."""


class Engine:
    """Everything between a socket's frame and the page; `folder` gets the journal, `listed` tells the instruments."""

    def __init__(
        self,
        folder: Path,
        config: Config = DEFAULTS,
        listed: Callable[[str], Sequence[Instrument]] = instruments,
    ) -> None:
        database = Database(folder / JOURNAL_FILE)
        ledger = Ledger(config.enabled_exchanges(), config.metrics.bases, config.metrics.base_cap)
        self.view = View(config, ledger, Gaps(), JournalStatus(), nothing_newer)
        self._bookkeeper = Bookkeeper(self.view, Broadcast())
        self._retention_ms = int(config.journal.retention * 1000)
        self.journal = Journal(
            database,
            self.view.journal,
            queue_events=config.journal.queue_events,
            on_commit=self._committed,
            checkpoint=lambda: Checkpoint(ledger.last_seq, ledger.take_changes(), [], self._analyst.due()),
        )
        self._analyst = Analyst(database.path, SIGNALS, samplings(config), config.metrics.bases, self.journal.tell)
        self.view.signals = self._analyst.status
        self._intake = Intake(self.journal, self.view.exchanges, self._retention_ms, unknown_instrument)
        self.exposition = Exposition(self.view)
        self._readers = {name: self._reader(name, listed(name)) for name in config.enabled_exchanges()}
        self._taken = 0
        self._progress = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write the journal for the duration of the block."""
        journal = asyncio.create_task(self.journal.run())
        await self._analyst.begin()
        for name, status in self.view.exchanges.items():
            for feed in status.feeds:
                self.journal.append(FeedChange(0, name, feed, up=True))
        try:
            yield
        finally:
            self.journal.close()
            await journal

    async def take(self, frames: Sequence[Frame]) -> None:
        """Take frames as fast as commits allow, and return when all are counted."""
        readers = self._readers
        for start in range(0, len(frames), BURST_FRAMES):
            for frame in frames[start : start + BURST_FRAMES]:
                readers[frame.exchange].read(frame.body)
                self._taken += frame.events
            await asyncio.sleep(0)
            await self._waiting(at_most=IN_FLIGHT)
        await self._waiting(at_most=0)

    async def housekeeping(self, now_ms: int) -> None:
        """Do what the application does once a minute."""
        self.view.ledger.forget_minutes(now_ms)
        self._intake.expire(now_ms)
        oldest = now_ms // 60_000 - WINDOWS["24h"]
        await self.journal.prune(now_ms - self._retention_ms, oldest, self.journal.status.last_seq)

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

    def _reader(self, name: str, known: Sequence[Instrument]) -> Reader:
        exchange, config = REGISTRY[name], self.view.config
        self._intake.instruments(name, known)
        status = self.view.exchanges[name] = ExchangeStatus(name, [feed.name for feed in exchange.feeds])
        table = InstrumentTable(exchange.instrument_requests, config.metrics.bases)
        context = Context(exchange, {}, config.feeds, config.metrics.bases, self._intake, status, table)
        return Reader(context, exchange.feeds[0], Liveness(config.feeds.silent_after, time.monotonic()))

    def _committed(self, committed: Committed) -> None:
        self._bookkeeper.apply(committed)
        self._analyst.apply(committed.records)
        self._progress.set()

    async def _waiting(self, at_most: int) -> None:
        """Wait until no more than so many events wait for their commit; a refused repetition takes a number as well."""
        while self._taken - self.journal.status.last_seq > at_most:
            self._progress.clear()
            await self._progress.wait()


def unknown_instrument(exchange: str) -> None:
    """Stand in for the instruments' refresh, which these frames must not need."""
    raise AssertionError(f"{exchange}: an event of an unknown instrument")


async def nothing_newer(_filters: Mapping[str, str | float], _limit: int) -> list[Record]:
    """Stand in for the question that only the web asks."""
    return []
