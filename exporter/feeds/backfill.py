"""Asking for what the sockets missed: within the exchange's limits, the most important instruments first."""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic, time_ns

import msgspec
import structlog

from exporter.exchanges.base import History, ParseError, PastPage, PastRequest, Span
from exporter.feeds.backoff import Backoff
from exporter.feeds.context import Context
from exporter.feeds.failures import Ended, Reason, explain
from exporter.feeds.rest import RestClient
from exporter.feeds.twins import Twins, by_importance, within
from exporter.model import FILLED, FeedChange, Instrument, Liquidation

log = structlog.get_logger()

TRIES = 5
BEFORE_MS, AFTER_MS = 5_000, 1_000
"""A socket proves nothing about its last moments, and misses the first: the time around an outage is asked for, too."""
AROUND_MS = 60_000
"""Rows of the past can have coarser times than those of the socket, so that a twin may lie beside the span."""

NEAR_MS, TOGETHER_MS = 60_000, 600_000
"""How near to each other outages are, and how long together, that are asked for at once."""

Recorded = Callable[[str, Span], Awaitable[Sequence[Liquidation]]]
"""Returns what is recorded of an exchange in a span of time."""


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

    What is found goes to the sink; progress and what remains are in the exchange's status.
    """

    def __init__(self, context: Context, history: History, client: RestClient, recorded: Recorded) -> None:
        self._context = context
        self._history = history
        self._client = client
        self._recorded = recorded
        self._name = context.exchange.name
        self._status = context.status.backfill
        self._jobs: list[Job] = []
        self._running: Job | None = None
        self._wake = asyncio.Event()
        self._free_at = 0.0

    def want(self, feed: str, span: Span) -> None:
        """Ask for what a feed missed in a span, once the exchange can know all of it."""
        settled = (span.until_ms + AFTER_MS - _now_ms()) / 1000 + self._history.settled_s
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
        oldest = _now_ms() - int(self._context.exchange.capability.backfill_hours * 3_600_000)
        since = max(job.span.from_ms, oldest)
        wanted = Span(max(oldest, since - BEFORE_MS), job.span.until_ms + AFTER_MS)
        if since >= job.span.until_ms:
            log.warning("too late for a back-fill", exchange=self._name, feed=job.feed)
            return
        around = Span(wanted.from_ms - AROUND_MS, wanted.until_ms + AROUND_MS)
        recorded = await self._recorded(self._name, around)
        instruments = by_importance(self._listed(job.feed), self._context.bases, recorded)
        requests = self._history.requests(job.feed, instruments, wanted)
        twins = Twins(self._history.twin, recorded)
        found, failures = await self._ask(requests, wanted, twins)
        log.info("back-filled", exchange=self._name, feed=job.feed, found=found, failures=len(failures), final=job.last)
        if failures:
            self._status.last_error = failures[-1].text
        elif job.last:
            for outage in job.outages:
                at_ms = max(since, outage.from_ms)
                self._context.sink.feed_changed(FeedChange(at_ms, self._name, job.feed, up=True, reason=FILLED))

    async def _ask(self, requests: Sequence[PastRequest], span: Span, twins: Twins) -> tuple[int, list[Ended]]:
        """Make the calls and those that follow from them; return how many rows were new to us, and what failed."""
        queue = deque(requests)
        found = 0
        failures = []
        while queue:
            self._status.requests = len(queue)
            request = queue.popleft()
            try:
                page = await self._call(request)
            except Ended as failure:
                failures.append(failure)
                continue
            queue.extendleft(reversed(page.following))
            try:
                fresh = twins.fresh(within(page.found, span))
            except ParseError as error:
                failures.append(explain(error))
                break
            found += len(fresh.events)
            self._context.sink.backfilled(self._name, fresh, _now_ms())
        self._status.requests = 0
        return found, failures

    async def _call(self, request: PastRequest) -> PastPage:
        """Make one call in its turn, again while that may help; raises `Ended`."""
        backoff = Backoff(self._context.settings.backoff_max, self._context.settings.stable_after)
        tries = 0
        while True:
            await asyncio.sleep(self._free_at - monotonic())
            self._free_at = monotonic() + self._history.every_s
            try:
                body = await self._client.get(request.endpoint, request.path)
                return await asyncio.to_thread(self._history.parse, request, body, _now_ms())
            except Exception as error:  # noqa: BLE001 - explained, told and counted below
                failure = explain(error)
            tries += 1
            if failure.reason is Reason.ERROR:
                log.error("back-fill defect", exchange=self._name, about=request.about, exc_info=failure.__cause__)
            if tries == TRIES or failure.reason is Reason.ERROR:
                raise failure
            pause = backoff.after(0.0, random.random())  # noqa: S311 - jitter, not a secret
            self._free_at = max(self._free_at, monotonic() + pause)

    def _listed(self, feed: str) -> list[Instrument]:
        known = self._context.table.known
        return [known[name] for name in self._context.table.names(feed)]


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def _now_ms() -> int:
    return time_ns() // 1_000_000
