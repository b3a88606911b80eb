"""What the sections share: rows with their goals and verdicts, tables, and progress while they run."""

import statistics
from collections.abc import Callable, Sequence
from typing import Literal, Self

import msgspec
from rich.console import Console
from rich.table import Table

Verdict = Literal["met", "floor only", "MISSED", ""]
_COLOURS = {"met": "green", "floor only": "yellow", "MISSED": "bold red", "": "none"}
WIDTH = 150
"""Columns where there is no terminal that has its own."""
HEAD = ("goal", "what", "ours", "anchor", "measured", "lowest … highest", "floor", "target", "verdict")


class Row(msgspec.Struct, frozen=True):
    """One figure, the median of its rounds, with the lowest and the highest of them, and what it has to reach.

    `floor` must be reached, `target` is wanted; a figure without a goal is there to explain the others. `goal` is its
    number in the list of goals. Where the figure is a ratio, `ours` and `anchor` are what it is made of, as texts.
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
    goal: str = ""
    ours: str = ""
    anchor: str = ""

    @property
    def verdict(self) -> Verdict:
        """How it did."""
        if self.floor is None:
            return ""
        if not self._reaches(self.floor):
            return "MISSED"
        return "met" if self.target is None or self._reaches(self.target) else "floor only"

    @property
    def grossly_missed(self) -> bool:
        """Whether even its best round is more than twice as bad as the floor allows."""
        if self.floor is None:
            return False
        return self.high < self.floor / 2 if self.sense == "at least" else self.low > self.floor * 2

    @property
    def texts(self) -> tuple[str, ...]:
        """Its cells, in the order of `HEAD`."""
        measured = f"{number(self.figure)} {self.unit}"
        spread = "" if self.low == self.high else f"{number(self.low)} … {number(self.high)}"
        floor, target = (self._goal_text(goal) for goal in (self.floor, self.target))
        return self.goal, self.what, self.ours, self.anchor, measured, spread, floor, target, self.verdict

    def _goal_text(self, goal: float | None) -> str:
        return "" if goal is None else f"{'≥' if self.sense == 'at least' else '≤'} {number(goal)}"

    def _reaches(self, goal: float) -> bool:
        return self.figure >= goal if self.sense == "at least" else self.figure <= goal


def at_least(
    what: str, unit: str, rounds: Sequence[float], floor: float, target: float | None = None, goal: str = ""
) -> Row:
    """Return a row whose median has to be at least `floor`."""
    row = info(what, unit, rounds)
    return msgspec.structs.replace(row, sense="at least", floor=floor, target=target, goal=goal)


def at_most(
    what: str, unit: str, rounds: Sequence[float], floor: float, target: float | None = None, goal: str = ""
) -> Row:
    """Return a row whose median has to be at most `floor`."""
    row = info(what, unit, rounds)
    return msgspec.structs.replace(row, sense="at most", floor=floor, target=target, goal=goal)


def info(what: str, unit: str, rounds: Sequence[float]) -> Row:
    """Return a row without a goal."""
    figures = (float(figure(rounds)) for figure in (statistics.median, min, max))
    return Row(what, unit, *figures, len(rounds))


class Measured(msgspec.Struct, frozen=True):
    """One side of a comparison: what it is, and its figure in every round (a rate where `unit` ends with `/s`)."""

    what: str
    unit: str
    rounds: Sequence[float]

    @property
    def is_rate(self) -> bool:
        return self.unit.endswith("/s")

    def __str__(self) -> str:
        """Write the median."""
        return f"{self.what} {number(statistics.median(self.rounds))} {self.unit}".strip()


def times_as_fast(goal: str, what: str, ours: Measured, anchor: Measured, floor: float, target: float) -> Row:
    """Return a row that says how many times as fast we are, round by round."""
    fast, slow = (ours, anchor) if ours.is_rate else (anchor, ours)
    ratios = [one / other for one, other in zip(fast.rounds, slow.rounds, strict=True)]
    row = at_least(what, "x", ratios, floor, target, goal)
    return msgspec.structs.replace(row, ours=str(ours), anchor=str(anchor))


def times_the_cost(goal: str, what: str, ours: Measured, anchor: Measured, floor: float, target: float) -> Row:
    """Return a row that says how many times the anchor's cost ours is, round by round."""
    ratios = [one / other for one, other in zip(ours.rounds, anchor.rounds, strict=True)]
    row = at_most(what, "x", ratios, floor, target, goal)
    return msgspec.structs.replace(row, ours=str(ours), anchor=str(anchor))


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
    right = {"measured", "lowest … highest"}
    shown = [column for column, name in enumerate(HEAD) if name == "what" or any(row.texts[column] for row in rows)]
    for column in shown:
        result.add_column(HEAD[column], justify="right" if HEAD[column] in right else "left")
    for row in rows:
        *cells, verdict = row.texts
        coloured = (*cells, f"[{_COLOURS[verdict]}]{verdict}[/]")
        result.add_row(*(coloured[column] for column in shown))
    return result


def number(value: float) -> str:
    """Write a number with three significant digits, or as a whole one."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.01 else f"{value:.1e}"
