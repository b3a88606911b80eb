"""How records become the arguments of the one statement that writes a batch."""

from collections.abc import Sequence

import msgspec

from exporter.levels import bucket
from exporter.model import FeedChange, Liquidation, Record

_EVENT = {
    "time": "bigint",
    "received": "bigint",
    "exchange": "text",
    "instrument": "text",
    "base": "text",
    "quote": "text",
    "settle": "text",
    "kind": "text",
    "side": "text",
    "price": "float8",
    "price_kind": "text",
    "quantity": "float8",
    "quantity_unit": "text",
    "base_quantity": "float8",
    "notional_usd": "float8",
    "id": "text",
    "origin": "text",
    "usd_rate": "float8",
}
"""The columns of an event in the order of `Liquidation`'s fields; times travel as Unix milliseconds."""
_CHANGE = {
    "seq": "bigint",
    "time": "bigint",
    "exchange": "text",
    "feed": "text",
    "up": "boolean",
    "reason": "text",
}
_LATE = "clock_timestamp() - interval '2 minutes'"
"""What is older when it arrives may be behind the aggregates' refresh, which stays 5 minutes behind."""


def _unnest(columns: dict[str, str], first: int) -> str:
    arrays = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(columns.values(), first))
    return f"unnest({arrays}) AS rows ({', '.join(columns)})"


def _instant(name: str) -> str:
    return f"to_timestamp({name}::float8 / 1000)"


def _write_statement() -> str:
    """Compose the statement; the fencing is in it: without the lease nothing below `lease` has rows to write."""
    event = [*_EVENT, "level"]
    first_change = 8 + len(event)
    values = [_instant(name) if name in ("time", "received") else name for name in event]
    change = [_instant("time") if name == "time" else name for name in _CHANGE]
    earliest, latest = _instant("$6::bigint"), _instant("$7::bigint")
    return f"""
WITH lease AS (
    UPDATE exporter_state SET
        expires = clock_timestamp() + $2::float8 * interval '1 second',
        dirty_from = CASE WHEN {earliest} < {_LATE} THEN least(dirty_from, {earliest}) ELSE dirty_from END,
        dirty_until = CASE WHEN {earliest} < {_LATE} THEN greatest(dirty_until, {latest}) ELSE dirty_until END,
        dirty_batches = dirty_batches + coalesce({earliest} < {_LATE}, false)::int
    WHERE token = $1
    RETURNING dropped_before
), new_events AS (
    INSERT INTO liquidations ({", ".join(event)})
    SELECT {", ".join(values)}
    FROM {_unnest(_EVENT | {"level": "integer"}, 8)}, lease
    WHERE dropped_before IS NULL OR {_instant("time")} >= dropped_before
    ON CONFLICT DO NOTHING
), new_changes AS (
    INSERT INTO feed_changes (journal, {", ".join(_CHANGE)})
    SELECT $3, {", ".join(change)}
    FROM {_unnest(_CHANGE, first_change)}, lease
    ON CONFLICT DO NOTHING
), cursor AS (
    INSERT INTO exporter_cursors (journal, seq, mark, moved)
    SELECT $3, $4, $5, clock_timestamp() FROM lease
    ON CONFLICT (journal) DO UPDATE SET seq = excluded.seq, mark = excluded.mark, moved = excluded.moved
)
SELECT (extract(epoch FROM dropped_before) * 1000)::bigint AS dropped_before_ms FROM lease
"""  # noqa: S608 - our own column names


WRITE = _write_statement()
"""Arguments: token, seconds that the lease lasts, journal, seq, mark, earliest and latest event time (ms), arrays."""


def arrays(records: Sequence[Record]) -> tuple[int | None, int | None, list[Sequence[object]]]:
    """Return earliest and latest event time and one array per column: events first, then feed changes."""
    events = [record.entry for record in records if type(record.entry) is Liquidation]
    changes = [(record.seq, record.entry) for record in records if type(record.entry) is FeedChange]
    columns: list[Sequence[object]] = _columns([msgspec.structs.astuple(event) for event in events], len(_EVENT))
    columns.append([bucket(event.notional_usd / event.base_quantity) for event in events])
    columns += _columns([(seq, *msgspec.structs.astuple(change)) for seq, change in changes], len(_CHANGE))
    times = [event.time_ms for event in events]
    return min(times, default=None), max(times, default=None), columns


def without_nul(columns: list[Sequence[object]]) -> list[Sequence[object]]:
    """Replace the one character that PostgreSQL cannot store."""
    return [[value.replace("\0", "�") if isinstance(value, str) else value for value in column] for column in columns]


def _columns(rows: Sequence[tuple[object, ...]], count: int) -> list[Sequence[object]]:
    return list(zip(*rows, strict=True)) if rows else [()] * count
