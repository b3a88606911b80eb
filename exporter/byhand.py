"""Back-fills that somebody asks a running exporter for, one at a time for each exchange."""

import asyncio
import time
from collections.abc import Mapping
from typing import NamedTuple

from exporter.errors import UserError
from exporter.exchanges import REGISTRY
from exporter.exchanges.base import Span
from exporter.feeds import ExchangeFeeds
from exporter.feeds.status import Tally
from exporter.recall import Report, report, span_of
from exporter.view import View


class BusyError(UserError):
    """It cannot be done at the moment, or not by this exporter."""


class Asking(NamedTuple):
    """A back-fill under way: how it goes, and what will come of it."""

    tally: Tally
    task: asyncio.Task[Report]


class ByHand:
    """Runs them on the feeds that are listened to; `journal` is the uuid of the file that they go to."""

    def __init__(self, view: View, feeds: Mapping[str, ExchangeFeeds], journal: str) -> None:
        self._view = view
        self._feeds = feeds
        self._journal = journal
        self._running: dict[str, asyncio.Task[Report]] = {}

    def begin(self, name: str, since_ms: int, until_ms: int | None, journal: str | None) -> Asking:
        """Begin to ask; raises `UserError` for what can not be asked for, `BusyError` when it can not be now.

        `journal` is the uuid of the file that is meant, None when any is.
        """
        span = span_of(REGISTRY[name], since_ms, until_ms, _now_ms(), self._keep_ms)
        if journal is not None and journal != self._journal:
            raise BusyError("this exporter has another journal")
        if name not in self._feeds:
            raise BusyError(f"this exporter does not listen to {name}; enable it, or stop the exporter and ask again")
        if name in self._running:
            raise BusyError(f"{name} is being asked already; wait for that to end")
        tally = Tally()
        task = self._running[name] = asyncio.create_task(self._ask(name, span, tally), name=f"{name} by hand")
        task.add_done_callback(lambda _: self._running.pop(name))
        return Asking(tally, task)

    def cancel(self, name: str | None = None) -> None:
        """End what is under way, of one exchange or of all; what was found stays."""
        for exchange, task in self._running.items():
            if name in (None, exchange):
                task.cancel()

    @property
    def _keep_ms(self) -> int:
        return int(self._view.config.journal.retention * 1000)

    async def _ask(self, name: str, span: Span, tally: Tally) -> Report:
        gaps = self._view.gaps
        await self._feeds[name].by_hand(span, tally, lambda: gaps.missed(name, span.from_ms, span.until_ms))
        return report(REGISTRY[name], span, tally, _now_ms(), self._keep_ms)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
