"""One client's WebSocket as the simulated exchange holds it: an outbox, receipts, and four ways to end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable

from aiohttp import ClientConnectionResetError, WSMessage, WSMsgType, web

from exporter.simulator.faults import Faults
from exporter.simulator.garbage import garbled
from exporter.simulator.limits import Meter
from exporter.simulator.orders import Record
from exporter.simulator.receipts import Receipts

OUTBOX_FRAMES = 100_000
CLOSE_TIMEOUT_S = 5.0
HALF_OPEN_S = 30.0
GOING_DOWN = 1012
"""Close code of everything that the simulator ends; a client that closes by itself does not use it."""

CONTROL = frozenset({WSMsgType.PING, WSMsgType.PONG})
_ENDINGS = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR})

Item = tuple[bytes, WSMsgType]


class Socket:
    """A connected client.

    Everything goes out through one queue, so that a ping proves all frames before it, and a slow client holds up
    nobody else; one that lets 100,000 frames pile up is cut. `meter` counts what it sends; the exchange's `faults` may
    spoil or hold what it is sent.
    """

    def __init__(self, ws: web.WebSocketResponse, request: web.Request, meter: Meter, faults: Faults) -> None:
        self.ws = ws
        self.meter = meter
        self.path = request.path
        self.topics: set[str] = set()
        self.kind = WSMsgType.TEXT
        self.receipts = Receipts()
        self.gone = asyncio.Event()
        self.heard_at = self.opened_at = self._now()
        self._faults = faults
        self._transport = request.transport
        self._outbox: asyncio.Queue[Item | None] = asyncio.Queue()
        self._open = True
        self._pong_arrived = asyncio.Event()
        self._pump = asyncio.create_task(self._write())

    @property
    def is_open(self) -> bool:
        """Whether frames still go out."""
        return self._open

    def send(self, frame: bytes, records: Iterable[Record] = (), kind: WSMsgType | None = None) -> None:
        """Queue a frame that carries `records`; of the socket's own `kind` unless told otherwise."""
        if not self._open:
            return
        if self._outbox.qsize() >= OUTBOX_FRAMES:
            self.abort()
            return
        if self._faults.on("garble") and kind not in CONTROL:
            frame, records = garbled(frame), ()
        self._outbox.put_nowait((frame, self.kind if kind is None else kind))
        self.receipts.sent(records)

    def ping(self) -> None:
        """Queue a ping that covers everything sent so far."""
        if self._open:
            self._outbox.put_nowait((self.receipts.ping(), WSMsgType.PING))

    async def requests(self) -> AsyncIterator[str]:
        """Iterate over the texts that the client sends, until the connection ends."""
        while (message := await self.ws.receive()).type not in _ENDINGS:
            text = self._hear(message)
            if text is not None:
                yield text
        if message.type is WSMsgType.CLOSE:
            await self._complete_close(message.data)

    def idle_s(self) -> float:
        """Return the seconds since the client last sent anything itself (answers to pings do not count)."""
        return self._now() - self.heard_at

    def age_s(self) -> float:
        """Return the seconds since the connection was accepted."""
        return self._now() - self.opened_at

    def settle(self) -> None:
        """Make certain what the client had long enough."""
        self.receipts.settle(self._now())

    async def barrier(self) -> None:
        """Wait until the client has answered a ping sent now; everything before it is certain then."""
        self.ping()
        while self._open and not self.receipts.answered_all:
            self._pong_arrived.clear()
            await self._pong_arrived.wait()
        self.receipts.settle_answered()

    def close(self) -> None:
        """Send what is queued, then end with a close handshake."""
        if self._open:
            self._open = False
            self._outbox.put_nowait(None)
            self._abort_after(CLOSE_TIMEOUT_S)

    def abort(self) -> None:
        """Reset the TCP connection."""
        self._die()
        self._abort_after(0.0)

    def hang(self) -> None:
        """Stop reading and writing, as if the route had vanished; the connection is reset much later."""
        self._die()
        if self._transport:
            self._transport.pause_reading()
        self._abort_after(HALF_OPEN_S)

    async def finish(self) -> None:
        """Clean up once the client's side has ended."""
        if self._open:
            self._die()
        await asyncio.wait([self._pump])
        self.settle()
        self.gone.set()
        if not self._pump.cancelled():
            self._pump.result()

    def _abort_after(self, seconds: float) -> None:
        if self._transport:
            asyncio.get_running_loop().call_later(seconds, self._transport.abort)

    def _die(self) -> None:
        self.settle()
        self._open = False
        self._pump.cancel()
        self._pong_arrived.set()

    def _hear(self, message: WSMessage) -> str | None:
        if message.type is WSMsgType.PONG:
            self.receipts.pong(bytes(message.data), self._now())
            self._pong_arrived.set()
            return None
        self.heard_at = self._now()
        text = str(message.data) if message.type is WSMsgType.TEXT else None
        self.meter.message(self.heard_at, text)
        if message.type is WSMsgType.PING:
            self.send(bytes(message.data), kind=WSMsgType.PONG)
        return text

    async def _complete_close(self, code: int) -> None:
        """Answer a close frame, or take it as the answer to ours: then the client has read everything before it."""
        if self._open or code != GOING_DOWN:
            await self.ws.close(code=code)
            return
        self.receipts.settle_all()
        if self._transport:
            self._transport.close()

    async def _write(self) -> None:
        with contextlib.suppress(ClientConnectionResetError, ConnectionError):
            while item := await self._outbox.get():
                if self._faults.on("stall"):
                    await self._faults.over("stall")
                await self.ws.send_frame(*item)
            await self.ws.send_frame(GOING_DOWN.to_bytes(2, "big"), WSMsgType.CLOSE)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
