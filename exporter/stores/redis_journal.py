"""What Redis should hold, read from the journal. Everything here reads a file: it runs in threads."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exporter.journal import Database, JournalError
from exporter.model import Liquidation, Record
from exporter.stores.base import Cursor, StoreUnavailableError, mark_of
from exporter.stores.redis_contents import Contents, as_of_checkpoint

RECENT_EVENTS = 10_000
"""What the stream keeps, at least."""
PAGE = 5000
NO_MINUTES = 1 << 60
"""The ledger's minute buckets are not wanted."""


def contents_at(path: Path, cursor: Cursor, known: Contents | None) -> Contents | None:
    """Return the contents as of a cursor; None when the journal has them only for a later record.

    `known` are the contents at an earlier time; they change.
    """
    with _reading(path, cursor.uuid) as database:
        contents = known
        if contents is None or contents.journal != cursor.uuid or contents.seq > cursor.seq:
            contents = as_of_checkpoint(cursor.uuid, database.checkpoint(NO_MINUTES))
        if contents.seq > cursor.seq:
            return None
        _advance(contents, database, cursor.seq)
    contents.seq, contents.mark = cursor.seq, cursor.mark
    return contents


def newest_contents(path: Path, uuid: str, after: int) -> tuple[Contents, list[tuple[int, Liquidation]]]:
    """Return the newest contents, and the newest events up to there that come after the record `after`."""
    with _reading(path, uuid) as database:
        contents = as_of_checkpoint(uuid, database.checkpoint(NO_MINUTES))
        for record in database.read(contents.seq - 1, 1):
            contents.mark = mark_of(record) if record.seq == contents.seq else ""
        _advance(contents, database, None)
        newest = database.newest({}, RECENT_EVENTS, contents.seq)
    events = [
        (record.seq, record.entry)
        for record in reversed(newest)
        if isinstance(record.entry, Liquidation) and after < record.seq <= contents.seq
    ]
    return contents, events


@contextmanager
def _reading(path: Path, uuid: str) -> Iterator[Database]:
    try:
        database = Database(path, readonly=True)
        try:
            if database.uuid != uuid:
                raise StoreUnavailableError(f"{path} is another journal than before")
            yield database
        finally:
            database.close()
    except (sqlite3.Error, JournalError) as error:
        raise StoreUnavailableError(f"what it should hold cannot be read from the journal: {error}") from None


def _advance(contents: Contents, database: Database, last_seq: int | None) -> None:
    """Take the records up to `last_seq`, or all there are (None)."""
    while page := _page(database, contents.seq):
        wanted = [record for record in page if last_seq is None or record.seq <= last_seq]
        if not wanted:
            return
        contents.advance(wanted)


def _page(database: Database, after_seq: int) -> list[Record]:
    with database.snapshot():  # events and feed changes are two tables: read them as of one commit
        return database.read(after_seq, PAGE)
