"""What the exchanges' feeds are, and how they are doing."""

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from exporter.exchanges import REGISTRY
from exporter.exchanges.base import PUBLISHES, Exchange
from exporter.feeds.status import State
from exporter.tables.grid import Column, Grid
from exporter.tables.numbers import NONE, count, duration
from exporter.tables.text import plain
from exporter.web.describe import ExchangeDetail

_STATE_STYLE = {
    State.LIVE: "green",
    State.SILENT: "yellow",
    State.CONNECTING: "yellow",
    State.DOWN: "red",
    State.BLOCKED: "red",
}


def exchange_table(details: Iterable[ExchangeDetail], now_ms: int) -> Grid:
    """Return the state of every exchange that a running exporter listens to."""
    columns = [
        Column("Exchange", left=True),
        Column("State", left=True),
        Column("Feeds live"),
        Column("Last message"),
        Column("Last event"),
        Column("Reconnects", optional=True),
        Column("Refused", optional=True),
        Column("Pending", optional=True),
        Column("Gaps", optional=True),
        Column("Filled", optional=True),
        Column("Calls left", optional=True),
        Column("Left out", optional=True),
    ]
    grid = Grid("State", columns)
    for each in details:
        live = sum(feed.state is State.LIVE for feed in each.feeds)
        refused = each.counters.parse_errors + sum(each.counters.quarantined.values())
        grid.add(
            each.exchange,
            Text(each.state, _STATE_STYLE[each.state]),
            f"{live} of {len(each.feeds)}",
            _ago(each.last.message_ms, now_ms),
            _ago(each.last.event_ms, now_ms),
            count(sum(each.counters.reconnects.values())),
            count(refused),
            count(each.pending_events),
            duration(each.gap_seconds),
            duration(each.filled_gap_seconds),
            count(each.backfill.pending_requests),
            count(sum(each.counters.excluded.values())),
        )
    return grid


def reasons(details: Iterable[ExchangeDetail]) -> list[Text]:
    """Say why exchanges are not live, a line each."""
    return [
        Text.assemble((f"{each.exchange}: ", "bold"), plain(each.reason or each.instruments_error))
        for each in details
        if each.state is not State.LIVE and (each.reason or each.instruments_error)
    ]


def capability_table(exchanges: Iterable[Exchange]) -> Grid:
    """Return what each exchange's public feed shows of what happens there."""
    columns = [
        Column("Exchange", left=True),
        Column("Publishes", left=True),
        Column("Since", left=True),
        Column("Price", left=True),
        Column("Quantity", left=True, optional=True),
        Column("Identity", left=True, optional=True),
        Column("Back-fill", left=True),
    ]
    grid = Grid("What their feeds show", columns)
    for exchange in exchanges:
        capability = exchange.capability
        grid.add(
            exchange.name,
            PUBLISHES[capability.completeness],
            capability.epochs[-1].since,
            capability.price_kind,
            capability.quantity_unit,
            "its own" if capability.native_id else "by content",
            f"{duration(capability.backfill_hours * 3600)}" if capability.backfill_hours else "none",
        )
    return grid


def notes(exchanges: Iterable[Exchange]) -> Table:
    """Return the exchanges' remarks beside their names."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for each in exchanges:
        table.add_row(Text(each.name, "bold"), plain(each.capability.note))
    return table


def feed_line(details: Sequence[ExchangeDetail]) -> Text:
    """Return how many feeds are live and which are not, to stand by the figures: what is down is unknown, not calm."""
    live = sum(each.state is State.LIVE for each in details)
    line = Text("Feeds: ").append(f"{live} of {len(details)} live", "green" if live == len(details) else "yellow")
    for each in details:
        if each.state is not State.LIVE:
            line.append(f" · {each.exchange} ").append(each.state, _STATE_STYLE[each.state])
            line.append(plain(f" ({each.reason})" if each.reason else "", "dim"))
    return line


def marked(exchange: str) -> str:
    """Return the name, with a star where the exchange does not say that it publishes every liquidation."""
    known = REGISTRY.get(exchange)
    return f"{exchange}*" if known and known.capability.completeness != "full" else exchange


def floor_note(exchanges: Iterable[str]) -> list[Text]:
    """Say what the stars at the names mean, if there are any."""
    if not any(marked(name) != name for name in exchanges):
        return []
    return [Text("* a sample, a part, or not stated: its sums, and those of ALL, are a floor.", "dim")]


def _ago(time_ms: int | None, now_ms: int) -> str:
    return f"{duration(max(0, now_ms - time_ms) / 1000)} ago" if time_ms else NONE
