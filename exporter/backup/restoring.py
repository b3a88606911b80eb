"""Putting a backup back."""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from exporter.backup import database, journal
from exporter.backup.archive import CONFIG, DATABASE, BackupError, Manifest, unpack
from exporter.backup.progress import Progress
from exporter.config import Config
from exporter.folder import held
from exporter.journal.schema import VERSION
from exporter.tables.numbers import count, size

SAVED_CONFIG = "config.restored.yaml"


def restore(config: Config, journal_name: str, source: Path | None, *, journal_only: bool, force: bool) -> Manifest:
    """Put an archive, from a file or from stdin, back to where a configuration says.

    Nothing is touched before every part of it has been checked. The exporter must not run. Raises `BackupError`, also
    when there is a journal, or a database with tables, and `force` is not given.
    """
    progress = Progress()
    with held(config.data.dir) as data:
        target = data / journal_name
        if target.exists() and not force:
            raise BackupError(f"{target} exists; choose another folder with --data.dir, or replace it with --force")
        try:
            with tempfile.TemporaryDirectory(prefix=".restore-", dir=data) as name:
                return _restore(config, target, source, Path(name), progress, journal_only=journal_only, force=force)
        except OSError as error:
            raise BackupError(f"{error.filename or data}: {error.strerror}") from None


def _restore(
    config: Config,
    target: Path,
    source: Path | None,
    folder: Path,
    progress: Progress,
    *,
    journal_only: bool,
    force: bool,
) -> Manifest:
    with _opened(source) as file:
        manifest = unpack(file, folder)
    progress.done("archive", f"of {manifest.created}, version {manifest.version}", "checksums are right")
    if manifest.journal.schema != VERSION:
        raise BackupError(
            f"the journal in the archive has schema {manifest.journal.schema}, this version knows {VERSION}; "
            f"restore it with version {manifest.version}"
        )
    plain = journal.unpacked(folder, manifest.journal)
    if manifest.database and not journal_only:
        _restore_database(config.stores.timescale.url, folder, manifest, progress, force=force)
    journal.place(plain, target)
    progress.done("journal", f"{count(manifest.journal.events)} events", str(target))
    saved = folder / CONFIG
    saved.replace(target.with_name(SAVED_CONFIG))
    progress.done("config", f"as it was, without secrets, is in {target.with_name(SAVED_CONFIG)}")
    return manifest


def _restore_database(address: str, folder: Path, manifest: Manifest, progress: Progress, *, force: bool) -> None:
    wanted = manifest.database
    assert wanted  # noqa: S101 - the caller has looked
    if not address:
        raise BackupError(
            "the archive has a database: say where to with stores.timescale.url, or leave it out with --journal-only"
        )
    asyncio.run(database.prepare(address, wanted, force=force))
    progress.done("database", f"restoring {size((folder / DATABASE).stat().st_size)}, which can take long")
    asyncio.run(database.load(address, folder, wanted))
    progress.done("database", f"restored, owned by {wanted.owner}")


@contextmanager
def _opened(source: Path | None) -> Iterator[BinaryIO]:
    if source is None:
        yield sys.stdin.buffer
        return
    with source.open("rb") as file:
        yield file
