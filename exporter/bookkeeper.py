"""What happens to a record once it is durable: it is counted, shown and published, in that order."""

import time

from exporter.broadcast import Broadcast
from exporter.feeds.status import ExchangeStatus
from exporter.journal import Committed
from exporter.model import FeedChange, Liquidation, Record
from exporter.view import View

LATE_MS = 60_000
"""An event received this much after it happened counts everywhere but is not shown to the cascade detector."""


class Bookkeeper:
    """Applies committed records to the ledger, the price levels, the gaps and the exchanges' status."""

    def __init__(self, view: View, broadcast: Broadcast) -> None:
        self._view = view
        self._broadcast = broadcast
        self._priced = frozenset(view.ledger.bases)

    def apply(self, committed: Committed) -> None:
        """Count what a commit added."""
        started = time.perf_counter()
        for record in committed.records:
            if type(record.entry) is Liquidation:
                self._view.ledger.apply(record.seq, record.entry)
                self._view.levels.apply(record.entry)
        applied = (time.perf_counter() - started) / max(1, len(committed.records))
        for record, stamp in zip(committed.records, committed.stamps, strict=True):
            if stamp:
                self._view.processing.observe(stamp.cost + applied)
            self._note(record)
        for exchange, repetitions in committed.duplicates.items():
            status = self._view.exchanges.get(exchange)
            if status:
                status.duplicates += repetitions
        self._broadcast.publish(committed.records)

    def _note(self, record: Record) -> None:
        entry = record.entry
        if isinstance(entry, FeedChange):
            self._view.gaps.apply(entry)
            return
        status = self._view.exchanges.get(entry.exchange)
        if status:
            self._note_event(status, entry)

    def _note_event(self, status: ExchangeStatus, event: Liquidation) -> None:
        if event.time_ms > status.last_event_ms:
            status.last_event_ms = event.time_ms
            if event.base in self._priced:
                status.last_prices[event.base] = event.notional_usd / event.base_quantity
        delay_ms = event.received_ms - event.time_ms
        if delay_ms > LATE_MS:
            status.late_events += 1
        if event.origin == "backfill":
            status.backfilled_events += 1
        else:
            status.delay.observe(max(0, delay_ms) / 1000)
