"""`restore`: what `backup` has written, back to where the configuration says."""

from argparse import Namespace
from collections.abc import Callable

from exporter.backup import restore
from exporter.config import Config
from exporter.folder import JOURNAL_FILE


def execute(options: Namespace, load: Callable[[], Config]) -> int:
    """Check the archive and put it back; what is done is told on stderr."""
    source = None if str(options.file) == "-" else options.file
    restore(load(), JOURNAL_FILE, source, journal_only=options.journal_only, force=options.force)
    return 0
