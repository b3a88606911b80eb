"""`stats`: the figures of a running exporter."""

import asyncio
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping

from rich.console import RenderableType
from rich.live import Live
from rich.text import Text

from exporter.access import Access
from exporter.client import Client, connected, way
from exporter.config import Config
from exporter.errors import UserError
from exporter.stats import WINDOWS
from exporter.tables.cascades import blind_notes, cascades_table
from exporter.tables.console import console
from exporter.tables.exchanges import feed_line, floor_note
from exporter.tables.fit import fitted
from exporter.tables.stats import stats_sections

EVERY_S = 1.0


def execute(options: Namespace, load: Callable[[], Config]) -> int:
    """Print the figures once, or every second."""
    show = _json if options.json else _watch if options.watch else _once
    asyncio.run(show(options, way(options, os.environ, load())))
    return 0


async def _json(options: Namespace, exporter: Access) -> None:
    """Print the exporter's own JSON, one line each time."""
    async with connected(exporter) as client:
        while True:
            sys.stdout.buffer.write(await client.stats_json(_params(options)) + b"\n")
            sys.stdout.buffer.flush()
            if not options.watch:
                return
            await asyncio.sleep(EVERY_S)


async def _once(options: Namespace, exporter: Access) -> None:
    out = console()
    async with connected(exporter) as client:
        for section in await _report(client, options):
            out.print(section)
            out.print()


async def _watch(options: Namespace, exporter: Access) -> None:
    """Refresh in place on a terminal; elsewhere print one report below the other."""
    out = console()
    async with connected(exporter) as client:
        sections = await _report(client, options)
        with Live(console=out, screen=out.is_terminal, auto_refresh=False) as live:
            while True:
                if out.is_terminal:
                    live.update(fitted(sections, out), refresh=True)
                else:
                    out.print(*sections, sep="\n\n", end="\n\n")
                await asyncio.sleep(EVERY_S)
                sections = await _report_again(client, options, sections)


async def _report_again(client: Client, options: Namespace, before: list[RenderableType]) -> list[RenderableType]:
    """Report, or keep the last figures on the screen while the exporter does not answer, and say so."""
    try:
        return await _report(client, options)
    except UserError as error:
        notice = Text(f"These figures are old: {error}", "bold red")
        return [notice, *(before[1:] if isinstance(before[0], Text) else before)]


async def _report(client: Client, options: Namespace) -> list[RenderableType]:
    params = _params(options)
    spans = [] if options.window else list(WINDOWS)
    coins = {"base": options.base} if options.base else {}
    stats, feeds, cascades = await asyncio.gather(client.stats(params), client.exchanges(), client.cascades(coins))
    windows = await asyncio.gather(*(client.stats({**params, "window": window}) for window in spans))
    notes = [feed_line(feeds.exchanges), *floor_note(stats.exchanges), *blind_notes(cascades.sides)]
    header, *figures = stats_sections(stats, windows, notes)
    return [header, cascades_table(cascades), *figures]


def _params(options: Namespace) -> Mapping[str, str]:
    given = {"base": options.base, "window": options.window}
    return {name: value for name, value in given.items() if value}
