"""The families of the stores that follow the journal."""

from collections.abc import Iterator

from exporter.metrics.text import Samples, histograms
from exporter.view import View


class StoreSource:
    """What is known about the configured stores."""

    def __init__(self, view: View) -> None:
        self._view = view

    def samples(self, now_ms: int) -> Iterator[Samples]:  # noqa: ARG002 - the signature of every source
        """Return the samples of every family."""
        stores = self._view.stores
        labels = [(name,) for name in stores]
        statuses = list(stores.values())
        yield Samples("liquidation_store_up", labels, [int(each.up) for each in statuses])
        yield Samples("liquidation_store_leader", labels, [int(each.leader) for each in statuses])
        yield Samples("liquidation_store_lag_events", labels, [each.lag_events for each in statuses])
        yield Samples("liquidation_store_failures_total", labels, [each.failures for each in statuses])
        yield histograms("liquidation_store_write_seconds", labels, [each.write_seconds for each in statuses])
        succeeded = [(name, each.last_success_ms / 1000) for name, each in stores.items() if each.last_success_ms]
        family = "liquidation_store_last_success_timestamp_seconds"
        yield Samples(family, [(name,) for name, _ in succeeded], [seconds for _, seconds in succeeded])
