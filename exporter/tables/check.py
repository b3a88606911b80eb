"""What a check found: a line for each source, and below it every figure that differs."""

from rich.console import RenderableType
from rich.text import Text

from exporter.check import GOOD, Difference, Report, SourceReport, Verdict
from exporter.tables.grid import Column, Grid
from exporter.tables.numbers import NONE, count
from exporter.tables.text import plain

MOST_ROWS = 50
"""Differing figures that are shown per source; --json has them all."""


def check_sections(report: Report) -> list[RenderableType]:
    """Return the tables of a report, and the verdict."""
    differing = [source for source in report.sources if source.differences]
    return [_summary(report), *map(_differences, differing), _verdict(report)]


def _summary(report: Report) -> Grid:
    columns = [
        Column("Source", left=True),
        Column("Verdict", left=True),
        Column("Up to record"),
        Column("Events"),
        Column("Figures"),
        Column("Differing"),
        Column("What was compared, or why not", left=True),
    ]
    grid = Grid(f"Journal {report.journal}", columns)
    for source in report.sources:
        compared = bool(source.tables)
        grid.add(
            source.source,
            _shown(source.verdict),
            count(source.seq),
            count(source.events),
            count(source.figures if compared else None),
            count(len(source.differences) if compared else None),
            source.reason or ", ".join(source.tables) or NONE,
        )
    return grid


def _shown(verdict: Verdict) -> Text:
    if verdict is Verdict.NOT_CONFIGURED:
        return Text(NONE)
    style = {Verdict.EQUAL: "green", Verdict.NOT_RUNNING: "yellow"}.get(verdict, "bold red")
    return Text(verdict.value, style)


def _differences(source: SourceReport) -> Grid:
    columns = [
        Column("Table", left=True),
        Column("Exchange", left=True),
        Column("Coin", left=True),
        Column("Side", left=True),
        Column("Figure", left=True),
        Column("Journal"),
        Column("Found"),
        Column("Found - journal"),
    ]
    more = len(source.differences) - MOST_ROWS
    title = f"{source.source}: what differs" + (f" (and {more:,} figures more, all with --json)" if more > 0 else "")
    grid = Grid(title, columns)
    for each in source.differences[:MOST_ROWS]:
        grid.add(each.table, each.exchange, each.base, each.side, each.figure, *_numbers(each))
    return grid


def _numbers(difference: Difference) -> tuple[str, str, str]:
    mine, other = difference.journal, difference.found
    return _number(mine), _number(other), f"{other - mine:+,.12g}"


def _number(value: float) -> str:
    """Write a figure in full, so that a difference in the tenth digit is seen."""
    return f"{value:,.0f}" if value == int(value) else f"{value!r}"


def _verdict(report: Report) -> Text:
    if report.equal:
        compared = [source.source for source in report.sources if source.verdict is Verdict.EQUAL]
        return Text(f"Equal: {', '.join(compared)}.", "green")
    wrong = [source.source for source in report.sources if source.verdict not in GOOD]
    return plain(f"Not equal to the journal, or not known to be: {', '.join(wrong)}.", "bold red")
