"""What every request has to pass, and how every answer leaves."""

import asyncio
import base64
import binascii
from contextlib import suppress
from typing import cast
from urllib.parse import urlsplit

from aiohttp import web

from exporter.web.answers import HEADERS, ApiError, Handler, Problem, respond_json
from exporter.web.connection import Connection
from exporter.web.current import Current
from exporter.web.gate import Gate
from exporter.web.passwords import Credentials, Passwords
from exporter.webfile import RateLimit

BODY_BYTES = 4096
"""No request of this server needs a body."""
REALM = 'Basic realm="liquidations", charset="UTF-8"'


class Guard:
    """Asks for user and password, keeps the rate, and sees that answers are taken, as the web file in force says."""

    def __init__(self, current: Current, gate: Gate) -> None:
        self._current = current
        self._gate = gate
        self._passwords = Passwords()
        self._bucket = Bucket()

    def close(self) -> None:
        """End the thread."""
        self._passwords.close()

    async def add_headers(self, _request: web.Request, response: web.StreamResponse) -> None:
        """Give every answer the safe headers, and those of the web file; a signal of the application."""
        response.headers.update(HEADERS)
        given = self._current().settings.http_server_config.headers
        response.headers.update({name: value for name, value in given.items() if value})

    @web.middleware
    async def deliver(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Keep the connection busy until the answer is sent: answers that wait in memory are counted."""
        with cast("Connection", request.protocol).at_work():
            response = await handler(request)
            if isinstance(response, web.Response):
                with suppress(ConnectionError):  # the client has gone
                    async with self._gate.answering():
                        await response.prepare(request)
                        await response.write_eof()
                        await request.writer.drain()
            return response

    @web.middleware
    async def admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let a request in, or say why not."""
        if (request.content_length or 0) > BODY_BYTES:
            raise ApiError(413, "too large", "no request here needs a body")
        if request.method == "POST" and is_foreign(request):
            raise ApiError(403, "forbidden", "another site's page must not do this")
        if cast("Connection", request.protocol).trusted:
            return await handler(request)
        settings = self._current().settings
        if not self._bucket.take(settings.rate_limit):
            raise ApiError(429, "too many requests", "requests come faster than rate_limit in the web file allows")
        users = settings.basic_auth_users
        if users:
            given = credentials(request.headers.get("Authorization", ""))
            if not given or not await self._passwords.right(users, given):
                return _unauthorized()
        return await handler(request)


class Bucket:
    """A token bucket: one token per interval, so many at once."""

    def __init__(self) -> None:
        self._tokens = 0.0
        self._limit = RateLimit()
        self._at = 0.0

    def take(self, limit: RateLimit) -> bool:
        """Take a token, if there is one; a new limit begins with a full bucket."""
        if not limit.interval:
            return True
        now = asyncio.get_running_loop().time()
        if limit != self._limit:
            self._limit, self._tokens = limit, float(limit.burst)
        else:
            self._tokens = min(limit.burst, self._tokens + (now - self._at) / limit.interval)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def credentials(header: str) -> Credentials | None:
    """Read user and password from an Authorization header; None when it holds none."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    user, colon, password = text.partition(":")
    return (user, password) if colon else None


def is_foreign(request: web.Request) -> bool:
    """Tell whether a browser sends this for a page of another site; programs say nothing about where they come from."""
    site = request.headers.get("Sec-Fetch-Site")
    if site and site not in ("same-origin", "none"):
        return True
    origin = request.headers.get("Origin")
    if origin is None:
        return False
    try:
        return urlsplit(origin).netloc.lower() != request.headers.get("Host", "").lower() or not urlsplit(origin).netloc
    except ValueError:
        return True


def _unauthorized() -> web.Response:
    answer = respond_json(Problem("unauthorized", "user and password are needed"), 401)
    answer.headers["WWW-Authenticate"] = REALM
    return answer
