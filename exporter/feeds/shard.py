"""One place among the connections of a feed: reconnects for ever and reports its state."""

import asyncio
import random
from collections.abc import Callable, Sequence
from time import monotonic, time_ns

import msgspec
import structlog

from exporter.exchanges.base import Feed
from exporter.feeds.allowance import Allowance
from exporter.feeds.backoff import Backoff
from exporter.feeds.connection import Connection
from exporter.feeds.context import Context
from exporter.feeds.failures import Ended, Reason, explain
from exporter.feeds.rotation import Relay
from exporter.feeds.status import State
from exporter.feeds.subscriptions import Refusals

log = structlog.get_logger()

HARMFUL = frozenset({Reason.FLOOD, Reason.MALFORMED})
PENALTY_S = 5.0
"""A socket that floods costs the others time until it is cut, so that the next one has to wait for longer."""


class Report(msgspec.Struct, frozen=True):
    """The state of one connection since `at_ms`, and why: `reason` for metrics and records, `text` for people.

    For a state worse than live, `at_ms` is the newest proof that the connection delivered: after it nothing is proven.
    """

    state: State
    at_ms: int
    reason: str = ""
    text: str = ""
    retry_in_s: float | None = None


class Shard:
    """Keeps one connection of a feed up, with the instruments assigned to it; `report` hears of every change.

    A failed connection stays down or blocked until it is live again: attempts are not states.
    """

    def __init__(
        self,
        context: Context,
        feed: Feed,
        refusals: Refusals,
        allowance: Allowance,
        report: Callable[[Report], None],
    ) -> None:
        settings = context.settings
        self._context = context
        self._feed = feed
        self._refusals = refusals
        self._allowance = allowance
        self._report = report
        self._instruments: Sequence[str] = ()
        self._backoff = Backoff(settings.backoff_max, settings.stable_after)
        spare = Backoff(settings.backoff_max, settings.stable_after)
        self._relay = Relay(self._open, feed.max_life_s, spare, self._rotated)
        self._labels = {"exchange": context.exchange.name, "feed": feed.name}
        self._state = State.CONNECTING
        self._live_since: float | None = None
        self._lived = 0.0

    def want(self, instruments: Sequence[str]) -> None:
        """Carry these instruments; new ones are subscribed on the open socket."""
        self._instruments = instruments
        for connection in self._relay.running:
            connection.want(instruments)

    async def run(self) -> None:
        """Connect, and connect again, until cancelled."""
        while True:
            self._lived, self._live_since = 0.0, None
            ended = await self._until_end()
            self._count(ended)
            self._pause_lived()
            delay = self._backoff.after(self._lived, random.random())  # noqa: S311 - jitter, not a secret
            if ended.reason in HARMFUL:
                delay += min(PENALTY_S, self._context.settings.backoff_max)
            current = self._relay.current
            at_ms = self._proven(current.last_message_ms if current else 0)
            self._state = ended.state
            self._report(Report(ended.state, at_ms, ended.reason.value, ended.text, delay))
            await asyncio.sleep(delay)

    async def _until_end(self) -> Ended:
        try:
            connection = await self._relay.run()
        except Exception as error:  # noqa: BLE001 - a defect of one exchange must not stop the others
            return explain(error)
        return connection.ended()

    def _proven(self, proof_ms: int) -> int:
        """Return until when the connection delivered: now where it never did, so that there is nothing to take back."""
        return proof_ms if self._state in (State.LIVE, State.SILENT) else time_ns() // 1_000_000

    def _open(self) -> Connection:
        return Connection(self._context, self._feed, self._refusals, self._allowance, self._instruments, self._changed)

    def _changed(self, connection: Connection, state: State) -> None:
        if connection is not self._relay.current or state is self._state:
            return
        if state is State.LIVE:
            self._live_since = monotonic()
            self._report(Report(state, time_ns() // 1_000_000))
        elif self._state in (State.DOWN, State.BLOCKED):
            return
        else:
            self._pause_lived()
            at_ms = self._proven(connection.last_control_ms)
            self._report(Report(state, at_ms, Reason.SILENT.value, "no control messages"))
        self._state = state

    def _pause_lived(self) -> None:
        if self._live_since is not None:
            self._lived = monotonic() - self._live_since
            self._live_since = None

    def _rotated(self, failure: Ended | None) -> None:
        if failure:
            self._count(failure)
            log.warning("rotation failed", **self._labels, reason=failure.text)
            return
        self._context.status.reconnects[Reason.ROTATION.value] += 1
        current = self._relay.current
        if current is not None:
            self._changed(current, current.state)

    def _count(self, ended: Ended) -> None:
        status = self._context.status
        status.reconnects[ended.reason.value] += 1
        status.last_error = f"{self._feed.name}: {ended.text}"
        if ended.reason is Reason.ERROR:
            log.error("feed defect", **self._labels, exc_info=ended.__cause__)
