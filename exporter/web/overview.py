"""The `stats` event of the stream: what the page's header and tables show, once a second."""

import msgspec

from exporter import __version__
from exporter.model import Side
from exporter.stats import WINDOWS, By, CumulativeStats, Figures
from exporter.view import View
from exporter.web.cascades import CascadesPart, cascades_part
from exporter.web.describe import ExchangePart, JournalPart, exchange_parts, journal_part
from exporter.web.query import ALL_TIME


class Process(msgspec.Struct, frozen=True):
    """The exporter itself: its version, clock and journal."""

    version: str
    now_ms: int
    started_ms: int
    journal: JournalPart


class Summary(msgspec.Struct, frozen=True):
    """One window without its exchanges."""

    total: Figures
    sides: dict[Side, Figures]
    balance: By


class Overview(msgspec.Struct, frozen=True):
    """Every window in short, and one of them in full."""

    process: Process
    exchanges: list[ExchangePart]
    windows: dict[str, Summary]
    stats: CumulativeStats
    cascades: CascadesPart


class Subject(msgspec.Struct, frozen=True):
    """What an overview is about: one coin or all (None), with one window, or all time (None), in full."""

    base: str | None
    window: str | None


class Status(msgspec.Struct, frozen=True):
    """The part of an overview that only the event loop may read."""

    process: Process
    exchanges: list[ExchangePart]


def take_status(view: View, now_ms: int) -> Status:
    """Note the state of process and exchanges."""
    return Status(Process(__version__, now_ms, view.started_ms, journal_part(view.journal)), exchange_parts(view))


def overview(view: View, status: Status, subject: Subject) -> Overview:
    """Add the ledger's figures to a status."""
    now_ms = status.process.now_ms
    names = (*WINDOWS, ALL_TIME)
    stats = {name: view.stats(subject.base, None if name == ALL_TIME else name, now_ms) for name in names}
    return Overview(
        status.process,
        status.exchanges,
        {name: Summary(each.total, each.sides, each.balance) for name, each in stats.items()},
        stats[subject.window or ALL_TIME],
        cascades_part(view, now_ms),
    )
