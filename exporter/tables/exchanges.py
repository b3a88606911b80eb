"""What the exchanges' feeds are, and how they are doing."""

from collections.abc import Iterable, Sequence

from rich.text import Text

from exporter.exchanges.base import Exchange
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
        Column("Completeness", left=True),
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
            capability.completeness,
            capability.epochs[-1].since,
            capability.price_kind,
            capability.quantity_unit,
            "its own" if capability.native_id else "by content",
            f"{duration(capability.backfill_hours * 3600)}" if capability.backfill_hours else "none",
        )
    return grid


def notes(exchanges: Iterable[Exchange]) -> list[Text]:
    """Return the exchanges' remarks, a line each."""
    return [Text.assemble((f"{each.name}: ", "bold"), each.capability.note) for each in exchanges]


def feed_line(details: Sequence[ExchangeDetail]) -> Text:
    """Return every feed's state in one line, to stand by the figures: what is down is unknown, not calm."""
    line = Text("Feeds: ")
    for position, each in enumerate(details):
        line.append(" · " if position else "").append(f"{each.exchange} ")
        line.append(each.state, _STATE_STYLE[each.state])
        if each.reason:
            line.append(plain(f" ({each.reason})", "dim"))
    return line


def sampled_line(details: Iterable[ExchangeDetail]) -> list[Text]:
    """Name the exchanges that do not show every liquidation, and those of which it is not known, if there are any."""
    parts, unsaid = [], []
    for each in details:
        if each.completeness == "unspecified":
            unsaid.append(each.exchange)
        elif each.completeness != "full":
            parts.append(f"{each.exchange} ({each.completeness})")
    lines = [f"A lower bound, not every liquidation is published: {', '.join(parts)}"] if parts else []
    lines += [f"Not known whether every liquidation is published: {', '.join(unsaid)}"] if unsaid else []
    return [Text(line, "dim") for line in lines]


def _ago(time_ms: int | None, now_ms: int) -> str:
    return f"{duration(max(0, now_ms - time_ms) / 1000)} ago" if time_ms else NONE
