"""The data folder: made when missing, and held by one exporter at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exporter.errors import UserError

JOURNAL_FILE = "journal.db"


class InUseError(UserError):
    """Another exporter holds the folder."""


@contextmanager
def held(folder: Path) -> Iterator[Path]:
    """Hold the folder for the duration of the block; raises `UserError` when it can not be, `InUseError` when it is."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise UserError(
            f"data folder {folder}: cannot be written ({error.strerror}); choose another with --data.dir"
        ) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InUseError(
                f"data folder {folder}: another exporter is using it; stop it or choose another with --data.dir"
            ) from None
        yield folder
    finally:
        os.close(handle)
