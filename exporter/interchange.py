"""The two file forms that commands exchange, both JSON lines.

An *event file* holds one `Liquidation` a line, sorted by `time_ms`; further keys (the simulator's `certain`) are left
alone. A *journal dump* holds one record of the journal a line, in the journal's order: `{"seq", "applied_ms", "event"}`
or `{"seq", "applied_ms", "feed_change"}`.
"""

from collections.abc import Iterable, Iterator
from heapq import merge
from operator import attrgetter

import msgspec

from exporter.errors import UserError
from exporter.exchanges.reading import DECODE_ERRORS, NEWEST_MS
from exporter.model import FeedChange, Liquidation, Record

HORIZON_MS = 24 * 3_600_000
"""How far apart, in event time, two files may put the same event."""


class _DumpLine(msgspec.Struct, frozen=True, omit_defaults=True):
    seq: int
    applied_ms: int
    event: Liquidation | None = None
    feed_change: FeedChange | None = None


class _Probe(msgspec.Struct, frozen=True):
    """Just enough of a line to tell a dump from an event file."""

    event: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    feed_change: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Unusable(Exception):  # noqa: N818 - never leaves this file; its argument is what is wrong with a line
    """A line that cannot be used."""


_encode = msgspec.json.Encoder().encode
_decode_event = msgspec.json.Decoder(Liquidation).decode
_decode_dump_line = msgspec.json.Decoder(_DumpLine).decode


def event_line(event: Liquidation) -> bytes:
    """Write a line of an event file."""
    return _encode(event) + b"\n"


def dump_line(record: Record) -> bytes:
    """Write a line of a journal dump."""
    entry = record.entry
    if isinstance(entry, Liquidation):
        return _encode(_DumpLine(record.seq, record.applied_ms, event=entry)) + b"\n"
    return _encode(_DumpLine(record.seq, record.applied_ms, feed_change=entry)) + b"\n"


def read(name: str, lines: Iterable[bytes]) -> Iterator[Record]:
    """Read a file of either form; `name` is for messages.

    The records of an event file carry the line's number as `seq`, and the `applied_ms` that the journal would have
    given them. Raises `UserError`, naming the line and what to do, at the first line that is malformed, cut off or out
    of order.
    """
    reader: _Reader | None = None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            reader = reader or _reader(line)
            yield reader.record(number, line)
        except _Unusable as problem:
            raise UserError(f"{name}: line {number} {problem}") from None
        except DECODE_ERRORS as error:
            if not line.endswith(b"\n"):
                raise UserError(
                    f"{name}: line {number} is cut off; copy the file again, or delete this last line"
                ) from None
            raise UserError(f"{name}: line {number} is not {_expected(reader)}: {_explain(error)}") from None


def combined(sources: Iterable[Iterator[Record]]) -> Iterator[Record]:
    """Merge files by the instant their records apply, and take an event that is there several times only once.

    Repetitions are recognised by exchange and id, over `HORIZON_MS` at least, so that overlapping files add up right.
    """
    recent: set[tuple[str, str]] = set()
    before: set[tuple[str, str]] = set()
    turn_ms = 0
    for record in merge(*sources, key=attrgetter("applied_ms")):
        if record.applied_ms >= turn_ms:
            recent, before, turn_ms = set(), recent, record.applied_ms + HORIZON_MS
        if isinstance(record.entry, Liquidation):
            identity = (record.entry.exchange, record.entry.id)
            if identity in recent or identity in before:
                continue
            recent.add(identity)
        yield record


class _Events:
    """Reads an event file and keeps its order."""

    form = "a liquidation event, one JSON object a line"

    def __init__(self) -> None:
        self._time_ms = 0
        self._applied_ms = 0

    def record(self, number: int, line: bytes) -> Record:
        event = _sound(_decode_event(line))
        if event.time_ms < self._time_ms:
            raise _Unusable("is earlier than the line before it; sort the file by time_ms")
        self._time_ms = event.time_ms
        self._applied_ms = max(self._applied_ms, min(event.time_ms, event.received_ms))
        return Record(number, self._applied_ms, event)


class _Dump:
    """Reads a journal dump and keeps its order."""

    form = "a record of a journal dump"

    def __init__(self) -> None:
        self._seq = 0
        self._applied_ms = 0

    def record(self, _number: int, line: bytes) -> Record:
        row = _decode_dump_line(line)
        if (row.event is None) == (row.feed_change is None):
            raise _Unusable("holds neither an event nor a feed change; dumps and event files cannot be joined")
        if row.seq <= self._seq or row.applied_ms < self._applied_ms:
            raise _Unusable("is not in the journal's order; export the dump again, or sort it by seq")
        self._seq, self._applied_ms = row.seq, row.applied_ms
        return Record(row.seq, row.applied_ms, _sound(row.event) if row.event else row.feed_change)  # type: ignore[arg-type]  # one of them is there


_Reader = _Events | _Dump


def _reader(line: bytes) -> _Reader:
    """Choose the form by the first line."""
    probe = msgspec.json.decode(line, type=_Probe)
    plain = probe.event is msgspec.UNSET and probe.feed_change is msgspec.UNSET
    return _Events() if plain else _Dump()


def _sound(event: Liquidation) -> Liquidation:
    """Refuse what no exchange could have reported, before it reaches a sum."""
    if not 0 <= event.time_ms < NEWEST_MS:
        raise _Unusable(f"has time_ms {event.time_ms}, which is not in Unix milliseconds")
    for name in ("price", "quantity", "base_quantity", "notional_usd", "usd_rate"):
        if getattr(event, name) < 0:
            raise _Unusable(f"has a negative {name}")
    return event


def _expected(reader: _Reader | None) -> str:
    return reader.form if reader else "a liquidation event or a record of a journal dump, one JSON object a line"


def _explain(error: Exception) -> str:
    text = str(error)
    if text.startswith("Expected") and "got `null`" in text:
        return f"{text}; decode it again with --instruments"
    return text
