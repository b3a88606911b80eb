"""Writes the reference pages, or tells which ones are stale (`--check`)."""

import argparse
import sys
from pathlib import Path

from reference import configuration, metrics

ROOT = Path(__file__).parents[1]
PAGES = {"docs/configuration.md": configuration.page, "METRICS.md": metrics.page}


def stale(root: Path = ROOT) -> list[str]:
    """Return the names of the pages that differ from what the code says."""
    return [name for name, page in PAGES.items() if not (root / name).is_file() or (root / name).read_text() != page()]


def main() -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a page is stale")
    names = stale()
    if not parser.parse_args().check:
        for name in names:
            (ROOT / name).write_text(PAGES[name]())
        return 0
    for name in names:
        sys.stderr.write(f"{name} is stale: run make docs\n")
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
