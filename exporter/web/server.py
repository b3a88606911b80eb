"""The server: builds the parts, listens, and says in one line why it cannot."""

import errno
import socket
from pathlib import Path

import structlog
from aiohttp import web

from exporter.broadcast import Broadcast
from exporter.errors import UserError
from exporter.healthy import SOCKET_FILE
from exporter.view import View
from exporter.web.answers import readable_errors
from exporter.web.api import Api
from exporter.web.backfill import BackfillPart, Begin
from exporter.web.connection import Connection
from exporter.web.current import Current
from exporter.web.doors import Door, Factory, SideDoor
from exporter.web.gate import Gate
from exporter.web.guard import BODY_BYTES, Guard
from exporter.web.health import Health, Reload
from exporter.web.hub import Hub
from exporter.web.page import Page
from exporter.web.scrape import Render, Scrape
from exporter.web.stream import Stream
from exporter.web.worker import Worker

log = structlog.get_logger()

STOP_S = 2.0
"""How long a request in work may take to end when the server stops."""


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
        self._gate: Gate | None = None
        self._guard: Guard | None = None
        self.inside = ""
        """Where the exporter's own programs ask, once it runs: its socket when all others may need a password."""

    async def start(self) -> str:
        """Listen, and return the address for a browser (`http://localhost:10110`).

        Raises `WebError` when it cannot listen, and `ConfigError` when the web file cannot be used.
        """
        config = self._view.config.web
        current = Current(Path(config.config_file) if config.config_file else None, self._view)
        gate = self._gate = Gate(config.max_connections, config.max_connections_per_address)
        self._guard = Guard(current, gate)
        runner = web.AppRunner(self._application(self._guard), shutdown_timeout=STOP_S)
        await runner.setup()
        host, port = config.host_port
        try:
            await _listen(runner, lambda: Connection(_server(runner), gate, current), host, port)
        except OSError as error:
            await runner.cleanup()
            raise WebError(_explain(config.listen_address, error)) from None
        self._runner = runner
        gate.start()
        self._hub.start()
        scheme = "https" if current().context else "http"
        address = f"{scheme}://{_shown(host)}:{runner.addresses[0][1]}"
        self.inside = await self._open_side_door(runner, gate) if config.config_file else address
        return address

    async def stop(self) -> None:
        """End the streams, let other requests finish for a moment, and stop to listen."""
        await self._hub.stop()
        if self._runner:
            await self._runner.cleanup()
        if self._gate:
            await self._gate.stop()
        if self._guard:
            self._guard.close()
        self._worker.close()

    def _application(self, guard: Guard) -> web.Application:
        app = web.Application(middlewares=[guard.deliver, readable_errors, guard.admit], client_max_size=BODY_BYTES)
        app.on_response_prepare.append(guard.add_headers)
        for part in self._parts:
            app.add_routes(part.routes())
        return app

    async def _open_side_door(self, runner: web.AppRunner, gate: Gate) -> str:
        path = (self._view.config.data.dir / SOCKET_FILE).absolute()
        try:
            await SideDoor(runner, lambda: Connection(_server(runner), gate, None), path).start()
        except OSError as error:
            log.warning("no socket for local programs; checks cannot read the metrics", reason=str(error))
        return f"unix:{path}"


async def _listen(runner: web.AppRunner, factory: Factory, host: str | None, port: int) -> None:
    try:
        await Door(runner, factory, host, port).start()
    except OSError as error:
        if host is not None or error.errno != errno.EADDRNOTAVAIL:
            raise
        await Door(runner, factory, "0.0.0.0", port).start()  # noqa: S104 - asked for; IPv6 is switched off here


def _server(runner: web.AppRunner) -> web.Server:
    assert runner.server is not None  # noqa: S101 - it is there from `setup` to `cleanup`
    return runner.server


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
