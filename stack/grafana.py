"""Grafana on the committed provisioning and dashboards."""

import re
import subprocess
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from stack.exporter import ROOT
from stack.programs import environment, installed, program
from stack.service import HOST, Service, responds

FILES = ROOT / "grafana"
HOME = "liquidations/overview.json"
RENAMED = (
    ((10, 2), "grafana-postgresql-datasource", "postgres"),
    ((9, 5), "palette-classic-by-name", "palette-classic"),
)
"""Since which version of Grafana there is a name, the name, and what comes nearest in older ones."""


class Grafana(Service):
    """Grafana; `sources` are the variables that the provisioned data sources name, `timescale` what the database is."""

    name = "grafana"

    def __init__(self, folder: Path, port: int, password: str, sources: Mapping[str, str], *, timescale: bool) -> None:
        super().__init__(folder, port)
        self._password = password
        self._timescale = timescale
        self._sources = sources

    @cached_property
    def version(self) -> tuple[int, ...]:
        """The version of the program, as (major, minor)."""
        said = subprocess.run([program("grafana"), "-v"], capture_output=True, text=True, check=True).stdout
        found = re.search(r"(\d+)\.(\d+)", said)
        return tuple(map(int, found.groups())) if found else (0, 0)

    def command(self) -> list[str | Path | int]:
        """Prepare the files and return the command line."""
        for kind in ("plugins", "notifiers", "alerting"):  # it complains about each that is missing
            (self.folder / "provisioning" / kind).mkdir(parents=True, exist_ok=True)
        self.refresh()
        path = program("grafana").resolve()
        unpacked = [folder for folder in path.parents if (folder / "conf/defaults.ini").exists()]
        return [path, "--homepath", unpacked[0]] if unpacked else [path]  # what a package installs knows its home

    def environment(self) -> Mapping[str, str]:
        """Return its environment: the same variables as in docker-compose.yml, and its folders."""
        settings = {
            "GF_SERVER_HTTP_ADDR": HOST,
            "GF_SERVER_HTTP_PORT": str(self.port),
            "GF_SERVER_ROOT_URL": self.address,
            "GF_PATHS_DATA": str(self.folder / "data"),
            "GF_PATHS_LOGS": str(self.folder / "data/log"),
            "GF_PATHS_PLUGINS": str(self.folder / "data/plugins"),
            "GF_PATHS_PROVISIONING": str(self.folder / "provisioning"),
            "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": str(self.folder / "dashboards" / HOME),
            "GF_LOG_MODE": "console",
            "GF_SECURITY_ADMIN_PASSWORD": self._password,
            "GF_AUTH_ANONYMOUS_ENABLED": "true",
            "GF_ANALYTICS_REPORTING_ENABLED": "false",
            "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
            "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
            "DASHBOARDS_PATH": str(self.folder / "dashboards"),
        }
        return {**environment(), **settings, **self._sources}

    def answers(self) -> bool:
        """Tell whether it serves."""
        return responds(f"http://{HOST}:{self.port}/api/health")

    def refresh(self) -> None:
        """Take provisioning and dashboards over from the committed files; Grafana itself looks for changes."""
        for kind in ("provisioning", "dashboards"):
            source, copy = FILES / kind, self.folder / kind
            wanted = {path.relative_to(source) for path in source.rglob("*") if path.is_file()}
            for path in sorted(wanted):
                text = (source / path).read_text(encoding="utf-8")
                _write(copy / path, fitting(text, self.version, timescale=self._timescale))
            for path in copy.rglob("*"):
                if path.is_file() and path.relative_to(copy) not in wanted:
                    path.unlink()


def fitting(text: str, version: tuple[int, ...], *, timescale: bool) -> str:
    """Return a provisioned file as a version of Grafana understands it, with the names of its time.

    Without TimescaleDB it is told so, because its macros would use what only TimescaleDB has.
    """
    if not timescale:
        text = text.replace("timescaledb: true", "timescaledb: false")
    for since, name, before in RENAMED:
        if version < since:
            text = text.replace(name, before)
    return text


def is_installed() -> bool:
    """Tell whether there is a Grafana to start: Debian does not have one."""
    return installed("grafana") is not None


def _write(path: Path, text: str) -> None:
    """Write a file if that changes anything."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
