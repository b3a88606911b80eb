"""A running server with a web file of the test's own, and the ways to get in."""

import ssl
from contextlib import asynccontextmanager

import aiohttp
import bcrypt
import msgspec
import yaml

from exporter.broadcast import Broadcast
from exporter.errors import UserError
from exporter.web import WebServer
from tests.unit.web.views import make_view

PAGE = b"liquidation_events_total 1\n" * 50
COST = 4
"""The lowest there is: tests compare many passwords."""


def hashed(password, cost=COST):
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


class Guarded:
    """A server whose web file can be written anew while it runs."""

    def __init__(self, folder, **limits) -> None:
        self.file = folder / "web.yaml"
        self.view = make_view()
        web = msgspec.structs.replace(self.view.config.web, config_file=str(self.file), **limits)
        data = msgspec.structs.replace(self.view.config.data, dir=folder)
        self.view.config = msgspec.structs.replace(self.view.config, web=web, data=data)
        self.broadcast = Broadcast()
        page = PAGE, "text/plain"
        self.server = WebServer(self.view, self.broadcast, lambda _accept, _now: page, self.reload, self.backfill)
        self.address = ""

    @property
    def port(self):
        return int(self.address.rpartition(":")[2])

    def write(self, **tree):
        self.file.write_text(yaml.safe_dump(tree))

    async def reload(self):
        return []

    def backfill(self, *_asked):
        raise UserError("nothing is asked for here")

    async def get(self, path="/metrics", *, method="GET", auth=None, context=None, headers=None):
        """Ask on a new connection; returns status, headers and body."""
        login = {"Authorization": aiohttp.encode_basic_auth(*auth, encoding="utf-8")} if auth else {}
        connector = aiohttp.TCPConnector(ssl=context or True)
        async with (
            aiohttp.ClientSession(connector=connector, headers=login) as session,
            session.request(method, self.address + path, headers=headers) as answer,
        ):
            return answer.status, answer.headers, await answer.read()


@asynccontextmanager
async def guarded(folder, *, limits=None, **tree):
    """Serve with a web file for the duration of the block."""
    server = Guarded(folder, **(limits or {}))
    server.write(**tree)
    server.address = (await server.server.start()).replace("localhost", "127.0.0.1")
    try:
        yield server
    finally:
        await server.server.stop()


def trusting(authority, client=None):
    """Return what a client needs that trusts an authority."""
    context = ssl.create_default_context(cafile=authority.cert)
    if client:
        context.load_cert_chain(client.cert, client.key)
    return context
