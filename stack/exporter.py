"""The exporter, and the simulated exchanges that it listens to in the demo."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Self

from stack.service import HOST, Service, responds

ROOT = Path(__file__).parents[1]


class Simulator(Service):
    """The simulated exchanges; before they open, the exporter's folder is given a past."""

    name = "simulator"

    def __init__(self, folder: Path, data: Path, *, scenario: str, seed: int) -> None:
        super().__init__(folder, 0)
        self.configuration = folder / "exporter.yaml"
        """The configuration of an exporter that listens to them."""
        self._data = data
        self._story = ("--scenario", scenario, "--seed", str(seed))

    @property
    def address(self) -> str:
        """The file in the stack's folder that says where they listen."""
        return f"{self.folder.name}/{self.configuration.name}"

    def command(self) -> list[str | Path | int]:
        """Return the command line."""
        places = ("--data.dir", self._data, "--past", "--endpoints", self.configuration)
        return [sys.executable, "-m", "exporter", "simulate", *self._story, *places, "--with-parent"]

    def environment(self) -> Mapping[str, str]:
        """Return its environment."""
        return ours({})

    def answers(self) -> bool:
        """Tell whether the exchanges are open: they write their configuration then."""
        return self.configuration.exists()

    def start(self, stop: Event | None = None) -> Self:
        """Start it and wait until the exchanges are open."""
        self.configuration.unlink(missing_ok=True)
        return super().start(stop)


class Exporter(Service):
    """The exporter with its journal in `data`; `settings` are environment variables, which hold the secrets."""

    name = "exporter"

    def __init__(self, folder: Path, port: int, configuration: Path, settings: Mapping[str, str]) -> None:
        super().__init__(folder, port)
        self.data = folder / "data"
        self._configuration = configuration
        self._settings = settings

    def command(self) -> list[str | Path | int]:
        """Return the command line."""
        flags = ("--config.file", self._configuration, "--data.dir", self.data)
        return [sys.executable, "-m", "exporter", "run", *flags, "--web.listen-address", f"{HOST}:{self.port}"]

    def environment(self) -> Mapping[str, str]:
        """Return its environment."""
        return ours(self._settings)

    def answers(self) -> bool:
        """Tell whether it serves."""
        return responds(f"http://{HOST}:{self.port}/-/healthy")


def ours(settings: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which the package is found from any folder, and only our settings count."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIQ_")}
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return {**kept, "PYTHONPATH": path, **settings}
