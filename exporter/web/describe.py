"""What is known about exchanges and journal at this moment, in the words that the API and the page use."""

import msgspec

from exporter.exchanges import REGISTRY
from exporter.exchanges.base import Capability, Completeness
from exporter.feeds.status import BackfillStatus, ExchangeStatus, FeedStatus, State
from exporter.gaps import Gap
from exporter.journal import JournalStatus
from exporter.stores import StoreState
from exporter.view import View
from exporter.web.answers import iso, without_folders

GAPS_SHOWN = 20


class JournalPart(msgspec.Struct, frozen=True):
    """Whether received events become durable, and how many wait or were lost."""

    up: bool
    error: str
    queued_events: int
    dropped_events: int
    size_bytes: int
    last_seq: int


class StorePart(msgspec.Struct, frozen=True):
    """How a store is doing; `reason` says why it is not being written to, `lag_events` what it does not have yet."""

    state: StoreState
    reason: str
    lag_events: int
    last_success_ms: int


class ExchangePart(msgspec.Struct, frozen=True):
    """An exchange in one line."""

    exchange: str
    title: str
    state: State
    reason: str
    starting: bool
    since_ms: int
    """Since when its worst feed is in this state, 0 when it never was in another."""
    completeness: Completeness
    price_kind: str
    note: str
    last_message_ms: int
    last_event_ms: int
    pending_events: int


class FeedPart(msgspec.Struct, frozen=True):
    """One product line: its state, and that of each of its connections."""

    feed: str
    state: State
    reason: str
    since: str | None
    since_ms: int
    instruments: int
    connections: dict[int, State]


class GapPart(msgspec.Struct, frozen=True):
    """A span without full coverage, `until` null while it lasts; `filled_seconds` of it were asked for afterwards."""

    since: str | None
    since_ms: int
    until: str | None
    until_ms: int | None
    reason: str
    filled_seconds: float


class BackfillPart(msgspec.Struct, frozen=True):
    """Outages that wait to be asked for, calls left of the running back-fill, and why the newest one failed."""

    waiting_outages: int
    pending_requests: int
    last_error: str


class Times(msgspec.Struct, frozen=True):
    """When something last arrived; null when nothing has since the process started."""

    message: str | None
    message_ms: int | None
    control: str | None
    control_ms: int | None
    event: str | None
    event_ms: int | None


class Counters(msgspec.Struct, frozen=True):
    """What its sockets have counted since the process started."""

    frames: int
    parse_errors: int
    unknown_frames: int
    duplicates: int
    late_events: int
    backfilled_events: int
    quarantined: dict[str, int]
    excluded: dict[str, int]
    reconnects: dict[str, int]


class ExchangeDetail(msgspec.Struct, frozen=True):
    """Everything about one exchange."""

    exchange: str
    title: str
    state: State
    reason: str
    starting: bool
    completeness: Completeness
    capability: Capability
    feeds: list[FeedPart]
    last: Times
    clock_offset_s: float
    counters: Counters
    pending_events: int
    instruments_read: str | None
    instruments_error: str
    gap_seconds: float
    filled_gap_seconds: float
    gaps: list[GapPart]
    backfill: BackfillPart
    last_error: str


def is_starting(status: ExchangeStatus) -> bool:
    """Tell whether no connection of this exchange has ever come to anything, good or bad."""
    untried = all(feed.state is State.CONNECTING for feed in status.feeds.values())
    return untried and not status.last_message_ms and not status.reconnects


def journal_part(status: JournalStatus) -> JournalPart:
    """Describe the journal."""
    error = without_folders(status.error)
    return JournalPart(status.up, error, status.queued, status.dropped, status.size_bytes, status.last_seq)


def store_parts(view: View) -> dict[str, StorePart]:
    """Describe every configured store."""
    return {
        name: StorePart(each.state, without_folders(each.reason), each.lag_events, each.last_success_ms)
        for name, each in view.stores.items()
    }


def exchange_parts(view: View) -> list[ExchangePart]:
    """Describe every exchange that is listened to, in one line each."""
    return [_exchange_part(status) for status in view.exchanges.values()]


def exchange_details(view: View, now_ms: int) -> list[ExchangeDetail]:
    """Describe every exchange that is listened to, in full."""
    return [_exchange_detail(view, status, now_ms) for status in view.exchanges.values()]


def _exchange_part(status: ExchangeStatus) -> ExchangePart:
    exchange = REGISTRY[status.exchange]
    return ExchangePart(
        status.exchange,
        exchange.title,
        status.state,
        without_folders(status.reason),
        is_starting(status),
        max((feed.since_ms for feed in status.feeds.values() if feed.state is status.state), default=0),
        exchange.capability.completeness,
        exchange.capability.price_kind,
        exchange.capability.note,
        status.last_message_ms,
        status.last_event_ms,
        status.pending_events,
    )


def _exchange_detail(view: View, status: ExchangeStatus, now_ms: int) -> ExchangeDetail:
    exchange = REGISTRY[status.exchange]
    return ExchangeDetail(
        status.exchange,
        exchange.title,
        status.state,
        without_folders(status.reason),
        is_starting(status),
        exchange.capability.completeness,
        exchange.capability,
        [_feed_part(feed) for feed in status.feeds.values()],
        _times(status),
        status.clock_offset_s,
        _counters(status),
        status.pending_events,
        iso(status.instruments_ms),
        without_folders(status.instruments_error),
        view.gaps.seconds(status.exchange, now_ms),
        view.gaps.filled_seconds(status.exchange),
        [_gap_part(gap) for gap in view.gaps.newest(status.exchange)[:GAPS_SHOWN]],
        _backfill_part(status.backfill),
        without_folders(status.last_error),
    )


def _feed_part(feed: FeedStatus) -> FeedPart:
    reason = without_folders(feed.reason)
    since = iso(feed.since_ms)
    return FeedPart(feed.name, feed.state, reason, since, feed.since_ms, feed.instruments, dict(feed.connections))


def _gap_part(gap: Gap) -> GapPart:
    reason, filled_s = without_folders(gap.reason), gap.filled_ms / 1000
    return GapPart(iso(gap.from_ms), gap.from_ms, iso(gap.until_ms), gap.until_ms, reason, filled_s)


def _backfill_part(status: BackfillStatus) -> BackfillPart:
    return BackfillPart(status.waiting, status.requests, without_folders(status.last_error))


def _times(status: ExchangeStatus) -> Times:
    message, control, event = status.last_message_ms, status.last_control_ms, status.last_event_ms
    return Times(iso(message), message or None, iso(control), control or None, iso(event), event or None)


def _counters(status: ExchangeStatus) -> Counters:
    return Counters(
        status.frames,
        status.parse_errors,
        status.unknown_frames,
        status.duplicates,
        status.late_events,
        status.backfilled_events,
        dict(status.quarantined),
        dict(status.excluded),
        dict(status.reconnects),
    )
