"""`export`: the journal as an event file or as a dump, while the exporter runs or not."""

import sqlite3
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from exporter.config import Config
from exporter.errors import UserError
from exporter.exchanges.reading import NEWEST_MS
from exporter.folder import JOURNAL_FILE
from exporter.interchange import dump_line, event_line
from exporter.journal import Database
from exporter.tables.numbers import count

PROGRESS_LINES = 10_000


def execute(options: Namespace, load: Callable[[], Config]) -> int:
    """Write the journal's records as JSON lines."""
    since, until = options.since or 0, options.until or NEWEST_MS
    if since >= until:
        raise UserError("--since is not before --until")
    path = load().data.dir / JOURNAL_FILE
    database = Database(path, readonly=True)
    try:
        lines = (events if options.format == "events" else dump)(database, since, until)
        write(lines, options.output)
    except sqlite3.Error as error:
        raise UserError(f"{path}: cannot be read: {error}") from None
    finally:
        database.close()
    return 0


def events(database: Database, since_ms: int, until_ms: int) -> Iterator[bytes]:
    """Return the events of a span of time, in the order in which they happened, which is what `replay` reads."""
    return map(event_line, database.events_by_time(since_ms, until_ms))


def dump(database: Database, since_ms: int, until_ms: int) -> Iterator[bytes]:
    """Return the records that were applied in a span of time, in the journal's order.

    What was up when it begins comes first, as of its first record: without that a replay would take all feeds for down.
    """
    first = True
    for record in database.records(_last_before(database, since_ms)):
        if record.applied_ms >= until_ms:
            return
        if first:
            for state in database.feed_states(record.seq):
                yield dump_line(msgspec.structs.replace(state, applied_ms=record.applied_ms))
            first = False
        yield dump_line(record)


def write(lines: Iterator[bytes], output: Path | None) -> None:
    """Write to a file, or to stdout when there is none; a file appears when it is complete and not before."""
    try:
        if output:
            with _replacing(output) as file:
                _write_with_progress(lines, file, output)
        else:
            sys.stdout.buffer.writelines(lines)
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UserError(f"{output or 'stdout'}: cannot be written: {error.strerror}") from None


def _last_before(database: Database, since_ms: int) -> int:
    """Return the sequence number after which the records apply at `since_ms` or later: they apply in order."""
    low, high = 0, database.last_seq
    while low < high:
        middle = (low + high) // 2
        found = database.read(middle, 1)
        if not found or found[0].applied_ms >= since_ms:
            high = middle
        else:
            low = found[0].seq
    return low


@contextmanager
def _replacing(output: Path) -> Iterator[BinaryIO]:
    partial = output.with_name(output.name + ".partial")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(output)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise


def _write_with_progress(lines: Iterator[bytes], file: BinaryIO, output: Path) -> None:
    """Count along on stderr when somebody watches."""
    watched, started, number = sys.stderr.isatty(), time.monotonic(), 0
    for number, line in enumerate(lines, 1):
        file.write(line)
        if watched and number % PROGRESS_LINES == 0:
            sys.stderr.write(f"\r{count(number)} lines")
    if watched:
        sys.stderr.write(f"\r{count(number)} lines in {time.monotonic() - started:.1f} s to {output}\n")
