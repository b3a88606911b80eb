"""The journal: the durable, ordered record of everything that was received."""

from exporter.journal.batch import Batch, Sample
from exporter.journal.checkpoint import Checkpoint
from exporter.journal.database import Database, JournalError
from exporter.journal.signals import News, Saved, Telling
from exporter.journal.status import JournalStatus
from exporter.journal.writer import Committed, Journal, Stamp

__all__ = [
    "Batch",
    "Checkpoint",
    "Committed",
    "Database",
    "Journal",
    "JournalError",
    "JournalStatus",
    "News",
    "Sample",
    "Saved",
    "Stamp",
    "Telling",
]
