"""`backfill`: ask an exchange for liquidations of the past, through the running exporter or on its data folder."""

import asyncio
import os
import sys
import time
from argparse import Namespace
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from exporter.access import Access
from exporter.client import UnreachableError, connected, way
from exporter.config import Config
from exporter.errors import UserError
from exporter.exchanges import REGISTRY
from exporter.exchanges.base import Span
from exporter.feeds.status import Tally
from exporter.folder import JOURNAL_FILE, InUseError, held
from exporter.journal import Database, JournalError
from exporter.logs import set_up
from exporter.recall import Progress, Report, progress, span_of
from exporter.recovery import recover
from exporter.tables.backfill import backfill_sections
from exporter.tables.console import console
from exporter.tables.numbers import count

EVERY_S = 0.5


def execute(options: Namespace, load: Callable[[], Config]) -> int:
    """Print what came of it; 1 when the exchange did not answer everything."""
    config = load()
    exchange, keep_ms = REGISTRY[options.exchange], int(config.journal.retention * 1000)
    span = span_of(exchange, options.since, options.until, time.time_ns() // 1_000_000, keep_ms)
    try:
        report = asyncio.run(_ask(options, config, span))
    finally:
        _finish()
    if options.json:
        sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    else:
        console().print(*backfill_sections(report), sep="\n")
    return 1 if report.failures else 0


async def _ask(options: Namespace, config: Config, span: Span) -> Report:
    """Choose the way: an exporter that was named, or the data folder, or the exporter that holds it."""
    path = config.data.dir / JOURNAL_FILE
    running = way(options, os.environ, config)
    if options.url or os.environ.get("LIQ_URL"):
        return await _remote(running, options.exchange, span)
    if not path.exists():
        raise JournalError(f"{path}: no journal here; has the exporter run with this data folder?")
    try:
        with held(config.data.dir):
            set_up(config.log.level, config.log.format)
            tally = Tally()
            return await _shown(recover(config, path, options.exchange, span, tally), tally)
    except InUseError:
        pass
    try:
        return await _remote(running, options.exchange, span, _uuid(path))
    except UnreachableError:
        raise UserError(
            f"data folder {config.data.dir}: an exporter is using it, but none answers at {running.shown}; name "
            "its address with --url, or stop it and ask again"
        ) from None


async def _remote(exporter: Access, exchange: str, span: Span, journal: str | None = None) -> Report:
    params = {"exchange": exchange, "since_ms": str(span.from_ms), "until_ms": str(span.until_ms)}
    async with connected(exporter) as client:
        async for line in client.backfill(params if journal is None else params | {"journal": journal}):
            if line.problem:
                raise UserError(f"{exporter.shown}: {line.problem}")
            if line.progress:
                _show(line.progress)
            if line.report:
                return line.report
    raise UnreachableError(f"{exporter.shown}: the exporter has gone; what was found until then is recorded")


async def _shown(work: Awaitable[Report], tally: Tally) -> Report:
    """Show how it goes until it is done."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            _show(progress(tally))
            await asyncio.wait([task], timeout=EVERY_S)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
    return task.result()


def _uuid(path: Path) -> str:
    database = Database(path, readonly=True)
    try:
        return database.uuid
    finally:
        database.close()


def _show(made: Progress) -> None:
    """Count along on stderr when somebody watches."""
    if sys.stderr.isatty():
        found = f"{count(made.found)} liquidations, {count(made.recorded)} new"
        sys.stderr.write(f"\r\x1b[K{count(made.requests)} calls made, {count(made.left)} left: {found}")
        sys.stderr.flush()


def _finish() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
