"""A real web server in the test's own loop, and commands as real processes."""

import asyncio
import os
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from exporter.broadcast import Broadcast
from exporter.config import Config, Web
from exporter.errors import UserError
from exporter.exchanges import REGISTRY
from exporter.feeds.status import ExchangeStatus, State
from exporter.gaps import Gaps
from exporter.journal import JournalStatus
from exporter.ledger import Ledger
from exporter.model import Liquidation, Record
from exporter.view import View
from exporter.web import WebServer
from exporter.web.backfill import Asking

ROOT = Path(__file__).parents[2]

EXCHANGES = ["binance", "bybit"]
"""Whose feeds it pretends to have."""


@dataclass
class Result:
    """What a command left: its exit status and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line that bad input is answered with."""
        assert self.status == 2, self
        assert self.out == "", self
        assert self.err.startswith("error: "), self
        assert self.err.count("\n") == 1, self
        return self.err.removeprefix("error: ").rstrip("\n")


class Process:
    """A command that is running."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.stdin = process.stdin
        self.out = process.stdout
        self.err = process.stderr

    async def line(self) -> str:
        """The next line on stdout."""
        return (await asyncio.wait_for(self.out.readline(), 20)).decode().rstrip("\n")

    async def complaint_line(self) -> str:
        """The next line on stderr."""
        return (await asyncio.wait_for(self.err.readline(), 20)).decode().rstrip("\n")

    async def end(self, number: int | None = None, data: bytes | None = None) -> Result:
        """Send a signal, if any, and wait for the end."""
        if number is not None:
            self._process.send_signal(number)
        out, err = await asyncio.wait_for(self._process.communicate(data), 30)
        return Result(self._process.returncode, out.decode(), err.decode())


@asynccontextmanager
async def started(*arguments: object, cwd: Path, env: dict[str, str] | None = None):
    """Run `python -m exporter` with arguments for the duration of the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "exporter", *map(str, arguments)),
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | (env or {}),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Process(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def command(*arguments: object, cwd: Path, env: dict[str, str] | None = None, data: bytes = b"") -> Result:
    """Run `python -m exporter` with arguments to its end."""
    async with started(*arguments, cwd=cwd, env=env) as process:
        return await process.end(data=data)


class Exporter:
    """The web server on a view that tests fill; it can go away and come back on the same port."""

    def __init__(self) -> None:
        self.port = 0
        self.records: list[Record] = []
        self.ledger = Ledger(EXCHANGES, ["BTC"], 1000)
        self.statuses = {name: _status(name) for name in EXCHANGES}
        self._broadcast = Broadcast()
        self._server: WebServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        config = Config(web=Web(f"127.0.0.1:{self.port}"))
        view = View(config, self.ledger, Gaps(), JournalStatus(), self._newest, exchanges=self.statuses)
        self._broadcast = Broadcast()
        self._server = WebServer(view, self._broadcast, lambda _accept, _now: (b"", "text/plain"), _reload, _backfill)
        self.port = int((await self._server.start()).rpartition(":")[2])

    async def stop(self) -> None:
        if self._server:
            await self._server.stop()
            self._server = None

    def add(self, *events: Liquidation) -> None:
        """Count events, and tell whoever follows."""
        records = [Record(len(self.records) + number, event.time_ms, event) for number, event in enumerate(events, 1)]
        for record in records:
            self.ledger.apply(record.seq, record.entry)
        self.records += records
        self._broadcast.publish(records)

    async def _newest(self, filters, limit) -> list[Record]:
        def wanted(event: Liquidation) -> bool:
            equal = {name: value for name, value in filters.items() if name != "min_usd"}
            large = event.notional_usd >= filters.get("min_usd", 0)
            return large and all(getattr(event, name) == value for name, value in equal.items())

        return [record for record in reversed(self.records) if wanted(record.entry)][:limit]


@asynccontextmanager
async def serving():
    """Serve for the duration of the block."""
    exporter = Exporter()
    await exporter.start()
    try:
        yield exporter
    finally:
        await exporter.stop()


@asynccontextmanager
async def listening(**handlers):
    """Serve other answers at the API's paths, for the duration of the block; yields the address."""
    app = web.Application()
    for name, handler in handlers.items():
        app.router.add_get(f"/api/v1/{name}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def _reload() -> list[str]:
    return []


def _backfill(*_asked: object) -> Asking:
    raise UserError("nothing is asked for here")


def _status(name: str) -> ExchangeStatus:
    status = ExchangeStatus(name, [feed.name for feed in REGISTRY[name].feeds])
    for feed in status.feeds.values():
        feed.connections[0] = State.LIVE
    status.last_message_ms = now_ms()
    return status
