"""A peer's process as the sections see it."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.contracts import contracts
from benchmarks.frames import Frame

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-bench" / "bin" / "python"
WORKER = Path(__file__).parent / "worker.py"
NAMES = ("cryptofeed", "ccxt", "orjson")


def available() -> bool:
    """Tell whether the peers' environment is there; `make bench` makes it."""
    return PYTHON.exists()


def versions() -> dict[str, str]:
    """Return the peers' versions by name."""
    command = [PYTHON, "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"]
    listed = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return {each["name"]: each["version"] for each in listed if each["name"] in NAMES}


class Peer:
    """A peer that takes frames of one exchange, round after round; `folder` gets the frames."""

    def __init__(self, peer: str, exchange: str, frames: Sequence[Frame], folder: Path) -> None:
        file = folder / f"{peer}-{exchange}"
        file.write_bytes(b"\n".join(frame.body for frame in frames))
        symbols = [contract.symbol for contract in contracts(exchange)]
        command = [PYTHON, WORKER, peer, exchange, file, *symbols]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._answer()

    def round(self) -> tuple[float, int]:
        """Have it take all frames once; returns the seconds and how many liquidations it found."""
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        seconds, found = self._answer().split()
        return float(seconds), int(found)

    def close(self) -> None:
        """End it."""
        self._process.communicate()

    def _answer(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "the peer's process ended"
        return line
