"""`run`: the exporter."""

import asyncio
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from exporter.config import Config
from exporter.eventloop import EventLoop
from exporter.logs import set_up
from exporter.webfile import read


def execute(_options: Namespace, load: Callable[[], Config]) -> int:
    """Run until SIGINT or SIGTERM."""
    config = load()
    if config.web.config_file:
        read(Path(config.web.config_file))
    set_up(config.log.level, config.log.format)
    from exporter.app import main  # noqa: PLC0415 - a bad configuration is told before the server is imported

    with asyncio.Runner(loop_factory=EventLoop) as runner:
        return runner.run(main(config, load))
