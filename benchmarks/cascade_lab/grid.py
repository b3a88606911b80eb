"""A table that can be shown on a terminal and written into a document."""

from collections.abc import Sequence

import msgspec
from rich.table import Table


class Grid(msgspec.Struct, frozen=True):
    """A title, a head, rows of texts (the first column names the row), and a sentence on how to read them."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def table(self) -> Table:
        """Return it for a terminal."""
        result = Table(
            title=self.title, title_justify="left", title_style="bold", caption=self.note, caption_justify="left"
        )
        for index, name in enumerate(self.head):
            result.add_column(name, justify="right" if index else "left")
        for row in self.rows:
            result.add_row(*row)
        return result

    def markdown(self) -> str:
        """Return it for a document."""
        lines = [f"### {self.title}", ""]
        lines += [
            "| " + " | ".join(row) + " |" for row in (self.head, ["---", *["---:"] * (len(self.head) - 1)], *self.rows)
        ]
        return "\n".join([*lines, "", *([self.note, ""] if self.note else [])])
