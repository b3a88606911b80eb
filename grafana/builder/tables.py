"""Tables: columns put together from several queries, each with its own look."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from grafana.builder import Json
from grafana.builder.colours import LONG, SHORT
from grafana.builder.fields import Look, for_name, looks
from grafana.builder.panels import NO_DATA, Panel
from grafana.builder.targets import Sql, Target, table

Cell = Literal["auto", "color-text", "color-background", "gauge", "long", "short"]
"""How a cell shows its value: plain, coloured by its state, as a bar, or in the colour of a side."""

CELLS: dict[Cell, Json] = {
    "auto": {"type": "auto"},
    "gauge": {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"},
    "color-background": {"type": "color-background", "mode": "basic"},
}
SIDES: dict[Cell, str] = {"long": LONG, "short": SHORT}


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column: `source` is the query or the label that fills it, `title` what stands above it.

    `expr` gives a column from a query of its own: its rows are those of all queries with equal labels.
    """

    title: str
    source: str = ""
    expr: str = ""
    look: Look = field(default_factory=Look)
    cell: Cell = "auto"
    width: int | None = None
    left: bool = False
    links: Sequence[tuple[str, str]] = ()

    @property
    def name(self) -> str:
        """What the column is called inside the panel: Grafana puts the values of variables into what it shows only."""
        return self.title.replace("$", "")

    def override(self) -> Json:
        """Return what makes this column look different from the others."""
        look = self.look.but(links=self.links)
        if self.cell in SIDES:
            look = look.but(colour=SIDES[self.cell])
        custom: dict[str, object] = {
            "custom.align": "left" if self.left else "right",
            "custom.cellOptions": CELLS.get(self.cell, {"type": "color-text"}),
        }
        if self.width:
            custom["custom.width"] = self.width
        if self.name != self.title:
            custom["displayName"] = self.title
        return for_name(self.name, looks(look) | custom)


def prometheus_table(
    title: str,
    about: str,
    labels: Sequence[Column],
    values: Sequence[Column],
    *,
    hidden: Sequence[str] = (),
    sort: str = "",
    nothing: str = NO_DATA,
) -> Panel:
    """Return a table whose rows are the label sets that the queries of `values` share, at the end of the range.

    The columns stand as given: first `labels`, then `values`; the labels `hidden` tell rows apart without being shown.
    """
    letters = [chr(ord("A") + index) for index in range(len(values))]
    names = {column.source: column.name for column in labels}
    # With a single query Grafana names its column "Value", with several "Value #A" and so on.
    names |= {
        ("Value" if len(values) == 1 else f"Value #{letter}"): column.name
        for letter, column in zip(letters, values, strict=True)
    }
    order = {name: index for index, name in enumerate(names)}
    changes: list[Json] = [
        {"id": "merge", "options": {}},
        {
            "id": "organize",
            "options": {
                "excludeByName": dict.fromkeys(("Time", *hidden), True),
                "indexByName": order,
                "renameByName": names,
            },
        },
    ]
    return _table(title, about, [table(column.expr) for column in values], [*labels, *values], changes, sort, nothing)


def sql_table(title: str, about: str, query: str, columns: Sequence[Column], *, sort: str = "", nothing: str) -> Panel:
    """Return a table with the rows of an SQL query, whose column names are the columns' titles."""
    return _table(title, about, [Sql(query=query)], columns, [], sort, nothing)


def _table(
    title: str,
    about: str,
    targets: Sequence[Target],
    columns: Sequence[Column],
    changes: Sequence[Json],
    sort: str,
    nothing: str,
) -> Panel:
    descending = sort.startswith("-")
    sorting = [{"displayName": sort.lstrip("-"), "desc": descending}] if sort else []
    return Panel(
        kind="table",
        title=title,
        about=about,
        targets=targets,
        look=Look(nothing=nothing),
        custom={
            "align": "auto",
            "minWidth": 50,
            "cellOptions": {"type": "auto"},
            "filterable": False,
            "inspect": False,
        },
        overrides=[column.override() for column in columns],
        changes=changes,
        options={
            "showHeader": True,
            "cellHeight": "sm",
            "sortBy": sorting,
            "footer": {"show": False, "reducer": ["sum"], "countRows": False, "fields": ""},
        },
    )
