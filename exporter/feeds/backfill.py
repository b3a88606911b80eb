"""Asking for what the sockets missed, and for what somebody wants to know of the past."""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from time import monotonic
from typing import Protocol

import msgspec
import structlog

from exporter.exchanges.base import History, Span
from exporter.feeds.caller import Caller, now_ms
from exporter.feeds.context import Context
from exporter.feeds.rest import RestClient
from exporter.feeds.search import Recorded, Search
from exporter.feeds.status import Tally
from exporter.model import FILLED, FeedChange

log = structlog.get_logger()

BEFORE_MS, AFTER_MS = 5_000, 1_000
"""A socket proves nothing about its last moments, and misses the first: the time around an outage is asked for, too."""

NEAR_MS, TOGETHER_MS = 60_000, 600_000
"""How near to each other outages are, and how long together, that are asked for at once."""

SLOW_MS = 600_000
"""How long it can take until all of an outage is asked for."""
LISTED_S, POLL_S = 60.0, 0.1
"""How long a back-fill waits for instruments, and how often it looks."""

PIECE_MS = 86_400_000
"""How much is asked for at once by hand: what is recorded of it is held in memory meanwhile."""


class Missed(Protocol):
    """What a feed missed: `until_ms` is None when nothing has been heard of it since."""

    feed: str
    from_ms: int
    until_ms: int | None


class Job(msgspec.Struct):
    """Outages of one feed to be asked for together at `due` (monotonic seconds).

    The last pass decides whether they are filled.
    """

    feed: str
    outages: list[Span]
    due: float
    last: bool

    @property
    def span(self) -> Span:
        """From the beginning of the first outage to the end of the last."""
        return Span(self.outages[0].from_ms, self.outages[-1].until_ms)

    def takes(self, feed: str, outage: Span, *, last: bool) -> bool:
        """Whether another outage is near enough to be asked for with these: a feed that flaps makes one question."""
        near = outage.from_ms - self.outages[-1].until_ms < NEAR_MS
        short = outage.until_ms - self.outages[0].from_ms < TOGETHER_MS
        return (self.feed, self.last) == (feed, last) and near and short


class Backfill:
    """Fills the outages of one exchange's feeds, one call after the other.

    What is found goes to the sink; progress and what remains are in the exchange's status. What happened more than
    `keep_ms` ago, or will have until all of it is asked for, is left out: it could not be told from what is known.
    """

    def __init__(
        self, context: Context, history: History, client: RestClient, recorded: Recorded, keep_ms: int
    ) -> None:
        self._context = context
        self._history = history
        self._depth_ms = min(keep_ms - SLOW_MS, int(context.exchange.capability.backfill_hours * 3_600_000))
        self._search = Search(context, history, Caller(context, history, client), recorded)
        self._name = context.exchange.name
        self._status = context.status.backfill
        self._jobs: list[Job] = []
        self._running: Job | None = None
        self._wake = asyncio.Event()

    def want(self, feed: str, span: Span) -> None:
        """Ask for what a feed missed in a span, once the exchange can know all of it."""
        settled = (span.until_ms + AFTER_MS - now_ms()) / 1000 + self._history.settled_s
        due = monotonic() + max(0.0, settled)
        again = self._history.again_s
        self._plan(feed, span, due, last=not again)
        if again:
            self._plan(feed, span, due + again, last=True)
        self._status.waiting = len(self._jobs)
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            job = min(self._jobs, key=lambda each: each.due, default=None)
            self._wake.clear()
            if job is None:
                await self._wake.wait()
            elif (wait := job.due - monotonic()) > 0:
                await _wait(self._wake, wait)
            else:
                self._running = job
                await self._work(job)
                self._running = None
                self._jobs.remove(job)
                self._status.waiting = len(self._jobs)

    async def by_hand(self, span: Span, tally: Tally) -> None:
        """Ask for a span of every feed, the newest day first; what comes of it is in `tally`.

        It takes turns with the outages, which nobody has to wait for.
        """
        await asyncio.sleep((span.until_ms - now_ms()) / 1000 + self._history.settled_s)
        with self._status.counting(tally):
            for piece in _pieces(span):
                for feed in self._context.exchange.feeds:
                    await self._search.ask(feed.name, piece, tally)
        log.info("back-filled by hand", exchange=self._name, found=tally.recorded, failures=len(tally.missing))

    def settle(self, outages: Iterable[Missed], span: Span, tally: Tally) -> None:
        """Note which outages are filled now that a span was asked for by hand.

        These are those that ended in it and of which nothing can still come; from the beginning of the span on.
        """
        failed = {each.feed for each in tally.missing}
        final_ms = now_ms() - int((self._history.settled_s + self._history.again_s) * 1000)
        for outage in outages:
            ended = outage.until_ms is not None and outage.until_ms <= min(span.until_ms, final_ms)
            if ended and outage.feed not in failed:
                self._filled(outage.feed, max(outage.from_ms, span.from_ms))

    def _plan(self, feed: str, outage: Span, due: float, *, last: bool) -> None:
        for job in self._jobs:
            if job is not self._running and job.takes(feed, outage, last=last):
                job.outages.append(outage)
                job.due = max(job.due, due)
                return
        self._jobs.append(Job(feed, [outage], due, last))

    async def _work(self, job: Job) -> None:
        """Ask for one span; a failure that is not the exchange's must not end the feeds."""
        try:
            await self._fill(job)
        except Exception:
            log.exception("back-fill defect", exchange=self._name, feed=job.feed)

    async def _fill(self, job: Job) -> None:
        oldest = now_ms() - self._depth_ms
        since = max(job.span.from_ms, oldest)
        if since >= job.span.until_ms:
            log.warning("too late for a back-fill", exchange=self._name, feed=job.feed)
            return
        wanted = Span(max(oldest, since - BEFORE_MS), job.span.until_ms + AFTER_MS)
        await self._listed(job.feed)
        tally = Tally()
        with self._status.counting(tally):
            await self._search.ask(job.feed, wanted, tally)
        counts = {"found": tally.recorded, "failures": len(tally.missing)}
        log.info("back-filled", exchange=self._name, feed=job.feed, **counts, final=job.last)
        if tally.missing:
            self._status.last_error = tally.missing[-1].reason
        elif job.last:
            for outage in job.outages:
                if outage.until_ms > since:
                    self._filled(job.feed, max(since, outage.from_ms))

    async def _listed(self, feed: str) -> None:
        """Wait for a feed's instruments, for a while: an outage of the run before is known sooner than they are."""
        patience = monotonic() + LISTED_S
        while not self._context.table.names(feed) and monotonic() < patience:  # noqa: ASYNC110 - a plain table
            await asyncio.sleep(POLL_S)

    def _filled(self, feed: str, from_ms: int) -> None:
        self._context.sink.feed_changed(FeedChange(from_ms, self._name, feed, up=True, reason=FILLED))


def _pieces(span: Span) -> Iterator[Span]:
    """Cut a long span into days, the newest first."""
    until = span.until_ms
    while until > span.from_ms:
        since = max(span.from_ms, until - PIECE_MS)
        yield Span(since, until)
        until = since


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
