"""The stack's database: PostgreSQL with the role and the database that the exporter writes to."""

from pathlib import Path
from threading import Event
from typing import Self

from stack.passwords import Passwords
from stack.postgres import Postgres

NAME = WRITER = "liquidations"
READER = "grafana"
"""The role that Grafana reads with; the exporter makes it."""


class Database(Postgres):
    """The server, and in it a database whose owner is the exporter's role."""

    def __init__(self, folder: Path, port: int, passwords: Passwords, *, timescale: bool, durable: bool) -> None:
        options = () if durable else ("-c", "fsync=off")
        super().__init__(folder, port, timescale=timescale, password=passwords.admin, options=options)
        self._passwords = passwords

    @property
    def writer_url(self) -> str:
        """The address that the exporter uses, with its password."""
        return self.url(NAME, user=WRITER, password=self._passwords.writer)

    def start(self, stop: Event | None = None) -> Self:
        """Start the server, and at the first start make role and database."""
        super().start(stop)
        if stop and stop.is_set():
            return self
        if not self.execute(f"SELECT FROM pg_roles WHERE rolname = '{WRITER}'"):
            self.execute(f"CREATE ROLE {WRITER} LOGIN CREATEROLE PASSWORD '{self._passwords.writer}'")
        if not self.execute(f"SELECT FROM pg_database WHERE datname = '{NAME}'"):
            self.execute(f"CREATE DATABASE {NAME} OWNER {WRITER}")
        return self
