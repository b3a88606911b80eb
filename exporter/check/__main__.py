"""`python -m exporter.check`: one check for the exporter that started it; the job comes by stdin."""

import asyncio
import os
import sys

from exporter.access import Access
from exporter.check.findings import findings, pack, read_job
from exporter.check.metrics import MetricsSource
from exporter.check.runner import check
from exporter.check.sources import sources
from exporter.errors import UserError

NICENESS = 19
PATIENCE_S = 10.0
"""Less than a person waits: the next check comes soon, and every attempt costs something."""


def main() -> int:
    """Check, write the findings, return 1 when that could not be done."""
    os.nice(NICENESS)
    job = read_job(sys.stdin.buffer.read())
    read = sources(job.config.stores, MetricsSource(Access(job.url), demanded=True), job.most_events)
    try:
        report = asyncio.run(check(job.journal, job.config, read, patience_s=PATIENCE_S, most_events=job.most_events))
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.buffer.write(pack(findings(report)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
