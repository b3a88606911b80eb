"""The families of the exporter as a whole: journal, processing, configuration, alerts, version."""

from collections.abc import Iterator

from exporter import __version__
from exporter.metrics.text import Samples, histograms, single
from exporter.view import View


class ExporterSource:
    """What the view says beside exchanges and totals."""

    def __init__(self, view: View) -> None:
        self._view = view

    def samples(self, now_ms: int) -> Iterator[Samples]:  # noqa: ARG002 - the signature of every source
        """Return the samples of every family."""
        view, journal = self._view, self._view.journal
        bands = view.config.stats
        values = [bands.bearish_from, bands.bullish_to]
        yield Samples("liquidation_sentiment_band_ratio", [("bearish_from",), ("bullish_to",)], values)
        yield histograms("liquidation_processing_seconds", [()], [view.processing])
        yield histograms("liquidation_commit_seconds", [()], [journal.commit_seconds])
        yield single("liquidation_journal_up", int(journal.up))
        yield single("liquidation_journal_full", int(journal.full))
        yield single("liquidation_journal_size_bytes", journal.size_bytes)
        yield single("liquidation_journal_free_bytes", journal.free_bytes)
        yield single("liquidation_journal_queue_events", journal.queued)
        yield single("liquidation_journal_dropped_events_total", journal.dropped)
        yield single("liquidation_base_cap_reached", int(view.ledger.cap_reached))
        in_force = view.reload_successful and view.web_file_in_force
        yield single("liquidation_config_last_reload_successful", int(in_force))
        yield from _alerts(view)
        yield Samples("liquidation_exporter_build_info", [(__version__,)], [1])


def _alerts(view: View) -> Iterator[Samples]:
    alerts = view.config.alerts
    bases = sorted({*alerts.minimum_usd, *alerts.mute})
    least = [alerts.least_usd(base) for base in bases]
    yield Samples("liquidation_alert_minimum_usd", [(base,) for base in bases], least)
    yield single("liquidation_alert_posts_total", view.alerts.posts)
    yield single("liquidation_alert_post_failures_total", view.alerts.failures)
