"""The journal's copy: taken while the exporter writes, compressed, and put back."""

import gzip
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from exporter.backup.archive import CHUNK, JOURNAL, BackupError, JournalFacts
from exporter.journal import Database, JournalError
from exporter.journal.schema import VERSION

PAGES = 4096
COMPRESSION = 3
"""A third of the time of gzip's usual level, for a tenth more bytes."""
Progress = Callable[[float], None]
"""Told which share is done, from 0 to 1."""


def copy(journal: Path, folder: Path, progress: Progress) -> JournalFacts:
    """Write a compressed copy of a journal into a folder, as of one instant; raises `JournalError`, `BackupError`."""
    Database(journal, readonly=True).close()  # says what is wrong with the file, if anything is
    plain = folder / "journal.db"
    try:
        _copy_pages(journal, plain, progress)
        facts = _examined(plain)
    except sqlite3.Error as error:
        raise BackupError(f"{journal}: cannot be copied: {error}") from None
    with plain.open("rb") as source, gzip.open(folder / JOURNAL, "wb", COMPRESSION) as target:
        shutil.copyfileobj(source, target, CHUNK)
    plain.unlink()
    return facts


def unpacked(folder: Path, facts: JournalFacts) -> Path:
    """Return the journal of an archive that was unpacked into a folder, as a file that can be used."""
    plain = folder / "journal.db"
    try:
        with gzip.open(folder / JOURNAL, "rb") as source, plain.open("wb") as target:
            shutil.copyfileobj(source, target, CHUNK)
        found = _examined(plain)
    except (OSError, EOFError, sqlite3.Error, JournalError) as error:
        raise BackupError(f"the journal in the archive cannot be used: {error}") from None
    if found != facts:
        raise BackupError("the journal in the archive is not the one that its manifest describes")
    return plain


def place(plain: Path, journal: Path) -> None:
    """Put a journal where the exporter looks for it; it is there whole, or not at all."""
    for suffix in ("-wal", "-shm"):  # of the one it replaces: its records would be taken for this one's
        journal.with_name(journal.name + suffix).unlink(missing_ok=True)
    plain.replace(journal)


def _copy_pages(journal: Path, plain: Path, progress: Progress) -> None:
    with closing(sqlite3.connect(f"{journal.absolute().as_uri()}?mode=ro", uri=True)) as source:
        source.isolation_level = None
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM meta").fetchone()  # one state for all pages: writers start nothing over
        with closing(sqlite3.connect(plain)) as target:
            source.backup(target, pages=PAGES, progress=lambda _, left, total: progress(1 - left / max(1, total)))


def _examined(plain: Path) -> JournalFacts:
    """Check every page of a copy and tell what it is; what stays of it is one file."""
    with closing(sqlite3.connect(plain, isolation_level=None)) as db:
        (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"it is damaged: {verdict}")
        (events,) = db.execute("SELECT count(*) FROM events").fetchone()
    database = Database(plain)
    try:
        return JournalFacts(database.uuid, VERSION, database.last_seq, int(events))
    finally:
        database.close()
