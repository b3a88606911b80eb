"""Everything that can be looked at, in one place: what metrics, API and page render, and nothing that acts."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from exporter.alerts.status import AlertsStatus
from exporter.analysis.status import SignalsStatus
from exporter.check.status import CheckStatus
from exporter.config import Config
from exporter.feeds.status import ExchangeStatus
from exporter.gaps import Gaps
from exporter.histogram import Histogram
from exporter.journal import JournalStatus
from exporter.ledger import Ledger
from exporter.levels import Levels
from exporter.model import Record
from exporter.stats import Bands, CumulativeStats
from exporter.stores import StoreStatus

PROCESSING_BUCKETS = (0.000005, 0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.025, 0.1)


@dataclass
class View:
    """The state of a running exporter.

    `newest` asks the journal for the newest events by filter (`exchange`, `base`, `side`, `min_usd`), newest first.
    """

    config: Config
    ledger: Ledger
    gaps: Gaps
    journal: JournalStatus
    newest: Callable[[Mapping[str, str | float], int], Awaitable[list[Record]]]
    levels: Levels = field(default_factory=Levels)
    exchanges: dict[str, ExchangeStatus] = field(default_factory=dict)
    stores: dict[str, StoreStatus] = field(default_factory=dict)
    check: CheckStatus = field(default_factory=CheckStatus)
    signals: SignalsStatus = field(default_factory=SignalsStatus)
    alerts: AlertsStatus = field(default_factory=AlertsStatus)
    processing: Histogram = field(default_factory=lambda: Histogram(PROCESSING_BUCKETS))
    reload_successful: bool = True
    web_file_in_force: bool = True
    started_ms: int = 0

    def stats(self, base: str | None, window: str | None, now_ms: int) -> CumulativeStats:
        """Return the ledger's figures with the configured sentiment bands."""
        bands = Bands(self.config.stats.bearish_from, self.config.stats.bullish_to)
        return self.ledger.stats(base, window, now_ms, bands)
