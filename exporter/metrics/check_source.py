"""The families of the exporter's check of itself."""

from collections.abc import Iterator

from exporter.check.status import COMPARED, SHOWN
from exporter.metrics.text import Samples, single
from exporter.view import View


class CheckSource:
    """What the last comparison of journal, stores and metrics has found."""

    def __init__(self, view: View) -> None:
        self._view = view

    def samples(self, now_ms: int) -> Iterator[Samples]:  # noqa: ARG002 - the signature of every source
        """Return the samples of every family."""
        status = self._view.check
        findings = status.findings
        labels = [(each.source, verdict.value) for each in findings for verdict in SHOWN]
        values: list[float] = [int(each.verdict is verdict) for each in findings for verdict in SHOWN]
        yield Samples("liquidation_check_verdict", labels, values)
        compared = [each for each in findings if each.verdict in COMPARED]
        sources = [(each.source,) for each in compared]
        yield Samples("liquidation_check_differences", sources, [each.differing for each in compared])
        done = [()] if status.last_run_ms else []
        yield Samples("liquidation_check_last_run_timestamp_seconds", done, [status.last_run_ms / 1000 for _ in done])
        yield Samples("liquidation_check_duration_seconds", done, [status.duration_s for _ in done])
        yield single("liquidation_check_failures_total", status.failures)
        yield single("liquidation_check_interval_seconds", status.interval_s)
