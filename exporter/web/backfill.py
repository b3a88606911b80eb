"""POST /-/backfill: ask an exchange for a span of the past, and tell how it goes."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec
from aiohttp import web

from exporter.errors import UserError
from exporter.exchanges import REGISTRY
from exporter.feeds.status import Tally
from exporter.recall import Progress, Report, progress
from exporter.web.answers import ApiError, bad_request, without_folders
from exporter.web.query import Query

EVERY_S = 0.5
"""How often a line says how it goes."""


class Asking(Protocol):
    """A back-fill under way."""

    @property
    def tally(self) -> Tally:
        """How it goes."""

    @property
    def task(self) -> asyncio.Task[Report]:
        """What will come of it."""


Begin = Callable[[str, int, int | None, str | None], Asking]
"""Begins to ask an exchange for a span (Unix ms) on behalf of a journal; raises `UserError` when that can not be."""


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of the answer: how it goes, and at the end the report, or why there is none."""

    progress: Progress | None = None
    report: Report | None = None
    problem: str = ""


class BackfillPart:
    """Lets somebody ask for the past."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin

    def routes(self) -> list[web.RouteDef]:
        """Return its route."""
        return [web.post("/-/backfill", self.backfill)]

    async def backfill(self, request: web.Request) -> web.StreamResponse:
        """Answer JSON lines, one every half second; when nobody listens any more, the asking ends."""
        query = Query(request, "exchange", "since_ms", "until_ms", "journal")
        exchange, since_ms = query.choice("exchange", tuple(REGISTRY)), query.instant("since_ms")
        if exchange is None or since_ms is None:
            raise bad_request("exchange and since_ms are needed")
        try:
            asking = self._begin(exchange, since_ms, query.instant("until_ms"), query.symbol("journal"))
        except UserError as error:
            raise ApiError(409, "cannot be asked for", str(error)) from None
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"})
        try:
            await response.prepare(request)
            while not asking.task.done():
                await _write(response, Line(progress(asking.tally)))
                await asyncio.wait([asking.task], timeout=EVERY_S)
            await _write(response, _outcome(asking.task))
        except ConnectionError:
            pass
        finally:
            asking.task.cancel()
        return response


async def _write(response: web.StreamResponse, line: Line) -> None:
    await response.write(msgspec.json.encode(line) + b"\n")


def _outcome(task: asyncio.Task[Report]) -> Line:
    if task.cancelled():
        return Line(problem="the exporter stopped listening to it; what was found until then is recorded")
    error = task.exception()
    return Line(problem=without_folders(str(error))) if error else Line(report=task.result())
