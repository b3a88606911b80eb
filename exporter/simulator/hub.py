"""The clients of a simulated exchange: who gets which frame, and what became of their connections."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from exporter.simulator.orders import Record
from exporter.simulator.sockets import CLOSE_TIMEOUT_S, Socket

PING_EVERY_S = 1.0
KEEPALIVE_EVERY_S = 20.0
BARRIER_S = 5.0
REDELIVERED_FRAMES = 3

DropMode = Literal["close", "abort", "half_open"]
Wrap = Callable[[Socket, str, bytes], bytes]


class Hub:
    """Connected sockets by topic. `wrap` gives a frame the shape that a socket asked for."""

    def __init__(self, wrap: Wrap) -> None:
        self.sockets: set[Socket] = set()
        self._wrap = wrap
        self._hung: set[Socket] = set()
        self._recent: deque[tuple[str, bytes, Sequence[Record]]] = deque(maxlen=REDELIVERED_FRAMES)
        self._next_ping = self._next_keepalive = 0.0

    def topics(self) -> set[str]:
        """Return every topic that somebody listens to."""
        return {topic for socket in self.sockets for topic in socket.topics}

    def push(self, topic: str, frame: bytes, records: Sequence[Record] = (), times: int = 1) -> None:
        """Send a frame to the subscribers of its topic, `times` over."""
        if records:
            self._recent.append((topic, frame, records))
        for socket in self.sockets:
            if topic in socket.topics:
                for _ in range(times):
                    socket.send(self._wrap(socket, topic, frame), records)

    def redeliver(self, socket: Socket, only: str = "") -> None:
        """Send the newest event frames, of one topic or of all, to a socket that has just subscribed to them."""
        for topic, frame, records in self._recent:
            if topic in socket.topics and only in ("", topic):
                socket.send(self._wrap(socket, topic, frame), records)

    def tick(self, idle_limit_s: float) -> None:
        """Once a second: ping whoever was sent something, settle receipts, close idle sockets."""
        now = asyncio.get_running_loop().time()
        if now < self._next_ping:
            return
        self._next_ping = now + PING_EVERY_S
        keepalive = now >= self._next_keepalive
        if keepalive:
            self._next_keepalive = now + KEEPALIVE_EVERY_S
        for socket in self.sockets:
            socket.settle()
            if keepalive or socket.receipts.unpinged:
                socket.ping()
            if socket.idle_s() > idle_limit_s:
                socket.close()

    def drop(self, mode: DropMode) -> list[Socket]:
        """End every connection; returns those that end soon (a half-open one stays for a long time)."""
        dropped, self.sockets = self.sockets, set()
        for socket in dropped:
            match mode:
                case "close":
                    socket.close()
                case "abort":
                    socket.abort()
                case "half_open":
                    socket.hang()
        if mode == "half_open":
            self._hung |= dropped
            return []
        return list(dropped)

    async def barrier(self) -> None:
        """Have every client prove what it received, within `BARRIER_S`."""
        async with asyncio.TaskGroup() as group:
            for socket in self.sockets:
                group.create_task(_within(BARRIER_S, socket.barrier()))

    async def close(self) -> None:
        """End every connection properly, half-open ones at once."""
        for socket in self._hung:
            socket.abort()
        ending = self.drop("close") + list(self._hung)
        await wait_gone(ending)


async def wait_gone(sockets: Sequence[Socket]) -> None:
    """Wait until the sockets have ended, reset those that take too long."""
    async with asyncio.TaskGroup() as group:
        for socket in sockets:
            group.create_task(_end(socket))


async def _end(socket: Socket) -> None:
    await _within(CLOSE_TIMEOUT_S, socket.gone.wait())
    if not socket.gone.is_set():
        socket.abort()
        await socket.gone.wait()


async def _within(seconds: float, work: Awaitable[object]) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await work
