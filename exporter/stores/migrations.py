"""The database's schema: numbered SQL files, applied once and in order, by one exporter at a time.

`NNNN_name.sql` runs everywhere, `NNNN_name.timescale.sql` on TimescaleDB, `NNNN_name.plain.sql` on a PostgreSQL without
it. A file is one transaction, unless its first line is `-- no transaction`: then its statements, each ended by a
semicolon at a line's end, run one by one and must do no harm when they run again.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable
from enum import Enum
from pathlib import Path

import asyncpg
import msgspec
import structlog

from exporter.stores.base import StoreFaultError
from exporter.stores.postgres import Connection

log = structlog.get_logger()

FOLDER = Path(__file__).with_name("migrations")
NO_TRANSACTION = "-- no transaction"
LOCK = 0x6C697175  # any number that nobody else locks: "liqu"

CONFLICTS = 8
CONFLICT_S = 0.25
CONFLICT_CAP_S = 8.0
"""A conflict is waited for so often, with pauses that double between these two."""

OLDEST = (2, 15)
"""The oldest TimescaleDB that has what the files use."""

_CAN_BE_ENABLED = """
SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
    AND EXISTS (SELECT FROM pg_settings WHERE name LIKE 'timescaledb.%')
"""
"""The second: the server was started with the library, which it must be."""

_TABLE = """
CREATE TABLE IF NOT EXISTS exporter_migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied timestamptz NOT NULL DEFAULT now()
)
"""


class Flavour(Enum):
    """What kind of database it is; the value is that of the file names."""

    TIMESCALE = "timescale"
    PLAIN = "plain"


class Migration(msgspec.Struct, frozen=True):
    """One file."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """What tells an edited file."""
        return hashlib.sha256(self.sql.encode()).hexdigest()[:16]

    @property
    def in_transaction(self) -> bool:
        """Whether the file runs as one transaction."""
        return not self.sql.startswith(NO_TRANSACTION)


def migrations(flavour: Flavour, folder: Path = FOLDER) -> list[Migration]:
    """Return the files for one kind of database, in order."""
    found = []
    for path in sorted(folder.glob("*.sql")):
        name, _, kind = path.stem.partition(".")
        if kind in ("", flavour.value):
            found.append(Migration(int(name[:4]), path.stem, path.read_text(encoding="utf-8")))
    return found


def _nothing() -> None:
    pass


async def migrate(connection: Connection, folder: Path = FOLDER, at_work: Callable[[], None] = _nothing) -> Flavour:
    """Bring the schema up to date; returns the kind of database that it was made for.

    `at_work` is called when there is something to do, which may take its time.

    Raises `StoreFaultError` for a schema that a newer version left, or that differs from the files.
    """
    applied = await _applied(connection)
    flavour = _flavour(applied)
    if flavour and not _pending(migrations(flavour, folder), applied):
        return flavour
    at_work()
    await connection.execute("SET statement_timeout = 0")
    await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
    try:
        applied = await _applied(connection)
        flavour = _flavour(applied) or (Flavour.TIMESCALE if await _timescale(connection) else Flavour.PLAIN)
        await connection.execute(_TABLE)
        for migration in _pending(migrations(flavour, folder), applied):
            await _apply(connection, migration)
    finally:
        if not connection.is_closed():
            await connection.execute("SELECT pg_advisory_unlock($1)", LOCK)
    await connection.execute("RESET statement_timeout")
    return flavour


async def _applied(connection: Connection) -> dict[int, tuple[str, str]]:
    """Return name and checksum of what was applied, by number."""
    if not await connection.fetchval("SELECT to_regclass('exporter_migrations') IS NOT NULL"):
        return {}
    rows = await connection.fetch("SELECT number, name, checksum FROM exporter_migrations")
    return {row["number"]: (row["name"], row["checksum"]) for row in rows}


def _pending(known: list[Migration], applied: dict[int, tuple[str, str]]) -> list[Migration]:
    """Return what is still to be applied, after a look at what was."""
    newest = known[-1].number
    if applied and max(applied) > newest:
        raise StoreFaultError(
            f"the database's schema is of a newer version (migration {max(applied)}, this one knows {newest}); "
            "update the exporter"
        )
    for each in known:
        if each.number in applied and applied[each.number] != (each.name, each.checksum):
            raise StoreFaultError(
                f"migration {each.name} is not the one that this database was set up with "
                f"({applied[each.number][0]}); put the original file back, or use an empty database"
            )
    return [each for each in known if each.number not in applied]


async def _apply(connection: Connection, migration: Migration) -> None:
    log.info("changing the database's schema", migration=migration.name)
    note = "INSERT INTO exporter_migrations (number, name, checksum) VALUES ($1, $2, $3)"
    if migration.in_transaction:
        async with connection.transaction():
            await connection.execute(migration.sql)
            await connection.execute(note, migration.number, migration.name, migration.checksum)
        return
    for statement in filter(str.strip, migration.sql.split(";\n")):
        await _patiently(connection, statement)
    await connection.execute(note, migration.number, migration.name, migration.checksum)


async def _patiently(connection: Connection, statement: str) -> None:
    """Run a statement; while a job of TimescaleDB holds what it needs, as a refresh that has just begun, wait."""
    for attempt in range(CONFLICTS):
        try:
            await connection.execute(statement)
        except asyncpg.LockNotAvailableError:
            await asyncio.sleep(min(CONFLICT_CAP_S, CONFLICT_S * 2**attempt))
        else:
            return
    await connection.execute(statement)


def _flavour(applied: dict[int, tuple[str, str]]) -> Flavour | None:
    """Tell what kind of database it was set up as; None while nothing says so."""
    for name, _ in applied.values():
        for flavour in Flavour:
            if name.endswith(f".{flavour.value}"):
                return flavour
    return None


async def _timescale(connection: Connection) -> bool:
    """Tell whether TimescaleDB with all we need of it is there, after enabling it where that is possible."""
    installed = "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'"
    version = await connection.fetchval(installed)
    if version is None and await connection.fetchval(_CAN_BE_ENABLED):
        try:
            await connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        except asyncpg.InsufficientPrivilegeError:
            raise StoreFaultError(
                "the server has TimescaleDB, but this user may not enable it in this database; as its owner or as "
                "superuser run: CREATE EXTENSION timescaledb"
            ) from None
        version = await connection.fetchval(installed)
    if version is None:
        return False
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < OLDEST:
        raise StoreFaultError(f"TimescaleDB {version} is too old; {'.'.join(map(str, OLDEST))} is needed")
    return bool(await connection.fetchval("SELECT current_setting('timescaledb.license') = 'timescale'"))
