"""The exporter's check of itself: journal, stores and metrics compared in the background, every now and then.

Each run is a process of its own that looks at the files, the stores and /metrics from outside, as the command `check`
does: ingest shares no interpreter with it, and what it finds is what others would see.
"""

import asyncio
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from exporter.check import Verdict
from exporter.check.findings import Finding, Job, pack, read_findings
from exporter.check.status import CheckStatus
from exporter.config import Config, RedisSection, Stores, TimescaleSection
from exporter.view import View

log = structlog.get_logger()

FIRST_S = 30.0
"""The first check comes this long after the start, or after one interval if that is shorter."""
LIMIT_S = 120.0
"""A check that takes longer is ended."""
MOST_EVENTS = 2_000_000
"""Adding up events takes one to two seconds per million: beyond this only the command `check` does it."""
COMMAND = (sys.executable, "-m", "exporter.check")


class CheckFailedError(Exception):
    """A check came to no end; the message says why."""


class SelfCheck:
    """Checks the exporter that serves `view`, whose journal is the file `journal`; `config` is what is in force."""

    def __init__(self, view: View, config: Config, journal: Path) -> None:
        self._view = view
        self._config = config
        self._journal = journal
        self._said: dict[str, Verdict] = {}
        self._status = view.check = CheckStatus(float(config.check.interval))

    async def run(self, url: str) -> None:
        """Check the exporter at `url` again and again; returns at once when checks are off."""
        interval, loop = self._status.interval_s, asyncio.get_running_loop()
        due = loop.time() + min(FIRST_S, interval)
        while interval:
            await asyncio.sleep(due - loop.time())
            await self.check(url)
            due = max(due + interval, loop.time())

    async def check(self, url: str) -> None:
        """Check once, and note and log what comes of it."""
        status, started = self._status, time.monotonic()
        try:
            found = await _in_own_process(pack(self._job(url)))
        except (CheckFailedError, OSError, TimeoutError, msgspec.MsgspecError) as error:
            status.failures += 1
            reason = "it took too long" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
            log.warning("check failed", reason=reason)
            return
        status.findings = tuple(found)
        status.duration_s = time.monotonic() - started
        status.last_run_ms = time.time_ns() // 1_000_000
        for finding in found:
            self._say(finding)

    def _job(self, url: str) -> Job:
        """Leave out the stores that another exporter writes to: they follow its journal."""
        standby = {name for name, status in self._view.stores.items() if status.standby}
        given = self._config.stores
        stores = Stores(
            redis=RedisSection() if "redis" in standby else given.redis,
            timescale=TimescaleSection() if "timescale" in standby else given.timescale,
        )
        config = msgspec.structs.replace(self._config, stores=stores)
        return Job(self._journal.absolute(), config, url, MOST_EVENTS)

    def _say(self, finding: Finding) -> None:
        """Log a verdict that is new."""
        if self._said.get(finding.source) is finding.verdict:
            return
        self._said[finding.source] = finding.verdict
        if finding.verdict in (Verdict.DIFFERS, Verdict.STRANGE):
            details = {"differing": finding.differing, "reason": finding.reason, "example": _shown(finding)}
            log.warning("check found a difference", source=finding.source, **{k: v for k, v in details.items() if v})
        elif finding.verdict is Verdict.EQUAL:
            log.info("check found no difference", source=finding.source, figures=finding.figures)
        else:
            log.info("check could not compare", source=finding.source, reason=finding.reason)


def _shown(finding: Finding) -> str:
    each = finding.example
    if each is None:
        return ""
    place = f"{each.table} {each.exchange} {each.base} {each.side} {each.figure}"
    return f"{place}: journal {each.journal!r}, found {each.found!r}"


async def _in_own_process(job: bytes) -> list[Finding]:
    """Run a job; the process is gone when this ends, however it ends."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the exporter, which ends the check
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            output, errors = await process.communicate(job)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode:
        last = errors.decode(errors="replace").strip().rpartition("\n")[2]
        raise CheckFailedError(last or f"exit status {process.returncode}")
    return read_findings(output)
