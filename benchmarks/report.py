"""What the sections share: rows with their goals and verdicts, tables, and progress while they run."""

import statistics
from collections.abc import Callable, Sequence
from typing import Literal, Self

import msgspec
from rich.console import Console
from rich.table import Table

Verdict = Literal["met", "target met", "floor met", "MISSED", ""]
_COLOURS = {"met": "green", "target met": "green", "floor met": "yellow", "MISSED": "bold red", "": "none"}
WIDTH = 132
"""Columns where there is no terminal that has its own."""


class Row(msgspec.Struct, frozen=True):
    """One figure, mostly a median, with the lowest and the highest of its rounds, and what it has to reach.

    `floor` must be reached, `target` is wanted. The verdict names the better of the two that is met; a figure without a
    goal has none and is there to explain the others.
    """

    what: str
    unit: str
    figure: float
    low: float
    high: float
    rounds: int
    sense: Literal["at least", "at most", ""] = ""
    floor: float | None = None
    target: float | None = None

    @property
    def verdict(self) -> Verdict:
        """How it did."""
        if self.floor is None:
            return ""
        if not self._reaches(self.floor):
            return "MISSED"
        if self.target is None:
            return "met"
        return "target met" if self._reaches(self.target) else "floor met"

    def _reaches(self, goal: float) -> bool:
        return self.figure >= goal if self.sense == "at least" else self.figure <= goal


def at_least(what: str, unit: str, rounds: Sequence[float], floor: float, target: float | None = None) -> Row:
    """Return a row whose median has to be at least `floor`."""
    return msgspec.structs.replace(info(what, unit, rounds), sense="at least", floor=floor, target=target)


def at_most(what: str, unit: str, rounds: Sequence[float], floor: float, target: float | None = None) -> Row:
    """Return a row whose median has to be at most `floor`."""
    return msgspec.structs.replace(info(what, unit, rounds), sense="at most", floor=floor, target=target)


def info(what: str, unit: str, rounds: Sequence[float]) -> Row:
    """Return a row without a goal."""
    return Row(what, unit, statistics.median(rounds), min(rounds), max(rounds), len(rounds))


class Progress:
    """Says on stderr what a section is doing: a live line on a terminal, lines elsewhere."""

    def __init__(self, section: str) -> None:
        self._section = section
        self._console = Console(stderr=True, highlight=False)
        self._status = self._console.status(section)

    def __call__(self, doing: str) -> None:
        if self._console.is_terminal:
            self._status.update(f"{self._section}: {doing}")
        else:
            self._console.print(f"{self._section}: {doing}")

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()


def measured(section: str, run: Callable[[Progress], list[Row]]) -> list[Row]:
    """Run a section with its progress shown."""
    with Progress(section) as progress:
        return run(progress)


def output() -> Console:
    """Return where the tables go."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDTH)


def table(title: str, rows: Sequence[Row]) -> Table:
    """Return the rows of a section as a table."""
    result = Table(title=title, title_justify="left", title_style="bold")
    result.add_column("")
    result.add_column("measured", justify="right")
    result.add_column("lowest … highest", justify="right")
    result.add_column("goal")
    result.add_column("verdict")
    for row in rows:
        result.add_row(row.what, _measured(row), _spread(row), _goal(row), f"[{_COLOURS[row.verdict]}]{row.verdict}[/]")
    return result


def _measured(row: Row) -> str:
    return f"{number(row.figure)} {row.unit}"


def _spread(row: Row) -> str:
    return "" if row.low == row.high else f"{number(row.low)} … {number(row.high)}"


def _goal(row: Row) -> str:
    if row.floor is None:
        return ""
    target = "" if row.target is None else f", target {number(row.target)}"
    return f"{row.sense} {number(row.floor)}{target}"


def number(value: float) -> str:
    """Write a number with three significant digits, or as a whole one."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.01 else f"{value:.1e}"
