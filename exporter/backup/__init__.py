"""Backup and restore: journal, database and configuration in one file, which is checked before anything is touched.

The archive is a tar file: `manifest.json` first, then the parts it lists with their sizes and SHA-256 sums. The
database is copied before the journal, so that the journal holds everything that the database does and the database
catches up after a restore. Redis is not in it: the exporter writes an empty one anew from the journal. Neither are the
lists of instruments, which are fetched at every start, nor any secret.
"""

from exporter.backup.archive import BackupError, DatabaseFacts, JournalFacts, Manifest, Part
from exporter.backup.restoring import restore
from exporter.backup.saving import save

__all__ = ["BackupError", "DatabaseFacts", "JournalFacts", "Manifest", "Part", "restore", "save"]
