"""Where the programs of the stack come from: installed, or taken out of Debian's packages.

A missing program is unpacked into a cache folder, through an apt with a state of its own: nothing of the machine is
changed, and no service of a package is started.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from exporter.errors import UserError

CACHE = Path(tempfile.gettempdir()) / f"liquidation-exporter-services-{os.getuid()}"


class Program(NamedTuple):
    """The names under which a program is installed, and the Debian package that brings it; empty when none does."""

    names: tuple[str, ...]
    package: str


PROGRAMS = {
    "postgres": Program(("postgres",), "postgresql"),
    "initdb": Program(("initdb",), "postgresql"),
    "redis-server": Program(("redis-server",), "redis-server"),
    "prometheus": Program(("prometheus",), "prometheus"),
    "promtool": Program(("promtool",), "prometheus"),
    "alertmanager": Program(("alertmanager", "prometheus-alertmanager"), "prometheus-alertmanager"),
    "amtool": Program(("amtool",), "prometheus-alertmanager"),
    "grafana": Program(("grafana-server",), ""),
}


def program(name: str) -> Path:
    """Return the path of a program, fetched now if need be; raises `UserError` with what to install."""
    path = installed(name) or _fetched(name)
    if not path:
        package = PROGRAMS[name].package
        way_out = f"apt install {package}" if package else "install it, and have it in PATH"
        raise UserError(f"{name} is needed: {way_out}")
    return path


def installed(name: str) -> Path | None:
    """Return the path of a program that is installed or was fetched before."""
    fetched = _cache() / "root/usr"
    places = [*_versions(Path("/usr/lib/postgresql")), *_versions(fetched / "lib/postgresql"), fetched / "bin"]
    for each in PROGRAMS[name].names:
        found = shutil.which(each) or next((place / each for place in places if (place / each).exists()), None)
        if found:
            return Path(found)
    return None


def environment() -> dict[str, str]:
    """Return the environment in which fetched programs find their libraries."""
    folders = [str(folder) for folder in _cache().glob("root/usr/lib/*-linux-gnu*")]
    known = [os.environ["LD_LIBRARY_PATH"]] if os.environ.get("LD_LIBRARY_PATH") else []
    return os.environ | ({"LD_LIBRARY_PATH": ":".join(folders + known)} if folders else {})


def has_timescale() -> bool:
    """Tell whether the PostgreSQL that is used has TimescaleDB beside it."""
    version = program("postgres").resolve().parents[1]
    return (version.parents[2] / "share/postgresql" / version.name / "extension/timescaledb.control").exists()


def _versions(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)


def _fetched(name: str) -> Path | None:
    """Take the package of a program, and what it needs that is not installed, out of Debian's packages."""
    package = PROGRAMS[name].package
    if not (package and shutil.which("apt-get") and shutil.which("dpkg")):
        return None
    cache = _cache()
    cache.mkdir(mode=0o755, exist_ok=True)
    for folder in ("lists/partial", "archives/partial", "packages", "root"):
        (cache / folder).mkdir(parents=True, exist_ok=True)
    own_state: Mapping[str, object] = {"Dir::State::lists": cache / "lists", "Dir::Cache": cache, "Debug::NoLocking": 1}
    apt = ["apt-get", "-q", *(f"-o{key}={value}" for key, value in own_state.items())]
    try:
        _run(*apt, "update")
        plan = _run(*apt, "--simulate", "--no-install-recommends", "install", package)
        missing = [line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")]
        _run(*apt, "download", *missing, folder=cache / "packages")
        for archive in (cache / "packages").glob("*.deb"):
            _run("dpkg", "-x", archive, cache / "root")
    except subprocess.CalledProcessError:
        return None
    return installed(name)


def _cache() -> Path:
    """Return the cache folder; raises `UserError` when it is another user's, whose programs must not be run."""
    if CACHE.exists() and CACHE.lstat().st_uid != os.getuid():
        raise UserError(f"{CACHE} belongs to another user; remove it, or choose another place with TMPDIR")
    return CACHE


def _run(*command: str | Path, folder: Path | None = None) -> str:
    words = [str(word) for word in command]
    return subprocess.run(words, check=True, capture_output=True, text=True, cwd=folder).stdout
