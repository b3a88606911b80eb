"""Who may be connected, and for how long without getting anywhere.

Nobody is trusted to be quick. A connection that has sent no whole request for `HEADER_S`, that has been idle for
`IDLE_S`, or that has not taken its answer for `WRITE_S` is cut. When there are too many, in all or from one address,
the one that has waited for longest makes room for the new one: slow ones can neither fill the places nor keep them.
"""

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import structlog

log = structlog.get_logger()

HEADER_S = 10.0
KEEPALIVE_S = 75.0
IDLE_S = KEEPALIVE_S + 5
"""Later than the polite end of an idle connection, for those that do not take even that."""
WRITE_S = 30.0
STUCK_S = 2.0
"""After this long an answer that is not taken gives way when others wait for its place."""
SWEEP_S = 1.0
CUT_PAUSE_S = 0.0005
ANSWERS = 64
"""So many answers are in memory at once, whoever does not take them."""
FILES_KEPT = 256
"""Files and sockets for everything else: journal, stores, exchanges."""


class Guest(Protocol):
    """A connection as the gate sees it; times are those of the event loop."""

    address: str
    since: float
    """Since when it has waited for a request, or for the rest of one."""
    reading: bool
    """Whether it has begun a request, the TLS handshake included."""
    busy: bool
    """Whether a request of it is being answered."""
    stuck_since: float | None
    """Since when it has taken nothing of what waits to be sent."""

    def cut(self) -> None:
        """End at once, whatever waits to be sent."""


class Gate:
    """Every connection of the server; `most` in all, `most_per_address` from one address."""

    def __init__(self, most: int, most_per_address: int) -> None:
        self._most = affordable(most)
        self._most_per_address = most_per_address
        self._guests: dict[Guest, None] = {}
        """Those that wait come in the order in which they began to."""
        self._addresses: dict[str, dict[Guest, None]] = {}
        self._answers = asyncio.Semaphore(ANSWERS)
        self._turn = asyncio.Lock()
        self._sweeper: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """How many are connected."""
        return len(self._guests)

    def enter(self, guest: Guest) -> bool:
        """Take a connection in; False when there is no room, because all others are being answered."""
        neighbours = self._addresses.setdefault(guest.address, {})
        if len(neighbours) >= self._most_per_address and not _make_room(neighbours):
            return False
        if len(self._guests) >= self._most and not _make_room(self._guests):
            if not neighbours:
                del self._addresses[guest.address]
            return False
        self._guests[guest] = self._addresses.setdefault(guest.address, {})[guest] = None
        return True

    def wait(self, guest: Guest) -> None:
        """Put a connection at the end of the order of those that wait."""
        for places in (self._guests, self._addresses.get(guest.address, {})):
            if guest in places:
                places[guest] = places.pop(guest)

    def leave(self, guest: Guest) -> None:
        """Forget a connection."""
        self._guests.pop(guest, None)
        neighbours = self._addresses.get(guest.address, {})
        neighbours.pop(guest, None)
        if not neighbours:
            self._addresses.pop(guest.address, None)

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """Hold one of the places for answers in memory, for the duration of the block."""
        if self._answers.locked():
            self._free_answer()
        async with self._answers:
            async with self._turn:  # one large answer per turn of the event loop, so that events get theirs
                await asyncio.sleep(0)
            yield

    def start(self) -> None:
        """Begin to look after those that are overdue."""
        self._sweeper = asyncio.create_task(self._sweep())

    async def stop(self) -> None:
        """Cut whoever is left."""
        if self._sweeper:
            self._sweeper.cancel()
            await asyncio.wait([self._sweeper])
        for guest in list(self._guests):
            guest.cut()

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_S)
            now = loop.time()
            for guest in [guest for guest in self._guests if _overdue(guest, now)]:
                guest.cut()
                await asyncio.sleep(CUT_PAUSE_S)  # a thousand at once would hold everything else up
            if self._answers.locked():
                self._free_answer()

    def _free_answer(self) -> None:
        """Cut the answer that has been stuck for longest, if that is long."""
        stuck = [(guest.stuck_since, guest) for guest in self._guests if guest.stuck_since is not None]
        since, guest = min(stuck, key=lambda each: each[0], default=(None, None))
        if guest and since is not None and asyncio.get_running_loop().time() - since > STUCK_S:
            guest.cut()


def affordable(most: int) -> int:
    """Return how many connections the limit on open files leaves room for; the limit is raised where it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most + FILES_KEPT
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return most
    room = max(soft - FILES_KEPT, soft // 4)
    log.warning("fewer connections than web.max_connections: open files are limited", connections=room, files=soft)
    return room


def _make_room(guests: dict[Guest, None]) -> bool:
    """Cut the connection that has waited for longest; False when none waits."""
    for guest in guests:
        if not guest.busy:
            guest.cut()
            return True
    return False


def _overdue(guest: Guest, now: float) -> bool:
    if guest.stuck_since is not None and now - guest.stuck_since > WRITE_S:
        return True
    return not guest.busy and now - guest.since > (HEADER_S if guest.reading else IDLE_S)
