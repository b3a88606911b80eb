"""Many events into the journal's table with few statements.

SQLite gives the interpreter's lock away for each statement and has to get it back. With one statement an event
(`executemany`), a commit beside a busy thread, such as the one that renders a scrape, would wait for it as many times.
"""

import sqlite3
from collections.abc import Sequence
from itertools import chain

from exporter.journal.schema import EVENT_COLUMNS

_COLUMNS = ("seq", "applied_ms", *EVENT_COLUMNS)


def insert_statement(rows: int) -> str:
    """Return the statement that inserts so many events and ignores repetitions; it takes all their values in order."""
    row = f"({', '.join('?' * len(_COLUMNS))})"
    values = ", ".join([row] * rows)
    return f"INSERT INTO events ({', '.join(_COLUMNS)}) VALUES {values} ON CONFLICT (exchange, id) DO NOTHING"  # noqa: S608 - our own column names


_STATEMENTS = {rows: insert_statement(rows) for rows in (1024, 256, 64, 16, 4, 1)}
"""By how many events they insert; the largest has 19,456 values, of the 32,766 that SQLite takes."""


def insert_events(database: sqlite3.Connection, events: Sequence[tuple[object, ...]]) -> int:
    """Insert events as rows of the table, in order, and ignore repetitions; returns how many were new."""
    before, done = database.total_changes, 0
    for rows, statement in _STATEMENTS.items():
        while len(events) - done >= rows:
            values = list(chain.from_iterable(events[done : done + rows]))
            database.execute(statement, values)
            done += rows
    return database.total_changes - before
