"""The read-only role, with which Grafana reads the history."""

import asyncpg
import structlog

from exporter.stores.postgres import Connection

log = structlog.get_logger()

READABLE = (
    "liquidations",
    "liquidations_1m",
    "liquidations_1h",
    "liquidations_1d",
    "liquidation_totals",
    "liquidation_sizes",
    "liquidation_levels",
    "feed_changes",
    "feed_gaps",
    "cascades",
)

_EXISTS = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)"
_MISSING = """
SELECT name FROM unnest($2::text[]) AS names (name) WHERE NOT has_table_privilege($1::name, name, 'SELECT')
UNION ALL
SELECT current_schema() WHERE NOT has_schema_privilege($1::name, current_schema(), 'USAGE')
"""


async def ensure_reader(connection: Connection, role: str, password: str) -> None:
    """Have a role that may read what people look at, and nothing else; what is not permitted is a warning.

    The role is made when it is missing; an existing one keeps its password and its settings.
    """
    try:
        if not await connection.fetchval(_EXISTS, role):
            await _create(connection, role, password)
        if await connection.fetch(_MISSING, role, READABLE):
            await _run(
                connection, "GRANT USAGE ON SCHEMA %I TO %I", await connection.fetchval("SELECT current_schema()"), role
            )
            for name in READABLE:
                await _run(connection, "GRANT SELECT ON %I TO %I", name, role)
    except asyncpg.InsufficientPrivilegeError as error:
        log.warning(
            "the read-only role could not be prepared",
            store="timescale",
            role=role,
            reason=str(error),
            hint=f"as superuser: CREATE ROLE {role} LOGIN PASSWORD '...'; then restart the exporter",
        )


async def _create(connection: Connection, role: str, password: str) -> None:
    async with connection.transaction():
        if password:
            await _run(connection, "CREATE ROLE %I LOGIN PASSWORD %L", role, password)
        else:
            await _run(connection, "CREATE ROLE %I LOGIN", role)
        await _run(connection, "ALTER ROLE %I SET default_transaction_read_only = on", role)
        await _run(connection, "ALTER ROLE %I SET statement_timeout = '30s'", role)
        # compiling a query over many chunks takes longer than running it
        await _run(connection, "ALTER ROLE %I SET jit = off", role)
    log.info("read-only role created", store="timescale", role=role)


async def _run(connection: Connection, template: str, *values: str) -> None:
    """Run a statement that takes no parameters; the server itself quotes the names and texts."""
    places = ", ".join(f"${number}::text" for number in range(2, len(values) + 2))
    await connection.execute(await connection.fetchval(f"SELECT format($1, {places})", template, *values))
