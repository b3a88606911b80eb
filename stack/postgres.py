"""A PostgreSQL server, with TimescaleDB where it is installed."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import asyncpg

from exporter.errors import UserError
from stack.accounts import Account, unprivileged
from stack.programs import program
from stack.service import HOST, Service

ADMIN = "admin"
SETTINGS = {"max_connections": "60", "max_worker_processes": "40", "listen_addresses": HOST}
TIMESCALE = {"shared_preload_libraries": "timescaledb", "timescaledb.telemetry_level": "off"}


class Postgres(Service):
    """A server in a folder, which is initialised when it is empty.

    With a password every role needs its own; without one the administrator, `admin`, is let in from this machine.
    `options` are words for the server's command line.
    """

    name = "postgres"
    ending = signal.SIGINT
    """A fast shutdown: sessions are ended, not waited for."""

    def __init__(
        self, folder: Path, port: int, *, timescale: bool = False, password: str = "", options: Sequence[str] = ()
    ) -> None:
        super().__init__(folder, port)
        self.timescale = timescale
        self._password = password
        self._options = options
        self._account = unprivileged(folder)
        if not (folder / "data/PG_VERSION").exists():
            self._initialise()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"postgresql://{HOST}:{self.port}"

    def url(self, database: str = "postgres", *, user: str = ADMIN, password: str = "", port: int = 0) -> str:
        """Return the address of a database for a user, by way of another port if one is given."""
        password = password or (self._password if user == ADMIN else "")
        credentials = f"{user}:{password}" if password else user
        return f"postgresql://{credentials}@{HOST}:{port or self.port}/{database}"

    def command(self) -> list[str | Path | int]:
        """Return the command line."""
        settings = SETTINGS | (TIMESCALE if self.timescale else {})
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        server: list[str | Path | int] = [program("postgres"), "-D", self.folder / "data"]
        return [*server, "-p", self.port, "-k", "", *words, *self._options]

    def account(self) -> Account:
        """Return the user it runs as: it refuses to be root."""
        return self._account

    def answers(self) -> bool:
        """Tell whether it takes a connection."""
        with suppress(OSError, asyncpg.PostgresError):
            return bool(self.execute("SELECT 1"))
        return False

    def execute(self, *statements: str, database: str = "postgres") -> list[asyncpg.Record]:
        """Run statements as administrator; returns the rows of the last. Blocks, also inside an event loop."""
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, self._execute(statements, database)).result()

    async def _execute(self, statements: Sequence[str], database: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.url(database), timeout=5)
        rows: list[asyncpg.Record] = []
        try:
            for statement in statements:
                rows = await connection.fetch(statement)
        finally:
            await connection.close(timeout=5)
        return rows

    def _initialise(self) -> None:
        words: list[str | Path] = [program("initdb"), "-D", self.folder / "data", "-U", ADMIN, "-A", "scram-sha-256"]
        words += ["--no-sync", "--no-locale", "-E", "UTF8", "--pwfile", self._secret()]
        done = subprocess.run(
            [str(word) for word in words],
            capture_output=True,
            text=True,
            check=False,
            env=dict(self.environment()),
            cwd=self.folder,
            **self._account,
        )
        (self.folder / "password").unlink()
        if done.returncode:
            raise UserError(f"initdb failed:\n{done.stdout}{done.stderr}")
        trusted = "" if self._password else f"host all {ADMIN} 127.0.0.1/32 trust\n"
        (self.folder / "data/pg_hba.conf").write_text(f"{trusted}host all all 127.0.0.1/32 scram-sha-256\n")

    def _secret(self) -> Path:
        """Write the administrator's password for initdb, readable by its user alone."""
        path = self.folder / "password"
        path.touch(mode=0o600)
        path.write_text(f"{self._password or 'unused'}\n")
        if "user" in self._account:
            os.chown(path, self._account["user"], self._account["group"])
        return path
