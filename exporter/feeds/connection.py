"""The life of one socket: connect, subscribe, verify, pump, prove liveness."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from time import monotonic

import structlog
from websockets.asyncio.client import ClientConnection, connect

from exporter.exchanges.base import Ack, Feed, Reply
from exporter.feeds.allowance import Allowance
from exporter.feeds.context import Context
from exporter.feeds.failures import Ended, Reason, explain
from exporter.feeds.liveness import Liveness, Verdict
from exporter.feeds.reader import Reader
from exporter.feeds.stall import StallWatch
from exporter.feeds.status import State
from exporter.feeds.subscriptions import Refusals, Subscriptions

log = structlog.get_logger()

MAX_FRAME_BYTES = 4 * 2**20
MAX_QUEUE_FRAMES = 16
CLOSE_TIMEOUT_S = 1.0
TICK_S = 1.0
STALL_S = 1.0


class Connection:
    """One socket of a feed, carrying `instruments` (none for an all-symbols feed), since `opened` (monotonic seconds).

    It is live once every request is acknowledged and a control message has arrived. `live` is done from the first time
    on; `on_state` is called on every change. The socket lives in `task`: cancel it to close the socket, which takes
    little more than `CLOSE_TIMEOUT_S` at most; left alone it ends by an exception, which `ended` explains.
    """

    def __init__(
        self,
        context: Context,
        feed: Feed,
        refusals: Refusals,
        allowance: Allowance,
        instruments: Sequence[str],
        on_state: Callable[["Connection", State], None],
    ) -> None:
        self.state = State.CONNECTING
        self.live: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._context = context
        self._settings = context.settings
        self._feed = feed
        self._refusals = refusals
        self._allowance = allowance
        self._wanted: Iterable[str] = refusals.acceptable(instruments)
        self._on_state = on_state
        self.opened = monotonic()
        self._silent_after = max(self._settings.silent_after, 2 * feed.pulse_s)
        self._liveness = Liveness(self._silent_after, self.opened)
        self._reader = Reader(context, feed, self._liveness)
        self._requests: Subscriptions | None = None
        self._subscribed = False
        self.task = asyncio.create_task(self._run(), name=f"{context.exchange.name} {feed.name}")

    @property
    def last_message_ms(self) -> int:
        """When the newest frame arrived, 0 before the first."""
        return self._reader.last_message_ms

    @property
    def last_control_ms(self) -> int:
        """When the newest control message arrived, 0 before the first."""
        return self._reader.last_control_ms

    def want(self, instruments: Iterable[str]) -> None:
        """Subscribe also what is not subscribed yet, within a second when the socket is open."""
        if self._requests:
            self._requests.want(instruments)
        else:
            self._wanted = instruments

    def ended(self) -> Ended:
        """Say why the socket ended; only after `task` is done."""
        if self.task.cancelled():
            return Ended(Reason.CLOSED, "cancelled")
        return explain(self.task.exception() or RuntimeError("the connection returned"))

    async def _run(self) -> None:
        requests = Subscriptions(
            self._context.exchange,
            self._feed,
            self._context.bases,
            self._refusals,
            self._allowance,
            self._settings.connect_timeout,
        )
        requests.want(self._wanted)
        self._requests = requests
        websocket = await connect(
            self._context.address(self._feed),
            additional_headers=self._feed.headers,
            compression=None,
            open_timeout=self._settings.connect_timeout,
            close_timeout=CLOSE_TIMEOUT_S,
            max_size=MAX_FRAME_BYTES,
            max_queue=MAX_QUEUE_FRAMES,
        )
        await self._use(websocket, requests)

    async def _use(self, websocket: ClientConnection, requests: Subscriptions) -> None:
        """Pump until something fails, and raise that. On cancellation read on until closed: what arrived is kept.

        Not a task group: before Python 3.13 its failure can swallow a cancellation that comes at the same moment.
        """
        pump = asyncio.create_task(self._pump(websocket, requests))
        keep = asyncio.create_task(self._keep(websocket, requests))
        try:
            failed, _ = await asyncio.wait({pump, keep}, return_when=asyncio.FIRST_COMPLETED)
            websocket.transport.abort()  # a peer that misbehaves gets no closing ceremony
        finally:
            keep.cancel()
            await websocket.close()
            await asyncio.gather(pump, keep, return_exceptions=True)
            requests.abandon()
        for task in failed:
            task.result()

    async def _pump(self, websocket: ClientConnection, requests: Subscriptions) -> None:
        receive, reader = websocket.recv, self._reader
        while True:
            unusable = reader.unusable
            answer = reader.read(await receive(decode=False))
            if reader.unusable != unusable:
                await asyncio.sleep(0)  # frames that lie ready are read without a pause: after junk others go first
            if answer is not None:
                await self._act(websocket, requests, answer)
            if self.state is not State.LIVE:
                self._judge(requests)

    async def _act(self, websocket: ClientConnection, requests: Subscriptions, answer: Ack | Reply) -> None:
        if isinstance(answer, Reply):
            await self._say(websocket, answer.frame)
            return
        refused = requests.answer(answer)
        if refused is not None and self._refusals.news(refused):
            log.warning(
                "instrument refused",
                exchange=self._context.exchange.name,
                feed=self._feed.name,
                instrument=",".join(refused.instruments),
                message=answer.message,
            )
        await self._flush(websocket, requests)

    async def _keep(self, websocket: ClientConnection, requests: Subscriptions) -> None:
        """Send what is due and judge the socket, at least once a second."""
        ping, every = self._feed.ping, self._feed.ping_every_s
        tick = min(TICK_S, self._silent_after / 4, self._settings.connect_timeout / 4, every / 4)
        now = monotonic()
        stall = StallWatch(self._settings.stalled_after, now)
        ping_due = now  # at once, because the answer can be the first proof that the socket delivers
        while True:
            await self._flush(websocket, requests)
            if ping is not None and now >= ping_due:
                await self._say(websocket, ping)
                ping_due = now + every
            before = now
            await asyncio.sleep(min(tick, requests.pause(now), stall.due(now, self._reader.heard)))
            now = monotonic()
            if now - before < tick + STALL_S:  # else this process stood still: let the pump catch up before judging
                requests.check(now)
                self._judge(requests)
                await stall.look(websocket, now, self._reader.heard)

    async def _flush(self, websocket: ClientConnection, requests: Subscriptions) -> None:
        while (frame := requests.take(monotonic())) is not None:
            await self._send(websocket, frame)

    async def _say(self, websocket: ClientConnection, frame: str) -> None:
        """Send what cannot wait for the allowance, and count it."""
        self._allowance.spend(monotonic())
        await self._send(websocket, frame)

    async def _send(self, websocket: ClientConnection, frame: str) -> None:
        async with asyncio.timeout(self._settings.connect_timeout):  # a peer that does not read is not there
            await websocket.send(frame)

    def _judge(self, requests: Subscriptions) -> None:
        """Derive the state; raises `Ended` when the control stream died."""
        self._subscribed = self._subscribed or requests.complete
        match self._liveness.verdict(monotonic()):
            case Verdict.DEAD:
                limit = 2 * self._silent_after
                raise Ended(Reason.SILENT, f"no control message for {limit:g} s")
            case Verdict.SILENT:
                self._become(State.SILENT)
            case Verdict.LIVE if self._subscribed:
                self._become(State.LIVE)

    def _become(self, state: State) -> None:
        if state is self.state:
            return
        self.state = state
        if state is State.LIVE and not self.live.done():
            self.live.set_result(None)
        self._on_state(self, state)
