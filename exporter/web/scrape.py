"""GET /metrics."""

from collections.abc import Callable

from aiohttp import web

from exporter.web.answers import Body, accepts_gzip, pack, respond
from exporter.web.clock import now_ms
from exporter.web.worker import Worker

Render = Callable[[str | None, int], tuple[bytes, str]]
"""From the Accept header and the time (ms) to a body and its content type."""


class Scrape:
    """Renders and compresses in the worker's thread, one scrape at a time."""

    def __init__(self, render: Render, worker: Worker) -> None:
        self._render = render
        self._worker = worker

    def routes(self) -> list[web.RouteDef]:
        """Return its route."""
        return [web.get("/metrics", self.metrics)]

    async def metrics(self, request: web.Request) -> web.Response:
        """Answer in the format that the client accepts."""
        accept, gzipped, now = request.headers.get("Accept"), accepts_gzip(request), now_ms()

        def job() -> Body:
            content, content_type = self._render(accept, now)
            return pack(content, content_type, gzipped=gzipped)

        return respond(await self._worker.run(job))
