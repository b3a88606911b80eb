"""The generated parts of docs/cascades.md."""

from pathlib import Path

from benchmarks.splice import splice

DOCUMENT = Path(__file__).parents[2] / "docs" / "cascades.md"


def write(section: str, text: str) -> None:
    """Replace what stands between the markers of a section; raises `ValueError` where one is missing."""
    splice(DOCUMENT, section, text, "make lab")
