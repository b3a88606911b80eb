"""The connection to PostgreSQL: its settings, and what its errors mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import asyncpg

from exporter.stores.base import StoreError, StoreFaultError, StoreUnavailableError

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection

CONNECT_S = 10.0
STATEMENT_MS = 60_000
"""The server gives a statement of ours up after this long, so that one whose client is gone does not hold its locks."""

_SETTINGS = {
    "application_name": "liquidation-exporter",
    "timezone": "UTC",
    "jit": "off",  # it takes the arrays of a batch for huge tables, and compiles for them
    "lock_timeout": "20s",
    "idle_in_transaction_session_timeout": "20s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "30s",
}

_NOTICE_LOST_CLIENTS = """
SELECT set_config(name, '5s', false) FROM pg_settings WHERE name = 'client_connection_check_interval'
"""
"""A statement whose client was killed ends soon; servers before version 14 do not know how."""


async def connect(address: str, *, statement_ms: int = STATEMENT_MS) -> Connection:
    """Connect to the database at a `postgresql://` address; raises `StoreError`. `statement_ms` 0 sets no limit."""
    with explained(address):
        settings = _SETTINGS | {"statement_timeout": str(statement_ms)}
        connection = await asyncpg.connect(address, timeout=CONNECT_S, server_settings=settings)
        try:
            await connection.execute(_NOTICE_LOST_CLIENTS)
        except BaseException:
            connection.terminate()
            raise
        return connection


@contextmanager
def explained(address: str) -> Iterator[None]:
    """Turn what the driver raises for the database at `address` into a `StoreError`."""
    try:
        yield
    except StoreError:
        raise
    except asyncpg.ClientConfigurationError as error:
        raise explain(error, address) from error
    except ValueError:  # the driver refused what it was given: a defect of ours
        raise
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
        raise explain(error, address) from error


def explain(error: Exception, address: str) -> StoreError:
    """Say what an error of the driver means, and whether it passes."""
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, TimeoutError):
        text = f"no answer within {CONNECT_S:g} s"
    elif isinstance(error, ConnectionRefusedError):
        text = "connection refused: nothing listens there"
    fault = _fault(error, text)
    where = _where(address)
    return StoreFaultError(f"{where}: {fault}") if fault else StoreUnavailableError(f"{where}: {text}")


def _fault(error: Exception, text: str) -> str:
    """Say what somebody has to put right; empty when it is not for anybody to put right."""
    if isinstance(error, asyncpg.ClientConfigurationError):
        return f"the address cannot be used: {text}"
    state = error.sqlstate if isinstance(error, asyncpg.PostgresError) and error.sqlstate else ""
    if state.startswith("28"):
        return f"the database refuses to let this user in: {text}; correct user and password in its address"
    if state == "3D000":
        return f"{text}; create it (CREATE DATABASE), or correct its address"
    if state == "42501":
        return f"{text}; grant the user what docs/storage.md lists"
    if state[:2] in ("42", "0A", "3F", "58"):
        return f"the database is not as this program left it: {text}"
    return ""


def _where(address: str) -> str:
    """Name the database without its credentials."""
    parts = urlsplit(address)
    place = f"{parts.hostname}:{parts.port or 5432}" if parts.hostname else "the local socket"
    return f"timescale ({place}{parts.path})"
