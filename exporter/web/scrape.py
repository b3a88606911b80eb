"""GET /metrics."""

import asyncio
from collections.abc import Callable

from aiohttp import web

from exporter.web.answers import ApiError, Body, accepts_gzip, pack, respond
from exporter.web.clock import now_ms
from exporter.web.worker import Worker

Render = Callable[[str | None, int], tuple[bytes, str]]
"""From the Accept header and the time (ms) to a body and its content type."""

Form = tuple[str | None, bool]
"""What a scrape asks for: its Accept header, and whether the answer is to be compressed."""

MOST_FORMS = 16


class Scrape:
    """Renders and compresses in the worker's thread, one scrape at a time.

    Whoever asks while a page of the same form is still to be begun gets that one, so a storm of scrapes costs no more
    than its pace; no page is older than the request that it answers.
    """

    def __init__(self, render: Render, worker: Worker) -> None:
        self._render = render
        self._worker = worker
        self._coming: dict[Form, asyncio.Task[Body]] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return its route."""
        return [web.get("/metrics", self.metrics)]

    async def metrics(self, request: web.Request) -> web.Response:
        """Answer in the format that the client accepts."""
        form = request.headers.get("Accept"), accepts_gzip(request)
        page = self._coming.get(form)
        if page is None:
            if len(self._coming) >= MOST_FORMS:
                raise ApiError(503, "busy", "too many scrapes are waiting for an answer; try again in a moment")
            page = self._coming[form] = asyncio.create_task(self._page(form))
        return respond(await asyncio.shield(page))

    async def _page(self, form: Form) -> Body:
        accept, gzipped = form
        this = asyncio.current_task()

        def begun() -> None:
            if self._coming.get(form) is this:
                del self._coming[form]

        def job() -> Body:
            begun()  # whoever comes from now on wants a newer one
            content, content_type = self._render(accept, now_ms())
            return pack(content, content_type, gzipped=gzipped)

        try:
            return await self._worker.run(job)
        finally:
            begun()
