"""What a start takes from the journal: ledger, levels, gaps, and the feeds that an unclean stop left open."""

import sqlite3
from collections.abc import Iterator

import structlog

from exporter.gaps import Gaps, summed
from exporter.journal import Database
from exporter.ledger import Ledger
from exporter.levels import Levels
from exporter.model import FeedChange, Liquidation

log = structlog.get_logger()


def restore(ledger: Ledger, levels: Levels, database: Database, oldest_minute: int) -> None:
    """Bring an empty ledger and empty levels to the journal's last record: the checkpoint, then the events after it.

    Of minutes before the oldest nothing is taken.
    """
    checkpoint = database.checkpoint(oldest_minute)
    ledger.restore(checkpoint.cells, checkpoint.seq)
    levels.restore(checkpoint.levels)
    for record in database.records(checkpoint.seq):
        if isinstance(record.entry, Liquidation):
            ledger.apply(record.seq, record.entry)
            levels.apply(record.entry)


def restore_gaps(gaps: Gaps, database: Database, before_ms: int, last_seq: int) -> None:
    """Bring the gaps to the journal's last record; of changes before an instant, up to a record, it keeps sums only."""
    past = database.past_changes()
    more = summed(past, database.settled_changes(before_ms, last_seq))
    if more != past:
        try:
            database.forget_changes(more)
            past = more
        except sqlite3.Error as error:  # a full disk: the next start does it
            log.warning("old feed changes are kept", error=str(error))
    gaps.restore(past)
    gaps.apply_all(database.feed_changes())


def left_open(database: Database) -> Iterator[FeedChange]:
    """Yield a feed-down for every feed that an unclean stop left open: it lived until the file was last written to."""
    for record in database.feed_states():
        entry = record.entry
        if isinstance(entry, FeedChange) and entry.up:
            alive = max(entry.time_ms, database.alive_ms())
            yield FeedChange(alive, entry.exchange, entry.feed, up=False, reason="unclean stop")
