"""The server: builds the parts, listens, and says in one line why it cannot."""

import errno
import logging
import socket

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage

from exporter.broadcast import Broadcast
from exporter.errors import UserError
from exporter.view import View
from exporter.web.answers import add_headers, readable_errors
from exporter.web.api import Api
from exporter.web.backfill import BackfillPart, Begin
from exporter.web.health import Health, Reload
from exporter.web.hub import Hub
from exporter.web.page import Page
from exporter.web.scrape import Render, Scrape
from exporter.web.stream import Stream
from exporter.web.worker import Worker

STOP_S = 2.0
"""How long a request in work may take to end when the server stops."""
KEEPALIVE_S = 75.0
REQUEST_BYTES = 4096
"""No request of this API has a body."""


_protocol_log = logging.getLogger(__name__)
"""Where aiohttp reports what it could not handle; what is not HTTP at all is the client's fault and no news."""
_protocol_log.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], BadHttpMessage)))


class WebError(UserError):
    """The server cannot listen where it was told to."""


class WebServer:
    """Everything that is served on `web.listen_address`: /metrics, /-/*, /api/v1/*, and the page.

    `render` turns the Accept header and the time (ms) into the body of a scrape; it is called in a thread, once at a
    time. `reload` applies the configuration anew, `backfill` begins to ask an exchange for the past.
    """

    def __init__(self, view: View, broadcast: Broadcast, render: Render, reload: Reload, backfill: Begin) -> None:
        self._view = view
        self._worker = Worker()
        self._hub = Hub(view, broadcast, self._worker)
        self._parts = (
            Scrape(render, self._worker),
            Health(view, reload),
            BackfillPart(backfill),
            Api(view, self._worker),
            Stream(view, self._hub),
            Page(),
        )
        self._runner: web.AppRunner | None = None

    async def start(self) -> str:
        """Listen, and return the address for a browser (`http://localhost:10110`); raises `WebError`."""
        runner = web.AppRunner(
            self._application(),
            access_log=None,
            logger=_protocol_log,
            shutdown_timeout=STOP_S,
            keepalive_timeout=KEEPALIVE_S,
        )
        await runner.setup()
        host, port = self._view.config.web.host_port
        try:
            await _listen(runner, host, port)
        except OSError as error:
            await runner.cleanup()
            raise WebError(_explain(self._view.config.web.listen_address, error)) from None
        self._runner = runner
        self._hub.start()
        return f"http://{_shown(host)}:{runner.addresses[0][1]}"

    async def stop(self) -> None:
        """End the streams, let other requests finish for a moment, and stop to listen."""
        await self._hub.stop()
        if self._runner:
            await self._runner.cleanup()
        self._worker.close()

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[readable_errors], client_max_size=REQUEST_BYTES)
        app.on_response_prepare.append(add_headers)
        for part in self._parts:
            app.add_routes(part.routes())
        return app


async def _listen(runner: web.AppRunner, host: str | None, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        if host is not None or error.errno != errno.EADDRNOTAVAIL:
            raise
        await web.TCPSite(runner, "0.0.0.0", port).start()  # noqa: S104 - asked for; IPv6 is switched off here


def _shown(host: str | None) -> str:
    if host in (None, "0.0.0.0", "::"):  # noqa: S104 - a comparison
        return "localhost"
    return f"[{host}]" if ":" in host else host


def _explain(address: str, error: OSError) -> str:
    way_out = "choose another with --web.listen-address"
    if isinstance(error, socket.gaierror):
        return f"web.listen-address {address}: the host is not known; {way_out}"
    if error.errno == errno.EADDRINUSE:
        return f"web.listen-address {address} is in use; stop the other program or {way_out}"
    if error.errno == errno.EACCES:
        return f"web.listen-address {address} is not permitted to this user; {way_out}, with a port from 1024 up"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"web.listen-address {address} is not an address of this machine; {way_out}"
    return f"web.listen-address {address} cannot be used: {error.strerror}; {way_out}"
