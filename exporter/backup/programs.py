"""PostgreSQL's own programs, run with an address whose password no list of processes shows."""

import os
import subprocess
from collections.abc import Callable, Sequence
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from exporter.backup.archive import BackupError

POLL_S = 0.5


def run(program: str, address: str, options: Sequence[str], waiting: Callable[[], None]) -> None:
    """Run `pg_dump` or `pg_restore` against a database; `waiting` is called while it works. Raises `BackupError`."""
    public, password = without_password(address)
    environment = os.environ | ({"PGPASSWORD": password} if password else {})
    command = [program, f"--dbname={public}", "--no-password", *options]
    try:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)  # noqa: S603 - our own words
    except FileNotFoundError:
        raise BackupError(
            f"{program} is needed for the database: install PostgreSQL's client programs (Debian: postgresql-client), "
            "at least of the server's version; --journal-only leaves the database out"
        ) from None
    said = _wait(process, waiting)
    if process.returncode:
        raise BackupError(f"{program} failed: {_reason(said) or f'exit status {process.returncode}'}")


def without_password(address: str) -> tuple[str, str]:
    """Return a database's address as libpq may be shown it, and its password, empty when there is none."""
    parts = urlsplit(address)
    query = parse_qsl(parts.query)
    password = unquote(parts.password or "") or dict(query).get("password", "")
    credentials, at, place = parts.netloc.rpartition("@")
    netloc = f"{credentials.partition(':')[0]}{at}{place}"
    left = urlencode([(name, value) for name, value in query if name != "password"])
    return urlunsplit((parts.scheme, netloc, parts.path, left, "")), password


def _wait(process: subprocess.Popen[bytes], waiting: Callable[[], None]) -> str:
    """Wait for the end, and return what it said on stderr; when the wait is interrupted the program ends too."""
    try:
        while True:
            try:
                return process.communicate(timeout=POLL_S)[1].decode(errors="replace")
            except subprocess.TimeoutExpired:
                waiting()
    except BaseException:
        process.kill()
        process.communicate()
        raise


def _reason(said: str) -> str:
    """Return what it failed for: its errors, without the warnings and hints around them."""
    lines = [line.strip() for line in said.splitlines() if "error:" in line or line.startswith("DETAIL:")]
    return " ".join(lines[:3])
