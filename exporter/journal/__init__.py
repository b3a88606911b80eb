"""The journal: the durable, ordered record of everything that was received."""

from exporter.journal.database import Batch, Checkpoint, Database, JournalError, Sample
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
