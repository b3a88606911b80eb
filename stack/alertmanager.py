"""Alertmanager on the committed configuration, or on another one."""

from pathlib import Path

from stack.programs import program
from stack.prometheus import ALERTING
from stack.service import HOST, Service, responds


class Alertmanager(Service):
    """Alertmanager alone, without a cluster."""

    name = "alertmanager"

    def __init__(self, folder: Path, port: int, configuration: Path = ALERTING / "alertmanager.yml") -> None:
        super().__init__(folder, port)
        self._configuration = configuration

    def command(self) -> list[str | Path | int]:
        """Return the command line."""
        return [
            *(program("alertmanager"), f"--config.file={self._configuration}"),
            *(f"--storage.path={self.folder / 'data'}", "--cluster.listen-address="),
            *(f"--web.listen-address={HOST}:{self.port}", f"--web.external-url={self.address}"),
        ]

    def answers(self) -> bool:
        """Tell whether it is ready."""
        return responds(f"http://{HOST}:{self.port}/-/ready")
