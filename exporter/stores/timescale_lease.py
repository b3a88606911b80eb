"""Who writes to the database: one row, judged by the server's clock."""

from exporter.stores.base import LEASE_S, Holder, LeaseHeldError, LeaseLostError, held_by
from exporter.stores.postgres import Connection

SECONDS = LEASE_S

_TAKE = """
UPDATE exporter_state SET
    token = token + 1, host = $1, pid = $2, since = to_timestamp($3::float8 / 1000), journal = $4,
    expires = clock_timestamp() + $5::float8 * interval '1 second'
WHERE expires IS NULL OR expires <= clock_timestamp()
    OR (host = $1 AND journal = $4 AND since <= to_timestamp($3::float8 / 1000))
RETURNING token
"""
_RENEW = """
UPDATE exporter_state SET expires = clock_timestamp() + $2::float8 * interval '1 second' WHERE token = $1
RETURNING token
"""
_RELEASE = "UPDATE exporter_state SET expires = clock_timestamp() WHERE token = $1"
_HOLDER = "SELECT host, pid, journal, since, (extract(epoch FROM since) * 1000)::bigint AS since_ms FROM exporter_state"


async def take(connection: Connection, holder: Holder) -> int:
    """Take the lease and return its token; raises `LeaseHeldError` while another exporter has it.

    An earlier process with the same journal on the same host is dead: its lease is taken at once.
    """
    token = await connection.fetchval(_TAKE, holder.host, holder.pid, holder.since_ms, holder.journal, SECONDS)
    if token is None:
        row = await connection.fetchrow(_HOLDER)
        assert row  # noqa: S101 - the migration made it
        other = Holder(row["host"], row["pid"], row["since_ms"], row["journal"])
        raise LeaseHeldError(held_by(other, f"{row['since']:%Y-%m-%d %H:%M:%S} UTC"))
    return int(token)


async def renew(connection: Connection, token: int) -> None:
    """Renew the lease; raises `LeaseLostError` when another exporter took it meanwhile."""
    if await connection.fetchval(_RENEW, token, SECONDS) is None:
        raise lost()


async def hold(connection: Connection, token: int) -> None:
    """Inside a transaction: keep every other writer out until its end; raises `LeaseLostError` when it is too late."""
    if await connection.fetchval("SELECT token FROM exporter_state WHERE token = $1 FOR UPDATE", token) is None:
        raise lost()


async def release(connection: Connection, token: int) -> None:
    """Give the lease back, if it is still ours."""
    await connection.execute(_RELEASE, token)


def lost() -> LeaseLostError:
    """Say that the lease is another's."""
    return LeaseLostError("another exporter took over while this one was away; it waits as a standby")
