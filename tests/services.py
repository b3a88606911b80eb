"""Real PostgreSQL servers for tests, with TimescaleDB or without, and where programs that are not installed come from.

A server lives in a temporary folder, on a free port, under an account without privileges when the tests run as root,
and is stopped by its process id. A missing program is taken out of Debian's packages into a cache folder, through an
apt with a state of its own: nothing of the machine is changed, and no service of a package is started.
"""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path

import asyncpg
import pytest

CACHE = Path(tempfile.gettempdir()) / f"liquidation-exporter-services-{os.getuid()}"
PATIENCE_S = 60
TIMESCALE_WANTED = "TIMESCALE_WANTED" in os.environ
PACKAGES = {"postgres": "postgresql", "initdb": "postgresql", "redis-server": "redis-server"}
"""Which package brings a program."""


def program(name):
    """The path of a program: installed, fetched before, or fetched now; fails with what to install."""
    path = _found(name) or _fetched(name)
    if not path:
        pytest.fail(f"{name} is needed: apt install {PACKAGES[name]}")
    return path


def environment():
    """The environment in which fetched programs find their libraries."""
    folders = [str(folder) for folder in CACHE.glob("root/usr/lib/*-linux-gnu*")]
    known = [os.environ["LD_LIBRARY_PATH"]] if os.environ.get("LD_LIBRARY_PATH") else []
    return os.environ | ({"LD_LIBRARY_PATH": ":".join(folders + known)} if folders else {})


def has_timescale():
    """Whether the PostgreSQL that the tests use has TimescaleDB beside it."""
    version = Path(program("postgres")).resolve().parents[1]
    return (version.parents[2] / "share/postgresql" / version.name / "extension/timescaledb.control").exists()


class Postgres:
    """A server of its own; `stop` removes it."""

    def __init__(self, *, timescale=False, options=()):
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="liquidation-postgres-"))
        self.timescale = timescale
        self._options = list(options)
        self._databases = count()
        self._process = None
        self._account = {}
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self._account = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self._initialise()
        self.start()

    def address(self, database="postgres", *, user="admin", password="", port=None):
        """The address of a database, by way of another port if one is given."""
        credentials = f"{user}:{password}" if password else user
        return f"postgresql://{credentials}@127.0.0.1:{port or self.port}/{database}"

    def start(self):
        """Start the server and wait until it answers."""
        options = {"fsync": "off", "max_connections": 60, "max_worker_processes": 40, "listen_addresses": "127.0.0.1"}
        if self.timescale:
            options |= {"shared_preload_libraries": "timescaledb", "timescaledb.telemetry_level": "off"}
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        command = [program("postgres"), "-D", self.folder / "data", "-p", self.port, "-k", self.folder]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(word) for word in [*command, *settings, *self._options]],
                stdout=log,
                stderr=log,
                env=environment(),
                cwd=self.folder,
                **self._account,
            )
        end = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < end, self.log()
            time.sleep(0.02)

    def kill(self):
        """End it as a crash of the machine would, and all that it has forked."""
        children = _children(self._process.pid)
        for pid in (self._process.pid, *children):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        for pid in children:
            _wait_for_end(pid)
        (self.folder / "data/postmaster.pid").unlink(missing_ok=True)

    def revive(self):
        """Start it again if it was killed."""
        if self._process.poll() is not None:
            self.start()

    def stop(self):
        """End it and remove its folder."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # a fast shutdown
            self._process.wait(PATIENCE_S)
        shutil.rmtree(self.folder)

    def new_database(self, owner="admin"):
        """Create an empty database and return its name."""
        name = f"test{next(self._databases)}"
        self.execute(f"CREATE DATABASE {name} OWNER {owner}")
        return name

    def new_role(self, name):
        """Have an ordinary role with the password `right`."""
        if not self.execute(f"SELECT FROM pg_roles WHERE rolname = '{name}'"):
            self.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'right'")

    def execute(self, *statements, database="postgres"):
        """Run statements as administrator; returns the rows of the last. Blocks, also inside an event loop."""
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, self._execute(statements, database)).result()

    def log(self):
        return (self.folder / "log").read_text(errors="replace")[-4000:]

    async def _execute(self, statements, database):
        connection = await asyncpg.connect(self.address(database), timeout=5)
        try:
            for statement in statements:
                rows = await connection.fetch(statement)
        finally:
            await connection.close(timeout=5)
        return rows

    def _initialise(self):
        command = [program("initdb"), "-D", self.folder / "data", "-U", "admin", "-A", "scram-sha-256", "--no-sync"]
        command += ["--no-locale", "-E", "UTF8", "--pwfile", self.folder / "password"]
        (self.folder / "password").write_text("unused\n")
        (self.folder / "password").chmod(0o644)
        words = [str(word) for word in command]
        done = subprocess.run(
            words, capture_output=True, text=True, check=False, env=environment(), cwd=self.folder, **self._account
        )
        assert done.returncode == 0, done.stdout + done.stderr
        rules = "host all admin 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        (self.folder / "data/pg_hba.conf").write_text(rules)

    def _answers(self):
        with suppress(OSError, asyncpg.PostgresError):
            return self.execute("SELECT 1")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _found(name):
    places = [*_versions(Path("/usr/lib/postgresql")), *_versions(CACHE / "root/usr/lib/postgresql")]
    places.append(CACHE / "root/usr/bin")
    return shutil.which(name) or next((str(place / name) for place in places if (place / name).exists()), None)


def _versions(folder):
    return sorted(folder.glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)


def _fetched(name):
    """Take the package of a program, and what it needs that is not installed, out of Debian's packages."""
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return None
    for folder in ("lists/partial", "archives/partial", "packages", "root"):
        (CACHE / folder).mkdir(parents=True, exist_ok=True)
    own_state = {"Dir::State::lists": CACHE / "lists", "Dir::Cache": CACHE, "Debug::NoLocking": 1}
    apt = ["apt-get", "-q", *(f"-o{key}={value}" for key, value in own_state.items())]
    try:
        _run(*apt, "update")
        plan = _run(*apt, "--simulate", "--no-install-recommends", "install", PACKAGES[name])
        missing = [line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")]
        _run(*apt, "download", *missing, cwd=CACHE / "packages")
        for package in (CACHE / "packages").glob("*.deb"):
            _run("dpkg", "-x", package, CACHE / "root")
    except subprocess.CalledProcessError:
        return None
    return _found(name)


def _run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, **options).stdout


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
