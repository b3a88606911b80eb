"""A check as a process of its own: the job that it reads from stdin, and the findings that it writes to stdout.

So it takes neither the event loop's interpreter nor, being nice, a processor that anybody else wants, and when it fails
nothing fails with it.
"""

from pathlib import Path

import msgspec

from exporter.check.figures import Difference
from exporter.check.report import Report, SourceReport, Verdict
from exporter.config import Config, decoded


class Job(msgspec.Struct, frozen=True):
    """What to compare: the journal's file, the stores of the configuration, and the exporter that serves at `url`.

    Of a journal or database with more than `most_events` only the sums are compared that do not grow with it.
    """

    journal: Path
    config: Config
    url: str
    most_events: int


class Finding(msgspec.Struct, frozen=True):
    """A source's verdict, why, what was compared, how many figures differ, and the first that does."""

    source: str
    verdict: Verdict
    reason: str = ""
    tables: tuple[str, ...] = ()
    figures: int = 0
    differing: int = 0
    example: Difference | None = None


def findings(report: Report) -> list[Finding]:
    """Shorten a report; sources that are off are left out."""
    return [_finding(each) for each in report.sources if each.verdict is not Verdict.NOT_CONFIGURED]


def pack(content: Job | list[Finding]) -> bytes:
    """Write as JSON, passwords included: it goes through a pipe and is kept nowhere."""
    return msgspec.json.encode(content, enc_hook=str)


def read_job(packed: bytes) -> Job:
    """Read what `pack` wrote."""
    return msgspec.json.decode(packed, type=Job, dec_hook=decoded)


def read_findings(packed: bytes) -> list[Finding]:
    """Read what `pack` wrote; raises `msgspec.MsgspecError`."""
    return msgspec.json.decode(packed, type=list[Finding])


def _finding(report: SourceReport) -> Finding:
    differences = report.differences
    return Finding(
        report.source,
        report.verdict,
        report.reason,
        report.tables,
        report.figures,
        len(differences),
        differences[0] if differences else None,
    )
