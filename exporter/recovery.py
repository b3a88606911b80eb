"""A back-fill by hand while no exporter runs: on the data folder itself, through the same intake and journal."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from exporter.config import Config
from exporter.errors import UserError
from exporter.exchanges import REGISTRY
from exporter.exchanges.base import Span
from exporter.feeds import ExchangeFeeds, rest_session
from exporter.feeds.status import ExchangeStatus, Tally
from exporter.gaps import Gaps
from exporter.intake import Intake
from exporter.journal import Checkpoint, Committed, Database, Journal, JournalError, JournalStatus
from exporter.model import FeedChange
from exporter.opening import left_open
from exporter.questions import Reader
from exporter.recall import Report, report

NO_MINUTES = 1 << 60
"""Of the last checkpoint only its number is wanted."""


async def recover(config: Config, path: Path, name: str, span: Span, tally: Tally) -> Report:
    """Ask an exchange for a span, and write what is new to the journal at `path`, whose folder is held.

    The counters follow at the next start: the ledger goes on from its checkpoint, which stays where it is. Raises
    `JournalError`, and `UserError` when the exchange can not be reached.
    """
    keep_ms = int(config.journal.retention * 1000)
    database = Database(path)
    if not database.last_seq:
        database.close()
        raise JournalError(f"{path}: nothing was ever recorded here; run the exporter first")
    gaps = Gaps()
    gaps.apply_all(database.feed_changes())
    changes = list(left_open(database))
    journal = _journal(database, config, gaps)
    statuses: dict[str, ExchangeStatus] = {}
    intake = Intake(journal, statuses, keep_ms, lambda _: None, config.feeds.asset_classes)
    intake.restore(database.pending())
    reader = Reader(path, journal.written)
    try:
        async with rest_session() as session:
            feeds = ExchangeFeeds(
                REGISTRY[name],
                config.endpoints(name),
                config.feeds,
                config.metrics.bases,
                path.parent,
                intake,
                session,
            )
            statuses[name] = feeds.status
            feeds.fill_outages(reader.events, keep_ms)
            async with _running(journal):
                for change in changes:
                    journal.append(change)
                if error := await feeds.list_instruments():
                    raise UserError(f"{name}: its instruments cannot be had, so nothing was asked for: {error}")
                await feeds.by_hand(span, tally, lambda: gaps.missed(name, span.from_ms, span.until_ms))
    finally:
        reader.close()
    return report(REGISTRY[name], span, tally, time.time_ns() // 1_000_000, keep_ms)


def _journal(database: Database, config: Config, gaps: Gaps) -> Journal:
    def note(committed: Committed) -> None:
        gaps.apply_all(record.entry for record in committed.records if isinstance(record.entry, FeedChange))

    seq = database.checkpoint(NO_MINUTES).seq
    return Journal(
        database,
        JournalStatus(),
        queue_events=config.journal.queue_events,
        on_commit=note,
        checkpoint=lambda: Checkpoint(seq, []),
    )


@asynccontextmanager
async def _running(journal: Journal) -> AsyncIterator[None]:
    """Write for the duration of the block, and to the end what was taken until then."""
    task = asyncio.create_task(journal.run())
    try:
        yield
    finally:
        journal.close()
        await task
