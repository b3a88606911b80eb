"""The journal: the durable, ordered record of everything that was received."""

from exporter.journal.checkpoint import Checkpoint
from exporter.journal.database import Batch, Database, JournalError, Sample
from exporter.journal.writer import Committed, Journal, JournalStatus, Stamp

__all__ = [
    "Batch",
    "Checkpoint",
    "Committed",
    "Database",
    "Journal",
    "JournalError",
    "JournalStatus",
    "Sample",
    "Stamp",
]
