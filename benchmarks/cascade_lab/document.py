"""The generated parts of docs/cascades.md."""

from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "cascades.md"


def write(section: str, text: str) -> None:
    """Replace what stands between the markers of a section; raises `ValueError` where one is missing."""
    begin, end = f"<!-- {section}: written by make lab -->", f"<!-- end of {section} -->"
    before, found, rest = DOCUMENT.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{DOCUMENT} lacks {begin!r} or {end!r}")
    DOCUMENT.write_text(f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}", encoding="utf-8")
