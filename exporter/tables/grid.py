"""A table that fits its terminal by leaving out its least important columns, never by cutting a number off."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from exporter.tables.text import plain

UNLIMITED = 10_000


@dataclass(frozen=True)
class Column:
    """One column; the `optional` ones make room on a narrow terminal, the last of them first."""

    title: str
    left: bool = False
    optional: bool = False


@dataclass
class Grid:
    """Rows of cells below a title. A row may carry a style, and an `end` that draws a line below it."""

    title: str
    columns: Sequence[Column]
    rows: list[tuple[Sequence[str | Text], str, bool]] = field(default_factory=list)

    def add(self, *cells: str | Text, style: str = "", end: bool = False) -> None:
        """Append a row, one cell for each column."""
        self.rows.append((cells, style, end))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw with as many columns as fit."""
        kept, left_out = self._choose(console, options)
        yield Text(self.title, style="bold")
        yield self._table(kept)
        if left_out:
            yield Text(f"a wider terminal also shows: {', '.join(left_out)}", style="dim")

    def _choose(self, console: Console, options: ConsoleOptions) -> tuple[list[int], list[str]]:
        kept = list(range(len(self.columns)))
        left_out: list[str] = []
        free = options.update(max_width=UNLIMITED)
        for index in self._optional():
            if console.measure(self._table(kept), options=free).maximum <= options.max_width:
                break
            kept.remove(index)
            left_out.insert(0, self.columns[index].title)
        return kept, left_out

    def _optional(self) -> Iterator[int]:
        return (index for index in range(len(self.columns) - 1, -1, -1) if self.columns[index].optional)

    def _table(self, kept: Sequence[int]) -> Table:
        table = Table(
            box=box.SIMPLE_HEAD,
            padding=(0, 1, 0, 0),
            pad_edge=False,
            show_edge=False,
            header_style="dim",
            border_style="dim",
        )
        for index in kept:
            column = self.columns[index]
            justify = "left" if column.left else "right"
            table.add_column(plain(column.title), justify=justify, overflow="fold")  # type: ignore[arg-type]  # both are words it knows
        for cells, style, end in self.rows:
            shown = (cells[index] for index in kept)
            texts = (plain(cell) if isinstance(cell, str) else cell for cell in shown)
            table.add_row(*texts, style=style, end_section=end)
        return table
