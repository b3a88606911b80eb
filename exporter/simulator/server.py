"""The HTTP side of a simulated exchange: one port that can vanish and come back."""

from collections.abc import Iterable

from aiohttp import web

HOST = "127.0.0.1"
"""Where a simulated exchange listens unless told otherwise: nobody but this machine can reach it."""


class Server:
    """Serves the routes on one port of `host`; the port stays the same across `close_port` and `open_port`."""

    def __init__(self, routes: Iterable[web.RouteDef]) -> None:
        app = web.Application()
        app.add_routes(routes)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        self._site: web.TCPSite | None = None
        self.host = HOST
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Listen on `port`, 0 for any free one; raises `OSError` when it is taken or `host` is not of this machine."""
        await self._runner.setup()
        self.host, self.port = host, port
        await self.open_port()
        self.port = int(self._runner.addresses[0][1])

    async def open_port(self) -> None:
        """Accept connections."""
        if self._site is None:
            site = web.TCPSite(self._runner, self.host, self.port, reuse_address=True)
            await site.start()
            self._site = site

    async def close_port(self) -> None:
        """Refuse connections; those that are open stay."""
        if self._site is not None:
            await self._site.stop()
            self._site = None

    async def stop(self) -> None:
        """Give up the port and everything on it."""
        await self._runner.cleanup()
