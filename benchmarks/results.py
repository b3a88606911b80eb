"""Measured rows in a file, a section at a time, with the circumstances under which each was measured."""

import os
import platform
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import msgspec

from benchmarks.peers import available, versions
from benchmarks.report import Row

LIBRARIES = ("msgspec", "aiohttp", "asyncpg", "redis", "prometheus_client")


class Section(msgspec.Struct, frozen=True):
    """One section's rows; `circumstances` is a line for people."""

    circumstances: str
    rows: list[Row]


def read(path: Path) -> dict[str, Section]:
    """Return the sections of a file; none when there is no file."""
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Section]) if path.exists() else {}


def keep(path: Path, name: str, rows: Sequence[Row]) -> None:
    """Put a section into the file, in the place of an earlier one of the same name."""
    sections = read(path) | {name: Section(circumstances(), list(rows))}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(sections)) + b"\n")


def circumstances() -> str:
    """Describe machine, load and versions."""
    known = {name: metadata.version(name) for name in LIBRARIES} | (versions() if available() else {})
    listed = ", ".join(f"{name} {version}" for name, version in known.items())
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {listed}"
    )
