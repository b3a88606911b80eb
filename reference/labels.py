"""The labels of the metrics: what each means, and its values where they are known beforehand."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, get_args

from exporter.cells import SIZE_BUCKETS
from exporter.check.status import SHOWN
from exporter.config import Stores
from exporter.exchanges import REGISTRY
from exporter.exchanges.base import Completeness
from exporter.feeds.status import DELAY_BUCKETS, State
from exporter.journal.status import COMMIT_BUCKETS
from exporter.metrics.family import Family
from exporter.metrics.reasons import EXCLUDED_KINDS, QUARANTINE_REASONS, RECONNECT_REASONS
from exporter.metrics.signals_source import COUNTED_LEVELS
from exporter.model import SIDES, PriceKind
from exporter.signals import stress
from exporter.signals.readings import COMPONENTS
from exporter.stats import WINDOWS
from exporter.stores.base import WRITE_BUCKETS
from exporter.view import PROCESSING_BUCKETS


class Label(NamedTuple):
    """A label: what it tells, and its known values; without any they come from the data."""

    meaning: str
    values: Sequence[str] = ()


_EXCHANGES = tuple(REGISTRY)
_STORES = Stores.__struct_fields__
LABELS: Mapping[str, Label] = {
    "exchange": Label("the exchange; those that are enabled", _EXCHANGES),
    "exchange_a": Label("the first exchange of a pair", _EXCHANGES),
    "exchange_b": Label("the second exchange of a pair", _EXCHANGES),
    "side": Label("the side of the position that was liquidated: `long` means that longs were closed by force", SIDES),
    "base": Label("the coin, multiplied symbols undone (1000PEPE is PEPE); `other` for all beyond `metrics.base_cap`"),
    "window": Label("the window of event time, up to the present", tuple(WINDOWS)),
    "state": Label("the state of the exchange's worst connection", tuple(State)),
    "completeness": Label("how complete the feed is by the exchange's own description", get_args(Completeness)),
    "price_kind": Label("which price an event carries", get_args(PriceKind)),
    "component": Label("a component of the cascade score", COMPONENTS),
    "level": Label("the highest level that a cascade reached", COUNTED_LEVELS),
    "store": Label("a store that follows the journal; present when it is configured", _STORES),
    "source": Label(
        "what was compared with the journal, and the journal with itself", ("journal", *_STORES, "metrics")
    ),
    "verdict": Label("what the comparison made of a source", tuple(verdict.value for verdict in SHOWN)),
    "band": Label("an edge of the sentiment's bands", ("bearish_from", "bullish_to")),
    "kind": Label("what a row is that is not counted", EXCLUDED_KINDS),
    "reason": Label("why; the values are below"),
    "version": Label("the exporter's version"),
}

VALUES: Mapping[tuple[str, str], Sequence[str]] = {
    ("liquidation_exchange_quarantined_total", "reason"): QUARANTINE_REASONS,
    ("liquidation_exchange_reconnects_total", "reason"): RECONNECT_REASONS,
    ("liquidation_stress_ratio", "window"): tuple(stress.WINDOWS),
}
"""The values that a label has in one family only, by family and label."""

BUCKETS: Mapping[str, Sequence[float]] = {
    "liquidation_size_usd": SIZE_BUCKETS,
    "liquidation_exchange_event_delay_seconds": DELAY_BUCKETS,
    "liquidation_store_write_seconds": WRITE_BUCKETS,
    "liquidation_processing_seconds": PROCESSING_BUCKETS,
    "liquidation_commit_seconds": COMMIT_BUCKETS,
}
"""The upper bounds of the histograms' buckets, without +Inf."""

_OF_ONE_EXCHANGE = {"completeness", "price_kind"}


def values(family: Family, label: str) -> Sequence[str]:
    """Return the known values of a label in a family."""
    return VALUES.get((family.name, label), LABELS[label].values)


def series(family: Family) -> str:
    """Return how many series a family has with everything switched on, for each coin where it has coins."""
    number = 3 + len(BUCKETS[family.name]) if family.type == "histogram" else 1  # +Inf, sum and count
    if "exchange_a" in family.labels:
        number *= len(_EXCHANGES) * (len(_EXCHANGES) - 1) // 2
    for label in set(family.labels) - _OF_ONE_EXCHANGE - {"exchange_a", "exchange_b"}:
        number *= len(values(family, label)) or 1
    return f"{number} a coin" if "base" in family.labels else str(number)
