"""From what the feeds delivered to journal entries: instruments are resolved, what cannot be is kept for later."""

import time
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping

import msgspec
import structlog

from exporter.exchanges.base import Liquidations
from exporter.feeds.sink import Taken
from exporter.feeds.status import ExchangeStatus
from exporter.journal import Journal, Sample, Stamp
from exporter.model import USD_QUOTES, AssetClass, FeedChange, Instrument, Liquidation, Origin, RawLiquidation, resolve

log = structlog.get_logger()

SAMPLES_PER_MINUTE = 10
SAMPLE_BYTES = 4096
RATE_MS = 60_000
"""A mark price is taken for the value of a coin at the time of an event that is at most this old."""


class Intake:
    """The feeds' `Sink`: writes to the journal and to the exchanges' status, and never blocks or raises.

    An event of an unknown instrument, or of one whose value in dollars is not known, waits in the journal's pending
    table until `instruments` brings what it needs. What is no liquidation, or not of the `asset_classes` that count, is
    told apart and left out. `refresh` is told the exchange whose instruments should be asked for; `begun_ms` says when
    each exchange was first listened to.
    """

    def __init__(
        self,
        journal: Journal,
        statuses: Mapping[str, ExchangeStatus],
        retention_ms: int,
        refresh: Callable[[str], None],
        asset_classes: Container[AssetClass] = ("crypto",),
    ) -> None:
        self._journal = journal
        self._statuses = statuses
        self._retention_ms = retention_ms
        self._refresh = refresh
        self.asset_classes = asset_classes
        self.begun_ms: dict[str, int] = {}
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
        entries = self._resolved(exchange, parsed, received_ms, "live")
        if entries:
            spent = parse_seconds + time.perf_counter() - started
            stamp = Stamp(started - parse_seconds, spent / len(entries))
            for entry in entries:
                self._journal.append(entry, stamp)

    def repeated(self, exchange: str, parsed: Liquidations, received_ms: int) -> None:
        """Journal what a new subscriber was told of the time before.

        What happened before the exchange was first listened to is left out, or totals would begin before their time;
        and so is what is older than ids are kept, because it was told before.
        """
        oldest = max(self.begun_ms.get(exchange, 0), received_ms - self._retention_ms)
        events = [event for event in parsed.events if event.time_ms >= oldest]
        self.backfilled(exchange, msgspec.structs.replace(parsed, events=events), received_ms)

    def backfilled(self, exchange: str, parsed: Liquidations, received_ms: int) -> Taken:
        """Journal liquidations that no socket delivered in their time."""
        pending = self._pending.setdefault(exchange, {})
        known, waited = sum(raw.id in pending for raw in parsed.events), len(pending)
        too_old = sum(raw.time_ms < received_ms - self._retention_ms for raw in parsed.events)
        entries = self._resolved(exchange, parsed, received_ms, "backfill")
        recorded = sum(self._journal.append(entry) for entry in entries)
        return Taken(recorded, len(pending) - waited, known, too_old, len(entries) - recorded)

    async def stored(self) -> None:
        """Wait until what was taken so far is durable."""
        await self._journal.written()

    def instruments(self, exchange: str, instruments: Iterable[Instrument]) -> None:
        """Replace what is known of an exchange, and turn pending events that it explains into records."""
        known = self._instruments[exchange] = {each.name: each for each in instruments}
        waiting = self._pending.get(exchange, {})
        settled = 0
        for raw in list(waiting.values()):
            instrument = known.get(raw.instrument)
            if instrument is None:
                continue
            if instrument.asset_class not in self.asset_classes:
                del waiting[raw.id]
                self._journal.discard(raw)
                self._exclude(exchange, instrument.asset_class)
            elif instrument.value_coin in USD_QUOTES and self._journal.settle(resolve(raw, instrument)):
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

    def _resolved(self, exchange: str, parsed: Liquidations, received_ms: int, origin: Origin) -> list[Liquidation]:
        """Give the events their size; keep, refuse or exclude those that cannot have one or do not count."""
        known = self._instruments.get(exchange, {})
        oldest = received_ms - self._retention_ms
        entries = []
        for raw in parsed.events:
            instrument = known.get(raw.instrument)
            if raw.time_ms < oldest:
                self.quarantine(exchange, "too_old", raw.id, received_ms)
            elif instrument is None:
                self._keep(raw, unknown=True)
            elif instrument.asset_class not in self.asset_classes:
                self._exclude(exchange, instrument.asset_class)
            elif instrument.value_coin in USD_QUOTES:
                entries.append(resolve(raw, instrument, origin))
            elif rate := self._rate(raw, instrument.value_coin):
                entries.append(resolve(raw, instrument, origin, rate))
            else:
                self._keep(raw, unknown=False)
        for row in parsed.rejected:
            self.quarantine(exchange, row.reason, row.row, received_ms)
        for kind in parsed.others:
            self._exclude(exchange, kind)
        return entries

    def _rate(self, raw: RawLiquidation, coin: str) -> float:
        """Return a coin's value in USD by the exchange's own mark price; 0 when that is not of the event's time."""
        status = self._statuses.get(raw.exchange)
        if status is None or abs(raw.received_ms - raw.time_ms) > RATE_MS:
            return 0.0
        return status.mark_prices.get(coin, 0.0)

    def _exclude(self, exchange: str, kind: str) -> None:
        status = self._statuses.get(exchange)
        if status is not None:
            status.excluded[kind] += 1

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
