"""Asking for what happened in a span, the most important instruments first; what is new goes to the sink."""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from exporter.exchanges.base import History, ParseError, PastRequest, Span
from exporter.feeds.caller import Caller, now_ms
from exporter.feeds.context import Context
from exporter.feeds.failures import Ended
from exporter.feeds.status import Shortfall, Tally
from exporter.feeds.twins import Twins, by_importance, within
from exporter.model import Instrument, Liquidation

AROUND_MS = 60_000
"""Rows of the past can have coarser times than those of the socket, so that a twin may lie beside the span."""
MOST_FAILED = 5
"""After so many calls in a row that came to nothing the rest is given up."""
UNLISTED = "its instruments are not known"
TOO_OLD = "some of it is older than the journal's retention by now"
NO_ROOM = "the journal had no room for what was found"

Recorded = Callable[[str, Span], Awaitable[Sequence[Liquidation]]]
"""Returns what is recorded of an exchange in a span of time."""


class Question(NamedTuple):
    """A span of a feed that is being asked for; `twins` tell what of the answers is known."""

    feed: str
    span: Span
    twins: Twins


class Search:
    """Asks for spans of one exchange's feeds; several may be under way, they take turns."""

    def __init__(self, context: Context, history: History, caller: Caller, recorded: Recorded) -> None:
        self._context = context
        self._history = history
        self._caller = caller
        self._recorded = recorded

    async def ask(self, feed: str, span: Span, tally: Tally) -> None:
        """Ask for all of a feed's span; what comes of it, failures included, is added to `tally`."""
        name = self._context.exchange.name
        recorded = await self._recorded(name, Span(span.from_ms - AROUND_MS, span.until_ms + AROUND_MS))
        instruments = by_importance(self._listed(feed), self._context.bases, recorded)
        question = Question(feed, span, Twins(self._history.twin, recorded))
        queue = deque(self._history.requests(feed, instruments, span))
        if not queue:
            tally.missing.append(_shortfall(question, UNLISTED))
        failed = 0
        while queue and failed < MOST_FAILED:
            tally.left = len(queue)
            request = queue.popleft()
            try:
                queue.extendleft(reversed(await self._take(question, request, tally)))
                failed = 0
            except Ended as failure:
                failed += 1
                tally.missing.append(_shortfall(question, failure.text, request))
            except ParseError as error:
                queue.clear()
                tally.missing.append(_shortfall(question, str(error)))
        if queue:
            tally.missing.append(_shortfall(question, f"given up: {tally.missing[-1].reason}"))
        tally.left = 0

    async def _take(self, question: Question, request: PastRequest, tally: Tally) -> Sequence[PastRequest]:
        """Make one call and hand over what is new; return the calls that follow from it.

        Raises `Ended` when it fails, `ParseError` when what the exchange says now and then contradict each other.
        """
        tally.requests += 1
        page = await self._caller.page(request)
        twins, before = question.twins, question.twins.rows
        fresh = twins.fresh(within(page.found, question.span))
        taken = self._context.sink.backfilled(self._context.exchange.name, fresh, now_ms())
        tally.found += twins.rows - before
        tally.recorded += taken.recorded
        tally.waiting += taken.waiting
        tally.left_out += len(fresh.events) - sum(taken)
        for number, reason in ((taken.dropped, NO_ROOM), (taken.too_old, TOO_OLD)):
            if number:
                tally.missing.append(_shortfall(question, reason, request))
        return page.following

    def _listed(self, feed: str) -> list[Instrument]:
        known = self._context.table.known
        return [known[name] for name in self._context.table.names(feed)]


def _shortfall(question: Question, reason: str, request: PastRequest | None = None) -> Shortfall:
    about, span = (request.about, request.span) if request else ("", question.span)
    return Shortfall(question.feed, about, span.from_ms, span.until_ms, reason)
