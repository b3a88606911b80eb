"""Making a backup."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from exporter import __version__
from exporter.backup import database, journal
from exporter.backup.archive import CONFIG, DATABASE, FORMAT, JOURNAL, BackupError, DatabaseFacts, Manifest, pack, part
from exporter.backup.progress import Progress
from exporter.config import Config, dump
from exporter.tables.numbers import count, size


def save(config: Config, journal_file: Path, output: Path | None, *, journal_only: bool, force: bool) -> Manifest:
    """Write an archive of what a configuration names to a file, or to stdout when there is none.

    The exporter may run meanwhile. The file appears when it is complete, readable by its owner alone; raises
    `BackupError`, also when it exists and `force` is not given.
    """
    if output and output.exists() and not force:
        raise BackupError(f"{output} exists; choose another file with --output, or replace it with --force")
    progress = Progress()
    address = "" if journal_only else config.stores.timescale.url
    place = output.parent if output else journal_file.parent
    try:
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=place) as name:
            folder = Path(name)
            found = _save_database(address, folder, progress)
            manifest = _save_journal(config, journal_file, folder, found, progress)
            with _opened(output) as file:
                pack(manifest, folder, file)
    except OSError as error:
        raise BackupError(f"{output or place}: cannot be written: {error.strerror}") from None
    total = sum(each.bytes for each in manifest.parts)
    progress.done("archive", str(output or "stdout"), size(total))
    return manifest


def _save_database(address: str, folder: Path, progress: Progress) -> DatabaseFacts | None:
    if not address:
        return None
    found = asyncio.run(database.facts(address))
    if found is None:
        progress.done("database", "empty, left out")
        return None
    database.dump(address, folder, lambda written: progress.grown("database", written))
    kind = f"TimescaleDB {found.timescale}" if found.timescale else f"PostgreSQL {found.server}"
    progress.done("database", kind, size((folder / DATABASE).stat().st_size))
    return found


def _save_journal(
    config: Config, journal_file: Path, folder: Path, found: DatabaseFacts | None, progress: Progress
) -> Manifest:
    facts = journal.copy(journal_file, folder, lambda share: progress.at("journal", share))
    progress.done("journal", f"{count(facts.events)} events", size((folder / JOURNAL).stat().st_size))
    (folder / CONFIG).write_text(dump(config), encoding="utf-8")
    names = (JOURNAL, CONFIG, DATABASE) if found else (JOURNAL, CONFIG)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return Manifest(FORMAT, __version__, created, facts, found, [part(folder / name) for name in names])


@contextmanager
def _opened(output: Path | None) -> Iterator[BinaryIO]:
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    partial = output.with_name(output.name + ".partial")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(output)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise
