"""`events`: the newest liquidations, and with `--follow` every new one."""

import asyncio
import os
import sys
from argparse import Namespace
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import aclosing

from exporter.access import Access
from exporter.client import Client, Lost, Opened, RefusedError, UnreachableError, connected, way
from exporter.config import Config
from exporter.interchange import event_line
from exporter.model import Liquidation
from exporter.tables.console import console
from exporter.tables.events import EventLines

RETRY_S = 1.0
CATCH_UP_EVENTS = 1000
"""As many as the API gives at once."""

Print = Callable[[list[Liquidation]], None]


def execute(options: Namespace, load: Callable[[], Config]) -> int:
    """Print the newest events, the newest last."""
    asyncio.run(_show(options, way(options, os.environ, load())))
    return 0


async def _show(options: Namespace, exporter: Access) -> None:
    show = _print_json if options.json else _table()
    async with connected(exporter) as client:
        if options.follow:
            await Follower(client, options, show).run()
        else:
            found = await client.events({**_filters(options), "limit": str(options.limit)})
            show(found)
            _notice("no liquidations of this kind yet", when=not found)


class Follower:
    """Prints the newest events and then every new one, each once, across restarts of the exporter."""

    def __init__(self, client: Client, options: Namespace, show: Print) -> None:
        self._client = client
        self._filters = _filters(options)
        self._limit = options.limit
        self._show = show
        self._shown: deque[tuple[str, str]] = deque(maxlen=2 * CATCH_UP_EVENTS)

    async def run(self) -> None:
        """Follow for ever; raises `UnreachableError` only when nothing answers at the beginning."""
        connected_before = False
        while True:
            try:
                async with aclosing(self._client.stream(self._filters)) as stream:
                    async for item in stream:
                        if isinstance(item, Opened):
                            await self._catch_up()
                            _notice("connected again", when=connected_before)
                            connected_before = True
                        else:
                            self._take(item)
            except UnreachableError as error:
                if not connected_before:
                    raise
                _notice(f"{error}; trying again", when=True)
            await self._reconnectable()

    async def _reconnectable(self) -> None:
        """Wait until the exporter answers again."""
        while True:
            await asyncio.sleep(RETRY_S)
            if await self._client.is_there():
                return

    async def _catch_up(self) -> None:
        """Show what is newer than the last event shown; the stream is open, so nothing can fall in between."""
        limit = CATCH_UP_EVENTS if self._shown else self._limit
        newest = await self._newest(limit)
        known = set(self._shown)
        fresh: list[Liquidation] = []
        for event in reversed(newest):
            if (event.exchange, event.id) in known:
                break
            fresh.append(event)
        self._print(fresh[::-1])

    async def _newest(self, limit: int) -> list[Liquidation]:
        """Ask for events; a coin that nothing is known of yet may still come."""
        try:
            return await self._client.events({**self._filters, "limit": str(limit)})
        except RefusedError as error:
            if error.status != 404:
                raise
            return []

    def _take(self, item: Liquidation | Lost) -> None:
        if isinstance(item, Lost):
            _notice(f"{item.events} events were left out because they came faster than they could be shown", when=True)
        elif (item.exchange, item.id) not in self._shown:
            self._print([item])

    def _print(self, events: list[Liquidation]) -> None:
        self._shown.extend((event.exchange, event.id) for event in events)
        self._show(events)


def _filters(options: Namespace) -> Mapping[str, str]:
    given = {
        "base": options.base,
        "side": options.side,
        "exchange": options.exchange,
        "min_usd": None if options.min_usd is None else str(options.min_usd),
    }
    return {name: value for name, value in given.items() if value is not None}


def _print_json(events: list[Liquidation]) -> None:
    sys.stdout.buffer.write(b"".join(map(event_line, events)))
    sys.stdout.buffer.flush()


def _table() -> Print:
    out = console()
    lines = EventLines(out.width)
    begun = False

    def show(events: list[Liquidation]) -> None:
        nonlocal begun
        for event in events:
            lines.fit(event)
        if not begun:
            out.print(lines.header(), soft_wrap=True)
            begun = True
        for event in events:
            out.print(lines.line(event), soft_wrap=True)
        out.file.flush()

    return show


def _notice(text: str, *, when: bool) -> None:
    if when:
        sys.stderr.write(f"{text}\n")
