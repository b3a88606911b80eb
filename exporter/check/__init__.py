"""Proves that the journal, the stores and the running exporter show the same figures, as of one record each."""

from exporter.check.figures import Difference
from exporter.check.report import GOOD, Report, SourceReport, Verdict
from exporter.check.runner import check

__all__ = ["GOOD", "Difference", "Report", "SourceReport", "Verdict", "check"]
