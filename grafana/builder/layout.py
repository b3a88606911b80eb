"""Where panels stand: rows of panels, 24 units wide, one below the other, under headings."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grafana.builder import Json
from grafana.builder.panels import Panel

WIDTH = 24


@dataclass(frozen=True)
class Row:
    """Panels beside each other: their height in units (38 pixels), and each one's width."""

    height: int
    panels: Sequence[tuple[int, Panel]]

    def __post_init__(self) -> None:
        width = sum(width for width, _ in self.panels)
        if width != WIDTH:
            names = ", ".join(panel.title for _, panel in self.panels)
            raise ValueError(f"a row is {WIDTH} wide, this one is {width}: {names}")


@dataclass(frozen=True)
class Section:
    """Rows under a heading; without a title there is no heading."""

    title: str
    rows: Sequence[Row]


def place(sections: Sequence[Section]) -> Iterator[Json]:
    """Give every panel its number and its place."""
    number, y = 1, 0
    for section in sections:
        if section.title:
            yield _heading(section.title, number, y)
            number, y = number + 1, y + 1
        for row in section.rows:
            x = 0
            for width, panel in row.panels:
                yield panel.json(number, {"x": x, "y": y, "w": width, "h": row.height})
                number, x = number + 1, x + width
            y += row.height


def _heading(title: str, number: int, y: int) -> Json:
    place = {"x": 0, "y": y, "w": WIDTH, "h": 1}
    return {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}
