"""`python -m benchmarks.document FILE`: puts measured rows into docs/performance.md and docs/sizing.md, and draws them.

FILE is what `make bench ARGS="--json FILE"` has written; sections that it lacks stay as they are in the documents.
"""

import sys
from pathlib import Path

from benchmarks.report import HEAD
from benchmarks.results import Section, read
from benchmarks.splice import splice

DOCS = Path(__file__).parents[1] / "docs"
ELSEWHERE = {"sizing": DOCS / "sizing.md"}


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python -m benchmarks.document FILE", file=sys.stderr)
        return 2
    sections = read(Path(sys.argv[1]))
    if not sections:
        print(f"error: {sys.argv[1]} holds no sections; make bench writes it", file=sys.stderr)
        return 1
    for name, section in sections.items():
        splice(ELSEWHERE.get(name, DOCS / "performance.md"), name, markdown(section), "make bench-docs")
        print(f"{name}: {len(section.rows)} rows")
    if any(row.floor is not None for section in sections.values() for row in section.rows):
        from benchmarks import plots  # noqa: PLC0415 - matplotlib is there in the laboratory's environment only

        plots.draw(sections)
    return 0


def markdown(section: Section) -> str:
    """Return a section's rows as a table, without the columns that are empty, and its circumstances."""
    rows = [row.texts for row in section.rows]
    shown = [column for column in range(len(HEAD)) if any(row[column] for row in rows)]
    lines = [[HEAD[column] for column in shown], ["---"] * len(shown)]
    lines += [[cell(row, column) for column in shown] for row in rows]
    return "\n".join(["| " + " | ".join(line) + " |" for line in lines] + ["", f"Measured: {section.circumstances}."])


def cell(row: tuple[str, ...], column: int) -> str:
    """Return a cell; what was missed is to be seen."""
    return f"**{row[column]}**" if row[column] == "MISSED" else row[column].replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
