"""The feed changes as the journal keeps them: those of the retention, the newest of each feed, sums of the others."""

import sqlite3
from collections.abc import Iterator, Mapping

import msgspec

from exporter.model import FILLED, FeedChange, PastChanges, Record

_FORGET = """
DELETE FROM feed_changes WHERE exchange = :exchange AND seq <= :seq AND seq NOT IN (
    SELECT max(seq) FROM feed_changes WHERE exchange = :exchange AND seq <= :seq AND NOT (up AND reason = :filled)
    GROUP BY feed
)
"""
"""The newest change of a feed stays, because it says whether the feed was up when what follows begins."""


def read_changes(db: sqlite3.Connection) -> Iterator[tuple[int, int, FeedChange]]:
    """Iterate over all feed changes, oldest first: sequence number, when it was applied (ms), and the change."""
    rows = db.execute("SELECT seq, applied_ms, time_ms, exchange, feed, up, reason FROM feed_changes ORDER BY seq")
    for seq, applied_ms, time_ms, exchange, feed, up, reason in rows:
        yield seq, applied_ms, FeedChange(time_ms, exchange, feed, bool(up), reason)


def read_states(db: sqlite3.Connection, before_seq: int) -> list[Record]:
    """Return the newest change of every feed before a sequence number, oldest first; filled outages are none."""
    rows = db.execute(
        "SELECT max(seq), applied_ms, time_ms, exchange, feed, up, reason FROM feed_changes "
        "WHERE seq < ? AND NOT (up AND reason = ?) GROUP BY exchange, feed ORDER BY 1",
        (before_seq, FILLED),
    )
    return [
        Record(seq, applied_ms, FeedChange(time_ms, exchange, feed, bool(up), reason))
        for seq, applied_ms, time_ms, exchange, feed, up, reason in rows
    ]


def read_past(db: sqlite3.Connection) -> dict[str, PastChanges]:
    """Return what was forgotten of each exchange, in sums."""
    row = db.execute("SELECT value FROM meta WHERE key = 'past_changes'").fetchone()
    return msgspec.json.decode(row[0], type=dict[str, PastChanges]) if row else {}


def read_settled(db: sqlite3.Connection, before_ms: int, last_seq: int) -> Iterator[tuple[int, FeedChange]]:
    """Iterate over the changes applied before an instant, up to a record, that no sum contains: number and change."""
    past = read_past(db)
    for seq, applied_ms, change in read_changes(db):
        if applied_ms >= before_ms or seq > last_seq:
            return
        if change.exchange not in past or seq > past[change.exchange].seq:
            yield seq, change


def forget_changes(db: sqlite3.Connection, past: Mapping[str, PastChanges]) -> None:
    """Delete what is in the sums; the caller's transaction makes it one with them."""
    for exchange, sums in past.items():
        db.execute(_FORGET, {"exchange": exchange, "seq": sums.seq, "filled": FILLED})
    db.execute("INSERT OR REPLACE INTO meta VALUES ('past_changes', ?)", (msgspec.json.encode(past).decode(),))
