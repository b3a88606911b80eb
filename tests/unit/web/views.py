"""A `View` for tests: a filled ledger and two exchanges, without sockets or journal."""

import time
from collections.abc import Iterable

from exporter.config import Config, Web
from exporter.feeds.status import ExchangeStatus, State
from exporter.gaps import Gaps
from exporter.journal import JournalStatus
from exporter.ledger import Ledger
from exporter.levels import Levels
from exporter.model import Liquidation, Record
from exporter.view import View

FEEDS = {"binance": ["futures"], "bybit": ["linear", "inverse"]}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Newest:
    """In place of the journal: answers with its events, newest first, and keeps what it was asked."""

    def __init__(self, events: Iterable[Liquidation]) -> None:
        self.events = list(events)
        self.asked = []
        self.error: Exception | None = None

    async def __call__(self, filters, limit):
        self.asked.append((dict(filters), limit))
        if self.error:
            raise self.error
        records = [Record(seq, event.time_ms, event) for seq, event in enumerate(self.events, 1)]
        return records[::-1][:limit]


def make_view(
    events: Iterable[Liquidation] = (), *, listen: str = "127.0.0.1:0", state: State | None = State.LIVE
) -> View:
    """Build a view whose feeds are all in one state, or still without a connection (None)."""
    config = Config(web=Web(listen_address=listen))
    ledger = Ledger(FEEDS, config.metrics.bases, config.metrics.base_cap)
    newest = Newest(events)
    levels = Levels()
    for seq, event in enumerate(newest.events, 1):
        ledger.apply(seq, event)
        levels.apply(event)
    exchanges = {name: ExchangeStatus(name, feeds) for name, feeds in FEEDS.items()}
    if state:
        for status in exchanges.values():
            status.last_message_ms = now_ms()
            for feed in status.feeds.values():
                feed.connections = {0: state}
    return View(config, ledger, Gaps(), JournalStatus(), newest, levels, exchanges, started_ms=now_ms())
