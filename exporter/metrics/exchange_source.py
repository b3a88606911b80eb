"""The families of the feeds: state, liveness, prices and counters of each exchange."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter

from exporter.exchanges import REGISTRY
from exporter.feeds.status import ExchangeStatus, State
from exporter.metrics.reasons import EXCLUDED_KINDS, QUARANTINE_REASONS, RECONNECT_REASONS
from exporter.metrics.text import Samples, histograms
from exporter.view import View

Statuses = list[tuple[str, ExchangeStatus]]

_NUMBERS: dict[str, Callable[[ExchangeStatus], float]] = {
    "liquidation_pending_events": attrgetter("pending_events"),
    "liquidation_exchange_frames_total": attrgetter("frames"),
    "liquidation_exchange_parse_errors_total": attrgetter("parse_errors"),
    "liquidation_exchange_unknown_frames_total": attrgetter("unknown_frames"),
    "liquidation_exchange_duplicates_total": attrgetter("duplicates"),
    "liquidation_exchange_late_events_total": attrgetter("late_events"),
    "liquidation_exchange_backfilled_events_total": attrgetter("backfilled_events"),
}

_TIMES: dict[str, Callable[[ExchangeStatus], int]] = {
    "liquidation_exchange_last_message_timestamp_seconds": attrgetter("last_message_ms"),
    "liquidation_exchange_last_control_timestamp_seconds": attrgetter("last_control_ms"),
    "liquidation_exchange_last_event_timestamp_seconds": attrgetter("last_event_ms"),
}


class ExchangeSource:
    """What the feeds' status, the gaps and the configuration say about each exchange.

    Runs in a thread beside the loop that changes them: it copies what grows and reads single numbers.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self._gap_seconds: dict[str, float] = {}

    def samples(self, now_ms: int) -> Iterator[Samples]:
        """Return the samples of every family at `now_ms`."""
        statuses: Statuses = sorted(self._view.exchanges.copy().items(), key=lambda item: item[0])
        bases = self._view.ledger.bases
        yield _prices("liquidation_mark_price_usd", {name: status.mark_prices for name, status in statuses}, bases)
        yield _prices("liquidation_last_price_usd", {name: status.last_prices for name, status in statuses}, bases)
        yield self._configured()
        yield from _states(statuses)
        yield _info(statuses)
        yield from _liveness(statuses)
        names = [(name,) for name, _ in statuses]
        for family, number in _NUMBERS.items():
            yield Samples(family, names, [number(status) for _, status in statuses])
        gaps = [self._gap(name, now_ms) for name, _ in statuses]
        yield Samples("liquidation_exchange_gap_seconds_total", names, gaps)
        filled = [self._view.gaps.filled_seconds(name) for name, _ in statuses]
        yield Samples("liquidation_exchange_filled_gap_seconds_total", names, filled)
        waiting: list[float] = [status.backfill.requests for _, status in statuses]
        yield Samples("liquidation_exchange_backfill_pending_requests", names, waiting)
        excluded = {name: status.excluded for name, status in statuses}
        yield _by_reason("liquidation_exchange_excluded_total", excluded, EXCLUDED_KINDS)
        quarantined = {name: status.quarantined for name, status in statuses}
        yield _by_reason("liquidation_exchange_quarantined_total", quarantined, QUARANTINE_REASONS)
        reconnects = {name: status.reconnects for name, status in statuses}
        yield _by_reason("liquidation_exchange_reconnects_total", reconnects, RECONNECT_REASONS)
        delays = [status.delay for _, status in statuses]
        yield histograms("liquidation_exchange_event_delay_seconds", names, delays)

    def _configured(self) -> Samples:
        enabled = self._view.config.enabled_exchanges()
        labels = [(name,) for name in sorted(REGISTRY)]
        return Samples("liquidation_exchange_configured", labels, [int(name in enabled) for (name,) in labels])

    def _gap(self, exchange: str, now_ms: int) -> float:
        """Return the gaps' length, never less than shown before.

        A gap ends when its feed came up, which is a little before the journal says so: a scrape in between has already
        counted further.
        """
        seconds = max(self._view.gaps.seconds(exchange, now_ms), self._gap_seconds.get(exchange, 0.0))
        self._gap_seconds[exchange] = seconds
        return seconds


def _prices(family: str, known: Mapping[str, Mapping[str, float]], bases: tuple[str, ...]) -> Samples:
    labels = [(name, base) for name, prices in known.items() for base in bases if base in prices]
    return Samples(family, labels, [known[name][base] for name, base in labels])


def _states(statuses: Statuses) -> Iterator[Samples]:
    current = [(name, status.state) for name, status in statuses]
    labels = [(name,) for name, _ in current]
    yield Samples("liquidation_exchange_up", labels, [int(state is State.LIVE) for _, state in current])
    labels_by_state = [(name, state.value) for name, _ in current for state in State]
    values: list[float] = [int(state is each) for _, state in current for each in State]
    yield Samples("liquidation_exchange_state", labels_by_state, values)


def _info(statuses: Statuses) -> Samples:
    known = [(name, REGISTRY[name].capability) for name, _ in statuses]
    labels = [(name, capability.completeness, capability.price_kind) for name, capability in known]
    return Samples("liquidation_exchange_info", labels, [1] * len(labels))


def _liveness(statuses: Statuses) -> Iterator[Samples]:
    for family, time_ms in _TIMES.items():
        seen = [(name, time_ms(status)) for name, status in statuses]
        yield Samples(family, [(name,) for name, at in seen if at], [at / 1000 for _, at in seen if at])
    heard = [(name, status) for name, status in statuses if status.last_control_ms]
    offsets = [status.clock_offset_s for _, status in heard]
    yield Samples("liquidation_exchange_clock_offset_seconds", [(name,) for name, _ in heard], offsets)


def _by_reason(family: str, counted: Mapping[str, Counter[str]], known: tuple[str, ...]) -> Samples:
    labels: list[tuple[str, ...]] = []
    values: list[float] = []
    for name, counter in counted.items():
        for reason, count in sorted({**dict.fromkeys(known, 0), **counter}.items()):
            labels.append((name, reason))
            values.append(count)
    return Samples(family, labels, values)
