"""The generated parts of documents, between markers."""

from pathlib import Path


def splice(document: Path, section: str, text: str, by: str) -> None:
    """Replace what stands between the markers of a section, which `by` writes; `ValueError` where one is missing."""
    begin, end = f"<!-- {section}: written by {by} -->", f"<!-- end of {section} -->"
    before, found, rest = document.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{document} lacks {begin!r} or {end!r}")
    document.write_text(f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}", encoding="utf-8")
