"""`exchanges`: what the exchanges' public feeds show, and how they are doing right now."""

import asyncio
import os
import sys
from argparse import Namespace
from collections.abc import Callable

import msgspec
from rich.text import Text

from exporter.access import Access
from exporter.client import UnreachableError, connected, way
from exporter.config import Config
from exporter.exchanges import REGISTRY
from exporter.exchanges.base import Exchange
from exporter.tables.console import console
from exporter.tables.exchanges import capability_table, exchange_table, notes, reasons

NOT_RUNNING = "not running"


def execute(options: Namespace, load: Callable[[], Config]) -> int:
    """Print the exchanges; without a running exporter, what is known of them without one."""
    config = load()
    exporter = way(options, os.environ, config)
    known = [REGISTRY[name] for name in config.enabled_exchanges()]
    try:
        asyncio.run(_json(exporter) if options.json else _tables(exporter))
    except UnreachableError as error:
        if options.json:
            sys.stdout.buffer.write(_offline(known, str(error)) + b"\n")
        else:
            console().print(Text(f"State: {NOT_RUNNING} (no exporter answers at {exporter.shown})", "yellow"))
            _print_capabilities(known)
    return 0


async def _json(exporter: Access) -> None:
    async with connected(exporter) as client:
        sys.stdout.buffer.write(await client.exchanges_json() + b"\n")


async def _tables(exporter: Access) -> None:
    async with connected(exporter) as client:
        answer = await client.exchanges()
    console().print(exchange_table(answer.exchanges, answer.now_ms), *reasons(answer.exchanges), sep="\n")
    _print_capabilities([REGISTRY[each.exchange] for each in answer.exchanges if each.exchange in REGISTRY])


def _offline(known: list[Exchange], reason: str) -> bytes:
    """Answer in the API's form, as far as it is known."""
    rows = [
        {
            "exchange": each.name,
            "title": each.title,
            "state": NOT_RUNNING,
            "reason": reason,
            "completeness": each.capability.completeness,
            "capability": each.capability,
        }
        for each in known
    ]
    return msgspec.json.encode({"exchanges": rows})


def _print_capabilities(exchanges: list[Exchange]) -> None:
    console().print("", capability_table(exchanges), "", notes(exchanges), sep="\n")
