"""`python -m stack.backup`: save and restore what `make stack DATA=` keeps, while it runs or not."""

import os
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exporter.errors import UserError
from stack.database import NAME, Database
from stack.exporter import ROOT, ours
from stack.passwords import kept
from stack.programs import environment, has_timescale, program
from stack.service import free_port


def main() -> int:
    """Save or restore; returns the exit status of the exporter's own command, 2 when there is nothing to work on."""
    options, more = _parser().parse_known_args()
    folder = (options.data / ("live" if options.live else "demo")).absolute()
    try:
        return _act(options, folder, more)
    except UserError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m stack.backup",
        description=__doc__,
        epilog="What else is given goes to the exporter's own command: see python -m exporter backup --help.",
        allow_abbrev=False,
    )
    parser.add_argument("action", choices=("backup", "restore"))
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="what was given as DATA=")
    parser.add_argument("--live", action="store_true", help="what was kept on the live exchanges")
    return parser


def _act(options: Namespace, folder: Path, more: list[str]) -> int:
    if options.action == "backup" and not (folder / "passwords.json").exists():
        raise UserError(f"{folder}: no stack has kept anything here; name the folder that was given as DATA=")
    folder.mkdir(parents=True, exist_ok=True)
    simulated = folder / "simulator/exporter.yaml"
    configuration = simulated if simulated.exists() else ROOT / "config.yaml"
    places = ("--config.file", configuration, "--data.dir", folder / "exporter/data")
    with _served(folder) as database:
        command = [sys.executable, "-m", "exporter", options.action, *map(str, places), *more]
        return subprocess.run(command, env=_environment(database), check=False).returncode


@contextmanager
def _served(folder: Path) -> Iterator[Database]:
    """Have the folder's database run: the stack runs it already, or it runs as long as this."""
    place = folder / "postgres"
    place.mkdir(exist_ok=True)
    running = _port(place / "data/postmaster.pid")
    passwords = kept(folder / "passwords.json")
    database = Database(place, running or free_port(), passwords, timescale=has_timescale(), durable=True)
    if running:
        yield database
        return
    try:
        yield database.start()
    finally:
        database.stop()


def _port(status: Path) -> int:
    """Return where the server listens that has written a status file, 0 when none runs."""
    if not status.exists():
        return 0
    pid, _folder, _started, port, *_ = status.read_text().splitlines()
    return int(port) if Path(f"/proc/{pid}").exists() else 0


def _environment(database: Database) -> dict[str, str]:
    """Return an environment in which the server's own version of pg_dump is found, and its administrator's address."""
    search = f"{program('postgres').parent}{os.pathsep}{os.environ.get('PATH', '')}"
    libraries = {name: value for name, value in environment().items() if name == "LD_LIBRARY_PATH"}
    return ours({"LIQ_STORES_TIMESCALE_URL": database.url(NAME), "PATH": search, **libraries})


if __name__ == "__main__":
    sys.exit(main())
