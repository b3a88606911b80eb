"""The generated part of docs/cascades.md."""

from collections.abc import Iterable
from pathlib import Path

from benchmarks.cascade_lab.grid import Grid

DOCUMENT = Path(__file__).parents[2] / "docs" / "cascades.md"
BEGIN = "<!-- results: written by make lab -->"
END = "<!-- end of results -->"


def write(intro: str, grids: Iterable[Grid]) -> None:
    """Replace what stands between the markers; raises `ValueError` where one is missing."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{DOCUMENT} lacks {BEGIN!r} or {END!r}")
    body = "\n".join(grid.markdown() for grid in grids)
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{intro}\n\n{body}\n{END}{after}", encoding="utf-8")
