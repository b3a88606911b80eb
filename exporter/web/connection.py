"""One connection of a client: aiohttp's, watched by the gate, and with TLS of the certificate that is in force now."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import cast

from aiohttp import web

from exporter.web.answers import HEADERS, Problem, respond_json
from exporter.web.gate import HEADER_S, KEEPALIVE_S, Gate
from exporter.webfile import WebFile

LINE_BYTES = 8190
HEADERS_MOST = 64
HEAD_BYTES = 32 * 1024
"""Request line and headers together."""
LINGER_S = 1.0
"""How long the rest of a body is read that nobody wanted."""
GOODBYE_S = 5.0
"""How long a client may take to agree to the end of TLS."""

log = logging.getLogger(__name__)
"""Where aiohttp reports what it could not handle."""

Current = Callable[[], WebFile]


class Connection(web.RequestHandler):
    """A connection to the server; `current` None: without TLS, for programs of the exporter's own user."""

    __slots__ = (
        "_current",
        "_gate",
        "_securing",
        "_unread",
        "_wire",
        "address",
        "busy",
        "reading",
        "since",
        "stuck_since",
    )

    def __init__(self, server: web.Server, gate: Gate, current: Current | None) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]  # None switches it off, which its type does not say
            logger=log,
            keepalive_timeout=KEEPALIVE_S,
            max_line_size=LINE_BYTES,
            max_field_size=LINE_BYTES,
            max_headers=HEADERS_MOST,
            lingering_time=LINGER_S,
        )
        self._gate = gate
        self._current = current
        self._wire: asyncio.Transport | None = None
        self._securing: asyncio.Task[None] | None = None
        self._unread = 0
        self.address = ""
        self.since = self._loop.time()
        self.reading = True
        self.busy = False
        self.stuck_since: float | None = None

    @property
    def trusted(self) -> bool:
        """Whether it is one of the exporter's own user."""
        return self._current is None

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Be busy for the duration of the block, and wait for the next request after it."""
        self.busy = True
        try:
            yield
        finally:
            self.busy = self.reading = False
            self._unread = 0
            self.since = self._loop.time()
            self._gate.wait(self)

    def cut(self) -> None:
        """End at once, whatever waits to be sent."""
        self._gate.leave(self)
        if self._wire:
            self._wire.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Enter, if there is room, and speak TLS first if that is on."""
        self._wire = cast("asyncio.Transport", transport)
        self.address = str((transport.get_extra_info("peername") or ("",))[0])
        if not self._gate.enter(self):
            self._wire.abort()
            return
        file = self._current() if self._current else None
        if file is None or file.context is None:
            super().connection_made(transport)
        else:
            self._securing = self._loop.create_task(self._secure(self._wire, file.context, file))

    def data_received(self, data: bytes) -> None:
        """Note that a request begins, and that it does not end."""
        if not self.busy:
            self._unread += len(data)
            if self._unread > HEAD_BYTES:
                self.cut()
                return
            if not self.reading:
                self.reading = True
                self.since = self._loop.time()
                self._gate.wait(self)
        super().data_received(data)

    def pause_writing(self) -> None:
        """Note that the client takes nothing for now."""
        self.stuck_since = self._loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Note that it takes something again."""
        self.stuck_since = None
        super().resume_writing()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Leave."""
        self._gate.leave(self)
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what was no request at all, and what failed outside of any handler; neither shows how."""
        del message  # it quotes the client
        if isinstance(exc, UnicodeError):  # aiohttp could not quote an Expect header either
            status = 400
        if status >= 500:
            log.error("request failed", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has been begun, there is no room for another")
        answer = respond_json(Problem(HTTPStatus(status).phrase.lower(), "the request could not be read"), status)
        answer.headers.update(HEADERS)
        answer.force_close()
        return answer

    async def _secure(self, wire: asyncio.Transport, context: ssl.SSLContext, file: WebFile) -> None:
        try:
            secured = await self._loop.start_tls(
                wire,
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=HEADER_S,
                ssl_shutdown_timeout=GOODBYE_S,
            )
        except OSError:  # who cannot or will not speak TLS is no news
            self.cut()
            return
        wanted = file.settings.tls_server_config.client_allowed_sans
        if secured is None or wire.is_closing() or (wanted and not names(secured) & set(wanted)):
            self.cut()
            return
        super().connection_made(secured)


def names(transport: asyncio.BaseTransport) -> set[str]:
    """Return the subject's alternative names in the client's certificate."""
    certificate = transport.get_extra_info("peercert") or {}
    return {value for _, value in certificate.get("subjectAltName", ())}
