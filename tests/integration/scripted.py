"""The toy exchange's server: WebSocket and REST on a free port, doing what a test tells it to."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

import aiohttp
import msgspec
from aiohttp import web

from exporter.config import Duration, Feeds
from exporter.feeds import ExchangeFeeds
from exporter.gaps import Outage
from tests.wire import Recorder, ToyExchange

PULSE_S = 0.02
KEEP_MS = 30 * 86_400_000


class Peer:
    """One accepted socket: what it was asked, and what it is to be sent."""

    def __init__(self, websocket: web.WebSocketResponse, request: web.Request) -> None:
        self.received: list[str] = []
        self.names: set[str] = set()
        self.path = request.path
        self._websocket = websocket
        self._request = request

    @property
    def open(self) -> bool:
        return not self._websocket.closed

    async def send(self, frame: str) -> None:
        with contextlib.suppress(ConnectionError):
            await self._websocket.send_str(frame)

    async def close(self) -> None:
        await self._websocket.close(code=1001, message=b"over")

    def abort(self) -> None:
        """End the connection without a word."""
        transport = self._request.transport
        if transport is not None:
            transport.abort()


class Server:
    """Its switches: `refuse_handshake` (an HTTP status), `silent_acks`, `refused` (names), `pulsing`, `max_life_s`.

    `lists` maps a REST path to names, to an HTTP status, or to names with the next path.
    """

    def __init__(self) -> None:
        self.peers: list[Peer] = []
        self.handshakes = 0
        self.refuse_handshake = 0
        self.silent_acks = False
        self.refused: set[str] = set()
        self.pulsing = True
        self.max_life_s: float | None = None
        self.greeting: list[str] = []
        self.lists: dict[str, list[str] | int | tuple[list[str], str]] = {}
        self.past: dict[str, list[dict[str, list] | int]] = {}
        """REST path to its answers about the past, in turn; the last one stays."""
        self.calls: list[str] = []
        self.headers: dict[str, str] = {}
        self.port = 0

    @property
    def open_peers(self) -> list[Peer]:
        return [peer for peer in self.peers if peer.open]

    @property
    def endpoints(self) -> dict[str, str]:
        return {"ws": f"ws://127.0.0.1:{self.port}", "rest": f"http://127.0.0.1:{self.port}"}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Server"]:
        app = web.Application()
        app.router.add_get("/ws/{feed}", self._socket)
        app.router.add_get("/{path:.*}", self._rest)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port)
        await site.start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            for peer in self.open_peers:
                peer.abort()
            await runner.cleanup()

    async def broadcast(self, frame: str) -> None:
        for peer in self.open_peers:
            await peer.send(frame)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        self.handshakes += 1
        self.headers = dict(request.headers)
        if self.refuse_handshake:
            return web.Response(status=self.refuse_handshake)
        websocket = web.WebSocketResponse()
        await websocket.prepare(request)
        peer = Peer(websocket, request)
        self.peers.append(peer)
        for frame in self.greeting:
            await peer.send(frame)
        pulse = asyncio.create_task(self._pulse(peer))
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.max_life_s):
                    async for message in websocket:
                        await self._hear(peer, message.data)
        finally:
            pulse.cancel()
        await peer.close()
        return websocket

    async def _hear(self, peer: Peer, frame: str) -> None:
        peer.received.append(frame)
        kind, _, rest = frame.partition("|")
        key, _, names = rest.partition("|")
        if kind not in ("control", "sub") or self.silent_acks:
            return
        asked = set(filter(None, names.split(",")))
        bad = asked & self.refused if asked else {key} & self.refused
        if not bad:
            peer.names |= asked
        await peer.send(f"ack|{key}|no|unknown {min(bad)}" if bad else f"ack|{key}|ok")

    async def _pulse(self, peer: Peer) -> None:
        while peer.open:
            if self.pulsing:
                await peer.send(f"mark|{time.time_ns() // 1_000_000}|BTCUSDT|50000")
            await asyncio.sleep(PULSE_S)

    async def _rest(self, request: web.Request) -> web.Response:
        self.calls.append(request.path_qs)
        if answers := self.past.get(request.path_qs):
            past = answers.pop(0) if len(answers) > 1 else answers[0]
            return web.Response(status=past) if isinstance(past, int) else web.Response(body=msgspec.json.encode(past))
        answer = self.lists.get(request.path_qs, 404)
        if isinstance(answer, int):
            return web.Response(status=answer)
        names, following = answer if isinstance(answer, tuple) else (answer, None)
        page = {"names": names} | ({"next": [following]} if following else {})
        return web.Response(body=msgspec.json.encode(page))


def settings(**seconds: float) -> Feeds:
    """Settings that make a connection's life short enough to watch."""
    values = {
        "connect_timeout": 1,
        "silent_after": 5,
        "backoff_max": 0.05,
        "stable_after": 60,
        "instruments_refresh": 600,
    } | seconds
    junk = int(values.pop("junk_per_second", 500))
    return Feeds(junk_per_second=junk, **{name: Duration(value) for name, value in values.items()})


class Listening:
    """A running `ExchangeFeeds` with what came of it."""

    def __init__(self, feeds: ExchangeFeeds, sink: Recorder) -> None:
        self.feeds = feeds
        self.sink = sink
        self.status = feeds.status
        self.task = asyncio.create_task(feeds.run())

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.wait({self.task})


@contextlib.asynccontextmanager
async def listening(
    server: Server,
    exchange: ToyExchange,
    data_dir: Path,
    earlier: Iterable[Outage] = (),
    keep_ms: int = KEEP_MS,
    **seconds: float,
) -> AsyncIterator[Listening]:
    """Listen to the server with the toy exchange; stops cleanly at the end. What the sink took is what is recorded."""
    sink = Recorder()
    async with aiohttp.ClientSession() as session:
        arguments = (exchange, server.endpoints, settings(**seconds), ["BTC"], data_dir, sink, session)
        feeds = ExchangeFeeds(*arguments)
        feeds.fill_outages(sink.recorded, keep_ms, earlier)
        run = Listening(feeds, sink)
        try:
            yield run
        finally:
            await run.stop()


async def until(condition: Callable[[], object], within_s: float = 10.0) -> None:
    """Wait until something is so; fails when it does not become so."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - what is waited for are plain fields, without events
            await asyncio.sleep(0.005)
