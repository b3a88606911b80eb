"""What is known about each exchange's feeds at this moment: the one source of the feed metrics, the API and the page.

Plain fields, written by the feeds on the event loop, read by whoever renders them.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

import msgspec

from exporter.histogram import Histogram

DELAY_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class State(StrEnum):
    """The states of a connection, from best to worst."""

    LIVE = "live"
    SILENT = "silent"
    CONNECTING = "connecting"
    DOWN = "down"
    BLOCKED = "blocked"


_RANK = {state: rank for rank, state in enumerate(State)}


class FeedStatus:
    """One feed (product line): the state of each of its connections, by the connection's number."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.connections: dict[int, State] = {}
        self.instruments = 0
        self.since_ms = 0
        self.reason = ""

    @property
    def state(self) -> State:
        """The worst state among the connections; a feed without any is still connecting."""
        return max(self.connections.values(), key=_RANK.__getitem__, default=State.CONNECTING)


class Shortfall(msgspec.Struct, frozen=True):
    """What could not be had of the past: of a feed, about what (empty: everything), from when until when, and why."""

    feed: str
    about: str
    from_ms: int
    until_ms: int
    reason: str


class Tally(msgspec.Struct):
    """How asking for the past goes: calls made and left, what they have found, and what is missing all the same.

    `found` counts the different liquidations in the answers. `recorded` of them are new, `waiting` wait for their
    instrument or a rate, `left_out` are not of a class that counts; the others were known.
    """

    requests: int = 0
    left: int = 0
    found: int = 0
    recorded: int = 0
    waiting: int = 0
    left_out: int = 0
    missing: list[Shortfall] = []


class BackfillStatus:
    """How an exchange's back-fill is doing: outages that wait for their turn, and why the newest failed one did."""

    def __init__(self) -> None:
        self.waiting = 0
        self.last_error = ""
        self._running: list[Tally] = []

    @property
    def requests(self) -> int:
        """The calls left of what is being asked for."""
        return sum(tally.left for tally in self._running)

    @contextmanager
    def counting(self, tally: Tally) -> Iterator[None]:
        """Count what is asked for during the block."""
        self._running = [*self._running, tally]
        try:
            yield
        finally:
            self._running = [each for each in self._running if each is not tally]


class ExchangeStatus:
    """One exchange: its feeds and what their sockets have counted since the process started.

    Times are Unix milliseconds, 0 when there was none yet. Counters only grow.
    """

    def __init__(self, exchange: str, feeds: list[str]) -> None:
        self.exchange = exchange
        self.feeds = {name: FeedStatus(name) for name in feeds}
        self.instruments_ms = 0
        self.instruments_error = ""
        self.last_message_ms = 0
        self.last_control_ms = 0
        self.last_event_ms = 0
        self.clock_offset_s = 0.0
        self.frames = 0
        self.parse_errors = 0
        self.unknown_frames = 0
        self.late_events = 0
        self.duplicates = 0
        self.backfilled_events = 0
        self.pending_events = 0
        self.quarantined: Counter[str] = Counter()
        self.excluded: Counter[str] = Counter()
        """What was left out of the totals, by what it was: another asset class, or no liquidation."""
        self.reconnects: Counter[str] = Counter()
        self.backfill = BackfillStatus()
        self.delay = Histogram(DELAY_BUCKETS)
        self.mark_prices: dict[str, float] = {}
        """USD per plain base unit, by base, of the main coins."""
        self.last_prices: dict[str, float] = {}
        """The same, of the newest liquidation."""
        self.last_error = ""

    @property
    def state(self) -> State:
        """The worst state among the feeds."""
        return max((feed.state for feed in self.feeds.values()), key=_RANK.__getitem__)

    @property
    def reason(self) -> str:
        """Why the worst feed is not live; empty when all are."""
        worst = max(self.feeds.values(), key=lambda feed: _RANK[feed.state])
        return worst.reason if worst.state is not State.LIVE else ""
