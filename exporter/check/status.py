"""What is known about the exporter's check of itself at this moment."""

from exporter.check.findings import Finding
from exporter.check.report import Verdict

COMPARED = (Verdict.EQUAL, Verdict.DIFFERS)
"""The verdicts on a source whose figures were compared as of one record of the journal."""
SHOWN = (*COMPARED, Verdict.MOVING, Verdict.BEHIND, Verdict.STRANGE, Verdict.UNREACHABLE)
"""The verdicts that a source which is on can get."""


class CheckStatus:
    """The last run's findings; before the first there are none and `last_run_ms` (Unix milliseconds) is 0."""

    def __init__(self, interval_s: float = 0.0) -> None:
        self.interval_s = interval_s
        """0: it never runs."""
        self.findings: tuple[Finding, ...] = ()
        self.last_run_ms = 0
        self.duration_s = 0.0
        self.failures = 0
        """Runs that came to no end."""
