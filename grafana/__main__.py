"""Writes every board as JSON into its folder, or tells which ones are stale (`--check`)."""

import argparse
import json
import sys
from pathlib import Path

from grafana.boards import BOARDS
from grafana.builder.board import Board

FOLDER = Path(__file__).parent / "dashboards" / "liquidations"


def rendered(board: Board) -> str:
    """Return the text of the board's file."""
    return json.dumps(board.json(), indent=2, ensure_ascii=False) + "\n"


def stale(folder: Path = FOLDER) -> list[str]:
    """Return the names of the files that differ from what the code says, and of those that no board has."""
    wanted = {f"{board.file}.json": rendered(board) for board in BOARDS}
    there = {path.name: path.read_text() for path in folder.glob("*.json")}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


def write(folder: Path = FOLDER) -> None:
    """Write the boards that are stale and remove the files that no board has."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {f"{board.file}.json": rendered(board) for board in BOARDS}
    for name in stale(folder):
        if name not in texts:
            (folder / name).unlink()
            continue
        new = folder / f".{name}.new"
        new.write_text(texts[name])
        new.replace(folder / name)  # at once: a running Grafana never reads half a board


def main() -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m grafana", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale")
    if not parser.parse_args().check:
        write()
        return 0
    names = stale()
    for name in names:
        sys.stderr.write(f"{FOLDER / name} is stale: run make boards\n")
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
