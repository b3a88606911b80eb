"""The metrics page: our families, then those of the process, in the format that the scraper asks for."""

from collections.abc import Callable, Iterator
from typing import Protocol

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from exporter.metrics.check_source import CheckSource
from exporter.metrics.exchange_source import ExchangeSource
from exporter.metrics.exporter_source import ExporterSource
from exporter.metrics.ledger_source import LedgerSource
from exporter.metrics.signals_source import SignalsSource
from exporter.metrics.store_source import StoreSource
from exporter.metrics.text import Samples, writers
from exporter.view import View

_OPENMETRICS = "application/openmetrics-text"


class Source(Protocol):
    """Where the samples of some families come from."""

    def samples(self, now_ms: int) -> Iterator[Samples]:
        """Return the samples of every family at `now_ms`, Unix milliseconds."""


class Exposition:
    """Renders the state of an exporter as a metrics page.

    Nothing is prepared while events arrive: a scrape reads the plain state. It may run in a thread beside the event
    loop, one scrape at a time.
    """

    def __init__(self, view: View) -> None:
        self._ledger = LedgerSource(view.ledger, view.config.metrics.window_bases)
        self._signals = view.signals
        self._sources: tuple[Source, ...] = (
            self._ledger,
            SignalsSource(view),
            ExchangeSource(view),
            StoreSource(view),
            ExporterSource(view),
            CheckSource(view),
        )
        self._writers = writers()
        self._process = process_registry()

    def render(self, accept: str | None, now_ms: int) -> tuple[bytes, str]:
        """Return the page and its Content-Type for an Accept header; `now_ms` is the present, Unix milliseconds."""
        encode, content_type = _negotiate(accept)
        openmetrics = content_type.startswith(_OPENMETRICS)
        blocks: list[bytes] = []
        for source in self._sources:
            for samples in source.samples(now_ms):
                blocks += self._writers[samples.family].write(samples, openmetrics=openmetrics)
        self._signals.wanted = self._ledger.window_bases
        blocks.append(encode(self._process))  # last, because it ends OpenMetrics with its end mark
        return b"".join(blocks), content_type


def process_registry() -> CollectorRegistry:
    """Return a registry of prometheus_client's own families: process, Python and its garbage collector."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def _negotiate(accept: str | None) -> tuple[Callable[[Collector], bytes], str]:
    try:
        return choose_encoder(accept or "")
    except TypeError:  # it compares a version that is no number; such a header asks for nothing we know
        return choose_encoder("")
