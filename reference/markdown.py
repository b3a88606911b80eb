"""Tables and code as Markdown wants them."""

from collections.abc import Iterable, Sequence

GENERATED = "<!-- Made by `make docs` from {source}; change it there. -->"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a bar inside a cell would end it and is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n" for row in lines)


def code(text: str) -> str:
    """Return a text as code."""
    return f"`{text}`"


def codes(texts: Iterable[str]) -> str:
    """Return several texts as code, separated by commas."""
    return ", ".join(map(code, texts))
