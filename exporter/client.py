"""Questions to a running exporter, over its HTTP API."""

import os
from argparse import Namespace
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec

from exporter.access import SOCKET, Access, access
from exporter.config import Config
from exporter.errors import UserError
from exporter.healthy import SOCKET_FILE
from exporter.model import Liquidation
from exporter.stats import CumulativeStats
from exporter.web.answers import Problem
from exporter.web.api import Events, Exchanges
from exporter.web.backfill import Line
from exporter.web.cascades import Cascades
from exporter.webfile import parse

Params = Mapping[str, str]
Answer = TypeVar("Answer")

STATS = "/api/v1/stats"
EXCHANGES = "/api/v1/exchanges"
EVENTS = "/api/v1/events"
CASCADES = "/api/v1/cascades"
STREAM = "/api/v1/stream"
HEALTHY = "/-/healthy"
BACKFILL = "/-/backfill"

TIMEOUT_S = 10.0
SILENCE_S = 20.0
"""A stream sends figures every second; one that has sent nothing for so long is dead."""
LINE_BYTES = 1 << 20


class UnreachableError(UserError):
    """Nothing answers at the address."""


class RefusedError(UserError):
    """The exporter answers that it cannot or will not; `status` is HTTP's."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Lost(msgspec.Struct, frozen=True):
    """The exporter left out so many events of a stream that was read too slowly."""

    events: int


class Opened(msgspec.Struct, frozen=True):
    """The stream is open: what happens from now on will be in it."""


_STREAMED: dict[bytes, type[Lost | Liquidation]] = {b"liquidation": Liquidation, b"lost": Lost}


class Client:
    """Asks an exporter; methods raise `UserError`, `UnreachableError` when nothing answers."""

    def __init__(self, access: Access, session: aiohttp.ClientSession) -> None:
        self._access = access
        self._session = session

    async def get(self, path: str, params: Params) -> bytes:
        """Return the body of an answer, whatever it is."""
        try:
            async with self._session.get(self._access.base + path, params=params, **self._access.options()) as response:
                body = await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise self._unreachable(error) from None
        self._check(response.status, body)
        return body

    async def stats(self, params: Params) -> CumulativeStats:
        """Return the figures of `base` and `window`."""
        return self._decode(await self.get(STATS, params), CumulativeStats)

    async def stats_json(self, params: Params) -> bytes:
        """Return the same as the exporter wrote it."""
        body = await self.get(STATS, params)
        self._decode(body, CumulativeStats)
        return body

    async def exchanges(self) -> Exchanges:
        """Return the state of every exchange."""
        return self._decode(await self.get(EXCHANGES, {}), Exchanges)

    async def exchanges_json(self) -> bytes:
        """Return the same as the exporter wrote it."""
        body = await self.get(EXCHANGES, {})
        self._decode(body, Exchanges)
        return body

    async def cascades(self, params: Params) -> Cascades:
        """Return what the cascade signals say now."""
        return self._decode(await self.get(CASCADES, params), Cascades)

    async def events(self, params: Params) -> list[Liquidation]:
        """Return the newest events that meet the filters, the oldest of them first."""
        return self._decode(await self.get(EVENTS, params), Events).events[::-1]

    async def is_there(self) -> bool:
        """Tell whether the exporter answers."""
        try:
            await self.get(HEALTHY, {})
        except UnreachableError:
            return False
        return True

    async def stream(self, params: Params) -> AsyncGenerator[Opened | Lost | Liquidation]:
        """Follow the events that meet the filters, from `Opened` on; raises `UnreachableError` when the stream ends."""
        timeout = aiohttp.ClientTimeout(connect=TIMEOUT_S, sock_read=SILENCE_S)
        wanted = {"params": params, "timeout": timeout, "read_bufsize": LINE_BYTES, **self._access.options()}
        try:
            async with self._session.get(self._access.base + STREAM, **wanted) as response:
                if response.status != 200:
                    self._check(response.status, await response.read())
                yield Opened()
                kind = b""
                async for line in response.content:
                    name, _, value = line.rstrip(b"\r\n").partition(b": ")
                    if name == b"event":
                        kind = value
                    elif name == b"data" and kind in _STREAMED:
                        yield self._decode(value, _STREAMED[kind])
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise self._unreachable(error) from None
        raise UnreachableError(f"{self._access.shown}: the stream has ended")

    async def backfill(self, params: Params) -> AsyncGenerator[Line]:
        """Have the exporter ask for the past: how it goes, and at last what came of it."""
        timeout = aiohttp.ClientTimeout(connect=TIMEOUT_S, sock_read=SILENCE_S)
        wanted = {"params": params, "timeout": timeout, **self._access.options()}
        try:
            async with self._session.post(self._access.base + BACKFILL, **wanted) as response:
                if response.status != 200:
                    self._check(response.status, await response.read())
                async for line in response.content:
                    yield self._decode(line, Line)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise self._unreachable(error) from None

    def _check(self, status: int, body: bytes) -> None:
        if status == 200:
            return
        if status == 401:
            raise UserError(
                f"{self._access.shown} wants user and password, and not those that were given, if any; "
                "name a file that has them with --http.config.file"
            )
        try:
            problem = msgspec.json.decode(body, type=Problem)
        except msgspec.DecodeError:
            raise UserError(
                f"{self._access.shown} answers HTTP {status}, but not like this exporter; check the address"
            ) from None
        raise RefusedError(status, f"{problem.error}: {problem.reason}")

    def _decode(self, body: bytes, kind: type[Answer]) -> Answer:
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UserError(
                f"{self._access.shown} does not answer like this exporter ({error}); check the address and the versions"
            ) from None

    def _unreachable(self, error: Exception) -> UnreachableError:
        why = "it did not answer in time" if isinstance(error, TimeoutError) else _plain(error)
        return UnreachableError(
            f"no exporter answers at {self._access.shown} ({why}); start one with `make run` or `make demo`, "
            "or name its address with --url"
        )


@asynccontextmanager
async def connected(access: Access) -> AsyncIterator[Client]:
    """Open a client for the duration of the block; raises `UserError` when it cannot be."""
    async with access.session(aiohttp.ClientTimeout(total=TIMEOUT_S)) as session:
        yield Client(access, session)


def way(options: Namespace, environ: Mapping[str, str], config: Config) -> Access:
    """Return the way to the exporter that is meant: the flag, `LIQ_URL`, or the one that has this configuration.

    That one is asked through its socket when it has a web file. Raises `UserError`.
    """
    file = options.http_config_file or environ.get("LIQ_HTTP_CONFIG_FILE")
    if given := options.url or environ.get("LIQ_URL"):
        found = access(given, Path(file) if file else None)
        if options.url and urlsplit(options.url).password:
            raise UserError("--url: others can see a command line; put the password into LIQ_URL or --http.config.file")
        return found
    if config.web.config_file and not file:
        return access(f"{SOCKET}{(config.data.dir / SOCKET_FILE).absolute()}")
    host, port = config.web.host_port
    if host in (None, "0.0.0.0", "::"):  # noqa: S104 - a comparison
        host = "127.0.0.1"
    scheme = (
        "https" if config.web.config_file and parse(Path(config.web.config_file)).tls_server_config.enabled else "http"
    )
    address = f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
    return access(address, Path(file) if file else None)


def _plain(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not trusted: {error.certificate_error}; name a ca_file with --http.config.file"
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno or 0
        return os.strerror(number).lower() if number > 0 else str(error.os_error.strerror)
    return str(error) or type(error).__name__
