"""PostgreSQL servers for tests, which can crash and come back, and hold a database for each test."""

import os
import shutil
import signal
import tempfile
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

from stack import postgres
from stack.service import free_port

TIMESCALE_WANTED = "TIMESCALE_WANTED" in os.environ
PATIENCE_S = 60


class Postgres(postgres.Postgres):
    """A server of its own in a temporary folder, already started; `stop` removes it."""

    def __init__(self, *, timescale=False, options=()):
        folder = Path(tempfile.mkdtemp(prefix="liquidation-postgres-"))
        super().__init__(folder, free_port(), timescale=timescale, options=("-c", "fsync=off", *options))
        self._databases = count()
        self.start()

    def kill(self):
        """End it as a crash of the machine would, and all that it has forked."""
        children = _children(self.pid)
        for pid in (self.pid, *children):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        super().kill()
        for pid in children:
            _wait_for_end(pid)
        (self.folder / "data/postmaster.pid").unlink(missing_ok=True)

    def revive(self):
        """Start it again if it was killed."""
        if self.status is not None:
            self.start()

    def stop(self):
        """End it and remove its folder."""
        super().stop()
        shutil.rmtree(self.folder)

    def new_database(self, owner=postgres.ADMIN):
        """Create an empty database and return its name."""
        name = f"test{next(self._databases)}"
        self.execute(f"CREATE DATABASE {name} OWNER {owner}")
        return name

    def new_role(self, name):
        """Have an ordinary role with the password `right`."""
        if not self.execute(f"SELECT FROM pg_roles WHERE rolname = '{name}'"):
            self.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'right'")


def _children(parent):
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(status.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(status.parent.name))
    return found


def _wait_for_end(pid):
    end = time.monotonic() + PATIENCE_S
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.01)
