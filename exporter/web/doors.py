"""Where the server listens: the configured address, and a socket in the data folder for the exporter's own user."""

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

BACKLOG = 4
"""So many connections are taken at once before other work gets its turn."""
QUEUE = 512
"""So many wait in the kernel."""

Factory = Callable[[], asyncio.Protocol]


class Door(web.BaseSite):
    """Listens on a host (None: all interfaces) and port."""

    __slots__ = ("_factory", "_host", "_port")

    def __init__(self, runner: web.BaseRunner, factory: Factory, host: str | None, port: int) -> None:
        super().__init__(runner, backlog=BACKLOG)
        self._factory, self._host, self._port = factory, host, port

    @property
    def name(self) -> str:
        """Where it is."""
        return f"{self._host or ''}:{self._port}"

    async def start(self) -> None:
        """Listen; raises `OSError`."""
        await super().start()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._factory, self._host, self._port, backlog=BACKLOG)
        for each in self._server.sockets:
            _lengthen_queue(each.fileno())


class SideDoor(web.BaseSite):
    """Listens on a socket that only the exporter's own user can reach."""

    __slots__ = ("_factory", "_path")

    def __init__(self, runner: web.BaseRunner, factory: Factory, path: Path) -> None:
        super().__init__(runner, backlog=BACKLOG)
        self._factory, self._path = factory, path

    @property
    def name(self) -> str:
        """Where it is."""
        return str(self._path)

    async def start(self) -> None:
        """Listen; raises `OSError`."""
        await super().start()
        self._path.unlink(missing_ok=True)  # what a crash has left: the data folder belongs to one exporter
        listener = socket.socket(socket.AF_UNIX)
        try:
            before = os.umask(0o177)
            try:
                listener.bind(str(self._path))
            finally:
                os.umask(before)
            self._server = await asyncio.get_running_loop().create_unix_server(
                self._factory, sock=listener, backlog=BACKLOG
            )
        except OSError:
            listener.close()
            raise

    async def stop(self) -> None:
        """Stop to listen, and remove the socket."""
        await super().stop()
        self._path.unlink(missing_ok=True)


def _lengthen_queue(number: int) -> None:
    """Let the kernel keep more connections than are taken at once."""
    duplicate = socket.socket(fileno=os.dup(number))
    duplicate.listen(QUEUE)
    duplicate.close()
