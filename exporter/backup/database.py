"""The database's dump, made and put back by PostgreSQL's own programs, as TimescaleDB's documentation says.

https://docs.tigerdata.com/self-hosted/latest/backup-and-restore/logical-backup/: a `pg_dump` in the custom format;
then, in an empty database, the same version of the extension, `timescaledb_pre_restore()`, `pg_restore`,
`timescaledb_post_restore()`. Only a superuser may write TimescaleDB's catalogue; plain PostgreSQL needs none.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg

from exporter.backup.archive import DATABASE, BackupError, DatabaseFacts
from exporter.backup.programs import run
from exporter.stores.base import StoreError
from exporter.stores.postgres import Connection, connect, explained

MAINTENANCE = "postgres"
"""The database that one is connected to while another is made anew."""

_FACTS = """
SELECT
    current_setting('server_version') AS server,
    coalesce((SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'), '') AS timescale,
    (
        SELECT tableowner FROM pg_tables WHERE tablename = 'exporter_migrations' AND schemaname = current_schema()
    ) AS owner
"""
_FILLED = """
SELECT count(*) FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'v', 'm', 'p', 'f')
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
"""
_PERMISSIONS = """
SELECT
    EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS known,
    (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
    EXISTS (SELECT FROM pg_available_extension_versions WHERE name = 'timescaledb' AND version = $2) AS timescale
"""


async def facts(address: str) -> DatabaseFacts | None:
    """Return what the database is, None when no exporter has written to it; raises `BackupError`."""
    async with _session(address) as connection:
        row = await connection.fetchrow(_FACTS)
        assert row  # noqa: S101 - a query without a table has one row
        if row["owner"] is None:
            return None
        migration = await connection.fetchval("SELECT max(number) FROM exporter_migrations")
        return DatabaseFacts(row["server"], row["timescale"], migration, row["owner"])


def dump(address: str, folder: Path, grown: Callable[[int], None]) -> None:
    """Write a dump of the database into a folder; `grown` is told its size now and then. Raises `BackupError`."""
    target = folder / DATABASE
    options = ("--format=custom", "--no-privileges", "--no-tablespaces", "--no-comments", "--lock-wait-timeout=60s")
    run("pg_dump", address, (*options, f"--file={target}"), lambda: grown(target.stat().st_size))


async def prepare(address: str, wanted: DatabaseFacts, *, force: bool) -> None:
    """See that a dump can be put into the database, which `force` replaces by an empty one; raises `BackupError`."""
    async with _session(address) as connection:
        row = await connection.fetchrow(_PERMISSIONS, wanted.owner, wanted.timescale)
        assert row  # noqa: S101 - a query without a table has one row
        _permitted(row, wanted)
        filled = await connection.fetchval(_FILLED)
    if not filled:
        return
    if not force:
        raise BackupError(f"the database {_name(address)} is not empty; name an empty one, or replace it with --force")
    async with _session(_with_name(address, MAINTENANCE)) as connection:
        for template in ("DROP DATABASE %I WITH (FORCE)", "CREATE DATABASE %I OWNER %I"):
            names = (_name(address), wanted.owner)
            await connection.execute(
                await connection.fetchval("SELECT format($1, $2::text, $3::text)", template, *names)
            )


async def load(address: str, folder: Path, wanted: DatabaseFacts) -> None:
    """Put a dump into the empty database; raises `BackupError`, and what it leaves then has to be replaced."""
    if wanted.timescale:
        async with _session(address) as connection:
            await connection.execute(f"CREATE EXTENSION IF NOT EXISTS timescaledb VERSION '{wanted.timescale}'")
            there = await connection.fetchval("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'")
        if there != wanted.timescale:
            raise BackupError(f"{_name(address)} has TimescaleDB {there}, the archive {wanted.timescale}; use the same")
        await _execute(address, "SELECT timescaledb_pre_restore()")
    run("pg_restore", address, ("--no-privileges", "--exit-on-error", str(folder / DATABASE)), lambda: None)
    if wanted.timescale:
        await _execute(address, "SELECT timescaledb_post_restore()")
    # the lease is that of the exporter that was saved, which is not there to renew or to return it
    await _execute(address, "UPDATE exporter_state SET expires = NULL", "ANALYZE")


def _permitted(row: asyncpg.Record, wanted: DatabaseFacts) -> None:
    if wanted.timescale and not row["superuser"]:
        raise BackupError(
            "TimescaleDB can be restored by a superuser only: name one, for this command, in the address that "
            "LIQ_STORES_TIMESCALE_URL holds"
        )
    if not row["known"]:
        raise BackupError(f"the role {wanted.owner} owns the tables in the archive; make it first: CREATE ROLE")
    if wanted.timescale and not row["timescale"]:
        raise BackupError(
            f"the archive is of TimescaleDB {wanted.timescale}, which this server does not have; install that version, "
            "restore, and update afterwards"
        )


async def _execute(address: str, *statements: str) -> None:
    """Run statements in a session of their own: a setting of the database is in force from the next session on."""
    async with _session(address) as connection:
        for statement in statements:
            await connection.execute(statement)


@asynccontextmanager
async def _session(address: str) -> AsyncIterator[Connection]:
    try:
        with explained(address):
            connection = await connect(address, statement_ms=0)
            try:
                yield connection
            finally:
                await connection.close()
    except StoreError as error:
        raise BackupError(str(error)) from None


def _name(address: str) -> str:
    return unquote(urlsplit(address).path.strip("/"))


def _with_name(address: str, name: str) -> str:
    return urlunsplit(urlsplit(address)._replace(path=f"/{name}"))
