"""A comparison as tables that a newcomer can read."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from exporter.simulator.truth import Comparison, Row

SHOWN_WRONG_ROWS = 20


def render(comparison: Comparison) -> RenderableType:
    """Return the totals per exchange and side, every figure that is wrong, and the verdict."""
    parts: list[RenderableType] = [_totals(comparison.rows)]
    wrong = comparison.wrong()
    if wrong:
        parts.append(_wrong_rows(wrong))
    parts.append(_verdict(comparison, len(wrong)))
    return Group(*parts)


def _totals(rows: Sequence[Row]) -> Table:
    table = Table(title="What the exchanges sent, and what the exporter counted")
    table.add_column("exchange", no_wrap=True)
    table.add_column("side", no_wrap=True)
    for heading in ("events", "USD"):
        table.add_column(f"{heading} sent", justify="right")
        table.add_column("counted", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    amounts = {_place(row): row for row in rows if row.name == "liquidation_notional_usd_total"}
    for events in rows:
        if events.name == "liquidation_events_total":
            usd = amounts[_place(events)]
            cells = [text for row in (events, usd) for text in (_sent(row), _number(row.counted))]
            table.add_row(*_place(events), *cells, _judgement(events, usd))
    return table


def _wrong_rows(wrong: Sequence[Row]) -> Table:
    table = Table(title="What is wrong", title_style="bold red")
    table.add_column("metric", overflow="fold")
    for heading in ("sent", "counted", "counted - sent"):
        table.add_column(heading, justify="right")
    for row in wrong[:SHOWN_WRONG_ROWS]:
        bound = row.certain if row.counted < row.certain else row.all
        labels = ",".join(f'{name}="{value}"' for name, value in row.labels.items())
        table.add_row(f"{row.name}{{{labels}}}", _sent(row), _number(row.counted), f"{row.counted - bound:+,.10g}")
    if len(wrong) > SHOWN_WRONG_ROWS:
        table.caption = f"and {len(wrong) - SHOWN_WRONG_ROWS} more"
    return table


def _verdict(comparison: Comparison, wrong: int) -> Text:
    if wrong:
        return Text(f"{wrong} of {len(comparison.rows)} figures are wrong.", style="bold red")
    lines = f"All {len(comparison.rows)} figures agree with the truth (totals, coins, windows)."
    if any(row.certain != row.all for row in comparison.rows):
        lines += (
            "\nA range means that some events may or may not have arrived: those sent around a broken connection, while"
            " nobody was subscribed, or for a contract that REST had not told of. The exporter must have counted the"
            " lower number, and can not have counted more than the upper one."
        )
    return Text(lines, style="green")


def _place(row: Row) -> tuple[str, str]:
    return row.labels["exchange"], row.labels["side"]


def _sent(row: Row) -> str:
    if row.certain == row.all:
        return _number(row.all)
    return f"{_number(row.certain)} to {_number(row.all)}"


def _number(value: float) -> str:
    """Write a number in full where it is small, otherwise without cents."""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:,.6g}"


def _judgement(*rows: Row) -> Text:
    if not all(row.ok for row in rows):
        return Text("WRONG", style="bold red")
    return Text("equal" if all(row.certain == row.all for row in rows) else "in range", style="green")
