"""What came of asking for the past: what was found, and what is not known for certain."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from exporter.recall import Missing, Report
from exporter.tables.grid import Column, Grid
from exporter.tables.numbers import NONE, count, moment
from exporter.tables.text import plain


def backfill_sections(report: Report) -> list[RenderableType]:
    """Return the figures, what is missing, and the verdict."""
    return [_figures(report), *_missing(report), _verdict(report)]


def _figures(report: Report) -> Grid:
    grid = Grid(f"{report.title}, {_span(report.since_ms, report.until_ms)}", [Column("", left=True), Column("")])
    grid.add("Can be asked from", moment(report.oldest_ms))
    grid.add("Calls", count(report.requests))
    grid.add("Liquidations found", count(report.found))
    grid.add("new", count(report.recorded), style="bold")
    grid.add("already there", count(report.known))
    if report.waiting:
        grid.add("waiting for their instrument or a rate", count(report.waiting))
    if report.left_out:
        grid.add("of a class that does not count", count(report.left_out))
    return grid


def _missing(report: Report) -> Iterator[RenderableType]:
    if not report.missing:
        return
    grid = Grid("Not known for certain", [Column(name, left=True) for name in ("Feed", "About", "Span (UTC)", "Why")])
    for each in report.missing:
        grid.add(each.feed or NONE, each.about or "everything", _span(each.since_ms, each.until_ms), each.reason)
    yield grid
    left = report.failures - sum(_is_failure(each) for each in report.missing)
    if left > 0:
        yield Text(f"and {count(left)} more that came to nothing", "dim")


def _verdict(report: Report) -> Text:
    if report.failures:
        return plain("The exchange did not answer everything: ask again.", "bold red")
    if report.completeness != "full":
        return plain(f"All that it answers. Its feed is {report.completeness}: every sum stays a floor.", "green")
    return plain("All of it.", "green")


def _is_failure(each: Missing) -> bool:
    return bool(each.feed)


def _span(since_ms: int, until_ms: int) -> str:
    return f"{moment(since_ms)} to {moment(until_ms)}"
