"""What a store is to the follower that feeds it, and what is known about it at any moment.

A store keeps the journal's records in a form of its own, together with a *cursor*: which journal it follows, and up to
which record. The cursor moves in the same transaction as the data, so that a write whose outcome is unknown can be
repeated: a store takes a record that it already has without counting it again.

One exporter writes to a store at a time. It holds a *lease*, which it takes in `connect` and renews with every write;
a write without the lease changes nothing and raises `LeaseLostError`, however long the writer was away.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Protocol

import msgspec

from exporter.errors import UserError
from exporter.histogram import Histogram
from exporter.journal import Telling
from exporter.model import Liquidation, Record

WRITE_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
LEASE_S = 15.0
"""How long a lease lasts without being renewed; by the store's own clock."""


class StoreError(Exception):
    """The root of what a store raises; the message is one line."""


class StoreUnavailableError(StoreError):
    """It does not answer, or not as it should, and that passes: tried again soon."""


class StoreFaultError(StoreError, UserError):
    """Only a person can put it right; the message names the thing and the way out. Tried again, slowly."""


class LeaseHeldError(StoreError):
    """Another exporter writes to the store; the message says which, and since when."""


class LeaseLostError(StoreError):
    """The lease went to another exporter while this one was away; nothing was written."""


class Cursor(msgspec.Struct, frozen=True):
    """A place in a journal: its uuid, a sequence number, and the `mark` of the record there.

    The mark tells a journal from an older copy of itself, which gave the same numbers to other records.
    """

    uuid: str
    seq: int
    mark: str = ""


class Standing(Enum):
    """How a store's cursor relates to the journal."""

    NEW = "new"
    """The store has no cursor."""
    SAME = "same"
    """The store is at a record of this journal and what follows is all there."""
    FOREIGN = "foreign"
    """The store followed another journal."""
    AHEAD = "ahead"
    """The store holds records that this journal does not: the journal is an older copy of itself, put back."""
    BEHIND = "behind"
    """Records that the store lacks are no longer in the journal: the store is an older copy of itself, put back."""


class Holder(msgspec.Struct, frozen=True):
    """Who takes a lease. `since_ms` is when the process started, `journal` the uuid of its journal."""

    host: str
    pid: int
    since_ms: int
    journal: str


class Store(Protocol):
    """One store. The follower calls one method at a time, each with a time limit of its own.

    `connect` comes first, then `resume`, then `write` and `renew`, and after an error always `close` and again
    `connect`. Every method raises a `StoreError`, or whatever its driver raises for a connection that broke (`OSError`,
    `TimeoutError`), and may be cancelled at any point.
    """

    name: str
    """The value of the metrics' label `store`."""
    batch_records: int
    """The most records that one write takes."""

    @property
    def told(self) -> int:
        """Up to which of the journal's tellings the store has everything; known after `resume`."""

    async def connect(self, holder: Holder) -> Cursor | None:
        """Connect, bring the schema up to date, take the lease, return the cursor for the holder's journal.

        A store that keeps one cursor only returns that of the journal it followed last. None: it has none.

        An unexpired lease of another holder is refused with `LeaseHeldError`, except when that is an earlier process
        (smaller `since_ms`) on the same host and journal: two processes never hold one journal, so that one is dead.
        """

    async def resume(self, standing: Standing) -> int:
        """Get ready to follow and return the sequence number after which the store wants records."""

    async def write(self, records: Sequence[Record]) -> None:
        """Take the next records, in the journal's order, the cursor with them, and renew the lease: all or nothing."""

    async def tell(self, tellings: Sequence[Telling]) -> None:
        """Take the next tellings of the signals, `told` with them, and renew the lease: all or nothing."""

    async def renew(self) -> None:
        """Renew the lease while there is nothing to write."""

    async def close(self) -> None:
        """Give the lease back if it is held and the store answers, and disconnect; never raises, soon returns."""


class StoreState(Enum):
    """What a follower is doing."""

    CONNECTING = "connecting"
    FOLLOWING = "following"
    STANDBY = "standby"
    """Another exporter writes to the store."""
    DOWN = "down"
    """The store does not answer; tried again soon."""
    FAULT = "fault"
    """The store refuses; somebody has to change something."""


class StoreStatus:
    """What is known about one store at this moment."""

    def __init__(self) -> None:
        self.state = StoreState.CONNECTING
        self.reason = ""
        """Why it is not being written to; empty while it is."""
        self.cursor_seq: int | None = None
        """Up to which record the store is known to hold everything; None until it has said so."""
        self.lag_events = 0
        """How far the cursor is behind the journal, in records."""
        self.failures = 0
        """Attempts to connect or to write that failed."""
        self.last_success_ms = 0
        """When the last write or renewal succeeded, Unix milliseconds; 0 before the first."""
        self.write_seconds = Histogram(WRITE_BUCKETS)

    @property
    def up(self) -> bool:
        """Whether the store answers; one that has another writer does."""
        return self.state in (StoreState.FOLLOWING, StoreState.STANDBY)

    @property
    def standby(self) -> bool:
        """Whether another exporter writes to the store."""
        return self.state is StoreState.STANDBY

    @property
    def leader(self) -> bool:
        """Whether this exporter is the one that writes to the store."""
        return self.state is StoreState.FOLLOWING


def mark_of(record: Record) -> str:
    """Return the mark of a record: short, and different for different records at the same place."""
    entry = record.entry
    name = entry.id if isinstance(entry, Liquidation) else entry.feed
    return f"{record.applied_ms}:{entry.exchange}:{name}"


def held_by(holder: Holder, since: str) -> str:
    """Say who holds a lease, for `LeaseHeldError`; `since` is a time as people write it."""
    return f"another exporter writes to it: host {holder.host}, process {holder.pid}, since {since}"
