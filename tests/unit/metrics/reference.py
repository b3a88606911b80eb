"""The same page as `exporter.metrics` makes, built the ordinary way: prometheus_client families, one sample at a time.

It shares names and help texts with the catalogue and nothing else, so that a difference shows.
"""

import math
from collections.abc import Callable, Collection, Iterator

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from exporter import __version__
from exporter.cells import ALL, OTHER, Cell
from exporter.exchanges import REGISTRY
from exporter.feeds.status import ExchangeStatus, State
from exporter.metrics.reasons import EXCLUDED_KINDS, QUARANTINE_REASONS, RECONNECT_REASONS
from exporter.stats import WINDOWS
from exporter.stores import StoreState
from exporter.view import View
from tests.unit.metrics.reference_families import family, info, observe, plain
from tests.unit.metrics.reference_signals import signals


class Reference(Collector):
    def __init__(self, view: View, now_ms: int, window_bases: Collection[str]) -> None:
        self.view = view
        self.now_ms = now_ms
        self.window_bases = window_bases

    def collect(self) -> Iterator[Metric]:
        yield from self.exchange_totals()
        yield from self.asset_totals()
        yield from self.windows()
        yield from self.feed_state()
        yield from self.feed_times()
        yield from self.feed_counters()
        yield from self.prices()
        yield from self.stores()
        yield from self.exporter()
        yield from self.check()
        yield from signals(self.view, self.now_ms)

    def cells(self, wanted: Callable[[str], bool]) -> Iterator[tuple[str, str, str, Cell]]:
        for (exchange, base, side), cell in self.view.ledger.cells.items():
            if wanted(base):
                yield exchange, base, side, cell

    def exchange_totals(self) -> Iterator[Metric]:
        events = family("liquidation_events_total")
        usd = family("liquidation_notional_usd_total")
        sizes = family("liquidation_size_usd")
        largest = family("liquidation_largest_usd")
        firsts = family("liquidation_first_event_timestamp_seconds")
        for exchange, _, side, cell in self.cells(lambda base: base == ALL):
            events.add_metric([exchange, side], cell.events)
            usd.add_metric([exchange, side], cell.usd)
            observe(sizes, [exchange, side], cell.sizes)
            largest.add_metric([exchange, side], cell.largest_usd)
        for exchange in {key[0] for key in self.view.ledger.cells}:
            self.first_event(firsts, exchange, self.cells(lambda base: base == ALL), 0)
        yield from (events, usd, sizes, largest, firsts)

    def first_event(self, metric, value: str, cells, label: int) -> None:
        firsts = [each[3].first_ms for each in cells if each[label] == value and each[3].events]
        if firsts:
            metric.add_metric([value], min(firsts) / 1000)

    def asset_totals(self) -> Iterator[Metric]:
        events = family("liquidation_asset_events_total")
        usd = family("liquidation_asset_notional_usd_total")
        quantity = family("liquidation_asset_quantity_total")
        firsts = family("liquidation_asset_first_event_timestamp_seconds")
        shown = self.view.ledger.has_series
        by_base = {}
        for exchange, base, side, cell in self.cells(lambda base: base != ALL and shown(base)):
            events.add_metric([exchange, base, side], cell.events)
            usd.add_metric([exchange, base, side], cell.usd)
            by_base.setdefault(base, []).append((exchange, base, side, cell))
            if base != OTHER:
                quantity.add_metric([exchange, base, side], cell.base_quantity)
        for base, cells in by_base.items():
            self.first_event(firsts, base, cells, 1)
        yield from (events, usd, quantity, firsts)

    def windows(self) -> Iterator[Metric]:
        events = family("liquidation_window_events")
        usd = family("liquidation_window_notional_usd")
        largest = family("liquidation_window_largest_usd")
        asset_events = family("liquidation_asset_window_events")
        asset_usd = family("liquidation_asset_window_notional_usd")
        asset_quantity = family("liquidation_asset_window_quantity")
        asset_largest = family("liquidation_asset_window_largest_usd")
        bases = self.window_bases
        for exchange, base, side, cell in self.cells(lambda base: base == ALL or base in bases):
            for window in WINDOWS:
                tally = cell.window(window, self.now_ms // 60_000)
                if base == ALL:
                    events.add_metric([exchange, side, window], tally.events)
                    usd.add_metric([exchange, side, window], tally.usd)
                    largest.add_metric([exchange, side, window], tally.largest_usd)
                else:
                    asset_events.add_metric([exchange, base, side, window], tally.events)
                    asset_usd.add_metric([exchange, base, side, window], tally.usd)
                    asset_quantity.add_metric([exchange, base, side, window], tally.base_quantity)
                    asset_largest.add_metric([exchange, base, side, window], tally.largest_usd)
        yield from (events, usd, largest, asset_events, asset_usd, asset_quantity, asset_largest)

    def feed_state(self) -> Iterator[Metric]:
        configured = family("liquidation_exchange_configured")
        for name in REGISTRY:
            configured.add_metric([name], name in self.view.config.enabled_exchanges())
        up = family("liquidation_exchange_up")
        states = family("liquidation_exchange_state")
        for name, status in self.view.exchanges.items():
            up.add_metric([name], status.state == "live")
            for state in State:
                states.add_metric([name, str(state)], status.state == state)
        capabilities = {name: REGISTRY[name].capability for name in self.view.exchanges}
        yield from (configured, up, states)
        yield info(
            "liquidation_exchange_info",
            [(name, each.completeness, each.price_kind) for name, each in capabilities.items()],
        )

    def feed_times(self) -> Iterator[Metric]:
        for what in ("message", "control", "event"):
            metric = family(f"liquidation_exchange_last_{what}_timestamp_seconds")
            for name, status in self.view.exchanges.items():
                time_ms = getattr(status, f"last_{what}_ms")
                if time_ms:
                    metric.add_metric([name], time_ms / 1000)
            yield metric
        offset = family("liquidation_exchange_clock_offset_seconds")
        for name, status in self.view.exchanges.items():
            if status.last_control_ms:
                offset.add_metric([name], status.clock_offset_s)
        yield offset

    def feed_counters(self) -> Iterator[Metric]:
        for what in ("frames", "parse_errors", "unknown_frames", "duplicates", "late_events", "backfilled_events"):
            yield self.per_exchange(
                f"liquidation_exchange_{what}_total", lambda status, what=what: getattr(status, what)
            )
        yield self.per_exchange("liquidation_pending_events", lambda status: status.pending_events)
        yield self.per_exchange(
            "liquidation_exchange_gap_seconds_total",
            lambda status: self.view.gaps.seconds(status.exchange, self.now_ms),
        )
        yield self.per_exchange(
            "liquidation_exchange_filled_gap_seconds_total",
            lambda status: self.view.gaps.filled_seconds(status.exchange),
        )
        yield self.per_exchange(
            "liquidation_exchange_backfill_pending_requests", lambda status: status.backfill.requests
        )
        excluded = family("liquidation_exchange_excluded_total")
        quarantined = family("liquidation_exchange_quarantined_total")
        reconnects = family("liquidation_exchange_reconnects_total")
        delay = family("liquidation_exchange_event_delay_seconds")
        for name, status in self.view.exchanges.items():
            for kind in set(EXCLUDED_KINDS) | set(status.excluded):
                excluded.add_metric([name, kind], status.excluded[kind])
            for reason in set(QUARANTINE_REASONS) | set(status.quarantined):
                quarantined.add_metric([name, reason], status.quarantined[reason])
            for reason in set(RECONNECT_REASONS) | set(status.reconnects):
                reconnects.add_metric([name, reason], status.reconnects[reason])
            observe(delay, [name], status.delay)
        yield from (excluded, quarantined, reconnects, delay)

    def per_exchange(self, name: str, value: Callable[[ExchangeStatus], float]) -> Metric:
        metric = family(name)
        for exchange, status in self.view.exchanges.items():
            metric.add_metric([exchange], value(status))
        return metric

    def prices(self) -> Iterator[Metric]:
        for which in ("mark", "last"):
            metric = family(f"liquidation_{which}_price_usd")
            for name, status in self.view.exchanges.items():
                for base, price in getattr(status, f"{which}_prices").items():
                    metric.add_metric([name, base], price)
            yield metric

    def stores(self) -> Iterator[Metric]:
        up, leader = family("liquidation_store_up"), family("liquidation_store_leader")
        lag, failures = family("liquidation_store_lag_events"), family("liquidation_store_failures_total")
        seconds = family("liquidation_store_write_seconds")
        success = family("liquidation_store_last_success_timestamp_seconds")
        for name, status in self.view.stores.items():
            up.add_metric([name], status.state in (StoreState.FOLLOWING, StoreState.STANDBY))
            leader.add_metric([name], status.state is StoreState.FOLLOWING)
            lag.add_metric([name], status.lag_events)
            failures.add_metric([name], status.failures)
            observe(seconds, [name], status.write_seconds)
            if status.last_success_ms:
                success.add_metric([name], status.last_success_ms / 1000)
        yield from (up, leader, lag, failures, seconds, success)

    def exporter(self) -> Iterator[Metric]:
        for name, histogram in (
            ("liquidation_processing_seconds", self.view.processing),
            ("liquidation_commit_seconds", self.view.journal.commit_seconds),
        ):
            metric = family(name)
            observe(metric, [], histogram)
            yield metric
        journal = self.view.journal
        yield plain("liquidation_journal_up", journal.up)
        yield plain("liquidation_journal_full", journal.full)
        yield plain("liquidation_journal_size_bytes", journal.size_bytes)
        yield plain("liquidation_journal_free_bytes", journal.free_bytes)
        yield plain("liquidation_journal_queue_events", journal.queued)
        yield plain("liquidation_journal_dropped_events_total", journal.dropped)
        yield plain("liquidation_base_cap_reached", self.view.ledger.cap_reached)
        yield plain("liquidation_config_last_reload_successful", self.view.reload_successful)
        yield info("liquidation_exporter_build_info", [(__version__,)])
        bands = family("liquidation_sentiment_band_ratio")
        for band in ("bearish_from", "bullish_to"):
            bands.add_metric([band], getattr(self.view.config.stats, band))
        yield bands
        alerts = self.view.config.alerts
        least = family("liquidation_alert_minimum_usd")
        for base, usd in {**alerts.minimum_usd, **dict.fromkeys(alerts.mute, math.inf)}.items():
            least.add_metric([base], usd)
        yield least
        yield plain("liquidation_alert_posts_total", self.view.alerts.posts)
        yield plain("liquidation_alert_post_failures_total", self.view.alerts.failures)

    def check(self) -> Iterator[Metric]:
        status = self.view.check
        verdicts, differences = family("liquidation_check_verdict"), family("liquidation_check_differences")
        for finding in status.findings:
            for verdict in ("equal", "differs", "moving", "behind", "strange", "unreachable"):
                verdicts.add_metric([finding.source, verdict], finding.verdict.value == verdict)
            if finding.verdict.value in ("equal", "differs"):
                differences.add_metric([finding.source], finding.differing)
        last_run, duration = (
            family(f"liquidation_check_{what}_seconds") for what in ("last_run_timestamp", "duration")
        )
        if status.last_run_ms:
            last_run.add_metric([], status.last_run_ms / 1000)
            duration.add_metric([], status.duration_s)
        yield from (verdicts, differences, last_run, duration)
        yield plain("liquidation_check_failures_total", status.failures)
        yield plain("liquidation_check_interval_seconds", status.interval_s)


def largest_bases(view: View, now_ms: int) -> set[str]:
    """Return the coins that a page shows windows of when it is rendered for the first time."""
    ledger = view.ledger
    sums = ledger.by_base("24h", now_ms)
    usd = {base: sum(tally.usd for tally in sides.values()) for base, sides in sums.items()}
    others = [base for base in usd if base not in ledger.bases and ledger.has_series(base) and usd[base]]
    room = max(0, view.config.metrics.window_bases - len(ledger.bases))
    return {*ledger.bases, *sorted(others, key=lambda base: (-usd[base], base))[:room]}


def reference_registry(view: View, now_ms: int, window_bases: Collection[str] | None = None) -> CollectorRegistry:
    """Return a registry that shows what `Exposition(view)` shows at `now_ms`.

    `window_bases` are the coins with windows: when None, the largest now.
    """
    registry = CollectorRegistry()
    registry.register(Reference(view, now_ms, largest_bases(view, now_ms) if window_bases is None else window_bases))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry
