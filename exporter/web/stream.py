"""GET /api/v1/stream: new liquidations and the current figures as server-sent events."""

import asyncio

from aiohttp import web

from exporter.view import View
from exporter.web.answers import ApiError
from exporter.web.hub import Hub
from exporter.web.overview import Subject
from exporter.web.query import Query, find_base, spellings
from exporter.web.reader import Reader

PACE_S = 0.1
"""The shortest time between two writes, so that a burst costs few of them."""
STALLED_S = 15.0
"""A socket that takes nothing for so long is closed."""


class Stream:
    """Server-sent events.

    `liquidation` is an event that meets the filters, in the interchange form. `stats` is an `Overview`, sent every
    second, of the coin `stats` (all when not given) with the window `window` in full. `lost` says how many events a
    slow reader did not get.
    """

    def __init__(self, view: View, hub: Hub) -> None:
        self._view = view
        self._hub = hub

    def routes(self) -> list[web.RouteDef]:
        """Return its route."""
        return [web.get("/api/v1/stream", self.stream, allow_head=False)]

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send until the reader goes, stalls, or the server stops."""
        reader = self._reader(request)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        try:
            await self._hub.join(reader)
            await response.prepare(request)
            await _pump(reader, response)
        except (ConnectionError, TimeoutError):
            if request.transport:
                request.transport.abort()  # what waits in its buffer must not be waited for
        finally:
            self._hub.leave(reader)
        return response

    def _reader(self, request: web.Request) -> Reader:
        query = Query(request, "base", "symbol", "side", "exchange", "min_usd", "stats", "window")
        filters = query.filters()
        if symbol := query.symbol("base", "symbol"):
            filters["base"] = self._base(symbol)
        subject = query.symbol("stats")
        about = Subject(self._base(subject) if subject else None, query.window())
        return Reader(filters, about, request.transport)

    def _base(self, symbol: str) -> str:
        """Return the coin; one that nothing is known of yet may come, so it is taken as written."""
        try:
            return find_base(symbol, self._view.ledger.known_bases())
        except ApiError as error:
            if error.status != 404:
                raise
            return spellings(symbol)[0]


async def _pump(reader: Reader, response: web.StreamResponse) -> None:
    await response.write(b"retry: 2000\n\n")
    while not reader.closed:
        chunk = await reader.next()
        async with asyncio.timeout(STALLED_S):
            await response.write(chunk)
        await asyncio.sleep(PACE_S)
