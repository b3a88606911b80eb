"""The journal's room on its disk: what it takes, what is left, and whether a failure is the lack of it."""

import errno
import shutil
import sqlite3
from pathlib import Path

DISK_FULL = "the disk is full: make room on it, and everything goes on by itself"
LEAST_BYTES = 1 << 20
"""With less room than this the file cannot grow by a commit with its log, whatever the failure is called."""


def size_bytes(path: Path) -> int:
    """Return the size of a journal with its write-ahead log."""
    files = (path, path.with_name(path.name + "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def free_bytes(path: Path) -> int:
    """Return how much a user without privileges may still write to the disk of a journal."""
    return shutil.disk_usage(path.parent).free


def is_full(error: Exception, free: int) -> bool:
    """Tell whether a failure is the lack of room, or of what a quota permits."""
    if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL:
        return True
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return free < LEAST_BYTES
