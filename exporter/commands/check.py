"""`check`: whether journal, stores and the running exporter show the same figures."""

import asyncio
import os
import sys
from argparse import Namespace
from collections.abc import Callable

import msgspec

from exporter.check import check
from exporter.check.metrics import MetricsSource
from exporter.check.source import Source
from exporter.check.sources import sources
from exporter.client import way
from exporter.config import Config
from exporter.folder import JOURNAL_FILE
from exporter.tables.check import check_sections
from exporter.tables.console import console


def execute(options: Namespace, load: Callable[[], Config]) -> int:
    """Print what was found; 1 when a source differs or could not be read."""
    config = load()
    report = asyncio.run(check(config.data.dir / JOURNAL_FILE, config, _sources(options, config)))
    if options.json:
        sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    else:
        for section in check_sections(report):
            console().print(section, "")
    return 0 if report.equal else 1


def _sources(options: Namespace, config: Config) -> list[Source]:
    demanded = bool(options.url or os.environ.get("LIQ_URL"))
    return sources(config.stores, MetricsSource(way(options, os.environ, config), demanded=demanded))
