"""`backup`: journal, database and configuration in one file, while the exporter runs or not."""

from argparse import Namespace
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from exporter.backup import save
from exporter.config import Config
from exporter.folder import JOURNAL_FILE


def execute(options: Namespace, load: Callable[[], Config]) -> int:
    """Write the archive; what is done is told on stderr."""
    config = load()
    output = options.output or Path(f"liquidations-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.tar")
    save(
        config,
        config.data.dir / JOURNAL_FILE,
        None if str(output) == "-" else output,
        journal_only=options.journal_only,
        force=options.force,
    )
    return 0
