"""From what the feeds delivered to journal entries: instruments are resolved, what cannot be is kept for later."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import structlog

from exporter.exchanges.base import Liquidations
from exporter.feeds.status import ExchangeStatus
from exporter.journal import Journal, Sample, Stamp
from exporter.model import FeedChange, Instrument, RawLiquidation, resolve

log = structlog.get_logger()

SAMPLES_PER_MINUTE = 10
SAMPLE_BYTES = 4096


class Intake:
    """The feeds' `Sink`: writes to the journal and to the exchanges' status, and never blocks or raises.

    An event of an unknown instrument, or of one that is not priced in dollars, waits in the journal's pending table
    until `instruments` brings what it needs. `refresh` is told the exchange whose instruments should be asked for.
    """

    def __init__(
        self,
        journal: Journal,
        statuses: Mapping[str, ExchangeStatus],
        retention_ms: int,
        refresh: Callable[[str], None],
    ) -> None:
        self._journal = journal
        self._statuses = statuses
        self._retention_ms = retention_ms
        self._refresh = refresh
        self._instruments: dict[str, dict[str, Instrument]] = {}
        self._pending: dict[str, dict[str, RawLiquidation]] = {}
        self._samples: Counter[tuple[str, str, int]] = Counter()

    def restore(self, pending: Iterable[RawLiquidation]) -> None:
        """Take over the pending events of an earlier run."""
        for raw in pending:
            self._pending.setdefault(raw.exchange, {})[raw.id] = raw
        self._count_pending()

    def liquidations(self, exchange: str, parsed: Liquidations, received_ms: int, parse_seconds: float) -> None:
        """Journal the liquidations of one frame."""
        started = time.perf_counter()
        known = self._instruments.get(exchange, {})
        oldest = received_ms - self._retention_ms
        entries = []
        for raw in parsed.events:
            instrument = known.get(raw.instrument)
            if raw.time_ms < oldest:
                self.quarantine(exchange, "too_old", raw.id, received_ms)
            elif instrument is None or not instrument.in_usd:
                self._keep(raw, unknown=instrument is None)
            else:
                entries.append(resolve(raw, instrument))
        for row in parsed.rejected:
            self.quarantine(exchange, row.reason, row.row, received_ms)
        if entries:
            spent = parse_seconds + time.perf_counter() - started
            stamp = Stamp(started - parse_seconds, spent / len(entries))
            for entry in entries:
                self._journal.append(entry, stamp)

    def instruments(self, exchange: str, instruments: Iterable[Instrument]) -> None:
        """Replace what is known of an exchange, and turn pending events that it explains into records."""
        known = self._instruments[exchange] = {each.name: each for each in instruments}
        waiting = self._pending.get(exchange, {})
        settled = 0
        for raw in list(waiting.values()):
            instrument = known.get(raw.instrument)
            if instrument and instrument.in_usd and self._journal.settle(resolve(raw, instrument)):
                del waiting[raw.id]
                settled += 1
        if settled:
            log.info("pending events resolved", exchange=exchange, events=settled, still_pending=len(waiting))
        self._count_pending()

    def feed_changed(self, change: FeedChange) -> None:
        """Journal that a feed became live or stopped being live."""
        self._journal.append(change)

    def quarantine(self, exchange: str, reason: str, frame: bytes | str, received_ms: int) -> None:
        """Count what could not be used and keep a few samples a minute of each reason."""
        status = self._statuses.get(exchange)
        if status is None:  # pending events may belong to an exchange that is no longer configured
            return
        status.quarantined[reason] += 1
        minute = received_ms // 60_000
        self._samples[exchange, reason, minute] += 1
        if self._samples[exchange, reason, minute] > SAMPLES_PER_MINUTE:
            return
        raw = frame.encode(errors="replace") if isinstance(frame, str) else frame
        status.last_error = f"{reason}: {raw[:200].decode(errors='replace')}"
        self._journal.sample(Sample(received_ms, exchange, reason, raw[:SAMPLE_BYTES]))

    def expire(self, now_ms: int) -> None:
        """Give up pending events beyond the retention, and forget old sample counts."""
        for exchange, waiting in self._pending.items():
            for raw in [each for each in waiting.values() if each.time_ms < now_ms - self._retention_ms]:
                del waiting[raw.id]
                self._journal.discard(raw)
                self.quarantine(exchange, "unresolved", raw.id, now_ms)
        for key in [key for key in self._samples if key[2] < now_ms // 60_000]:
            del self._samples[key]
        self._count_pending()

    def _keep(self, raw: RawLiquidation, *, unknown: bool) -> None:
        waiting = self._pending.setdefault(raw.exchange, {})
        if raw.id not in waiting and self._journal.keep_pending(raw):
            waiting[raw.id] = raw
            self._statuses[raw.exchange].pending_events = len(waiting)
        if unknown:
            self._refresh(raw.exchange)

    def _count_pending(self) -> None:
        for exchange, waiting in self._pending.items():
            if exchange in self._statuses:
                self._statuses[exchange].pending_events = len(waiting)
