"""Prometheus on the committed configuration, with the addresses of this stack put in."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from stack.exporter import ROOT
from stack.programs import program
from stack.service import HOST, Service, responds

ALERTING = ROOT / "alerting"
GRAFANA = "http://localhost:3000"
"""Where the links in the rules look for Grafana."""


class Prometheus(Service):
    """Prometheus; `targets` are the addresses of the jobs that run, by name, and `alertmanager` among them."""

    name = "prometheus"

    def __init__(self, folder: Path, port: int, targets: Mapping[str, str], grafana: str) -> None:
        super().__init__(folder, port)
        self._targets = targets
        self._grafana = grafana

    def command(self) -> list[str | Path | int]:
        """Write the configuration and return the command line."""
        (self.folder / "rules").mkdir(exist_ok=True)
        for path in (ALERTING / "rules").glob("*.yml"):
            (self.folder / "rules" / path.name).write_text(path.read_text().replace(GRAFANA, self._grafana))
        (self.folder / "assets").mkdir(exist_ok=True)
        (self.folder / "assets/runbooks.md").write_text((ALERTING / "runbooks.md").read_text())
        configuration = self.folder / "prometheus.yml"
        configuration.write_text(located((ALERTING / "prometheus.yml").read_text(), self._targets))
        return [
            *(program("prometheus"), f"--config.file={configuration}", f"--storage.tsdb.path={self.folder / 'data'}"),
            *(f"--web.listen-address={HOST}:{self.port}", f"--web.external-url={self.address}"),
            *(f"--web.user-assets={self.folder / 'assets'}", "--storage.tsdb.retention.time=30d"),
        ]

    def answers(self) -> bool:
        """Tell whether it is ready."""
        return responds(f"http://{HOST}:{self.port}/-/ready")


def located(text: str, targets: Mapping[str, str]) -> str:
    """Replace the addresses in a configuration by those of this stack, and leave out the jobs that do not run here."""
    tree: dict[str, Any] = yaml.safe_load(text)
    tree["scrape_configs"] = [job for job in tree["scrape_configs"] if job["job_name"] in targets]
    for job in tree["scrape_configs"]:
        job["static_configs"] = [{"targets": [targets[job["job_name"]]]}]
    tree["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [targets["alertmanager"]]}]}]
    return yaml.safe_dump(tree, sort_keys=False)
