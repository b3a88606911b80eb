"""A web server in a thread with a loop of its own, for tests that are not coroutines."""

import asyncio
import gc
import os
import threading
from contextlib import contextmanager

import pytest

from exporter.metrics import Exposition
from tests.events import liquidation
from tests.integration.guarded import Guarded
from tests.unit.web.views import now_ms

PATIENCE_S = 30
LASTING = 3
"""The tasks of a server that nobody asks: the sweep of the gate, and the hub's two."""


class Apart:
    """The server, with some liquidations in it and the real metrics page."""

    def __init__(self, folder, tree) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.server: Guarded = self.run(self._start(folder, tree))
        self.port = self.server.port

    def run(self, coroutine):
        """The result of a coroutine in the server's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE_S)

    def stop(self):
        self.run(self.server.server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self, folder, tree):
        server = Guarded(folder)
        server.write(**tree)
        now = now_ms()
        for seq, base in enumerate(("BTC", "ETH", "1000PEPE"), 1):
            server.view.ledger.apply(seq, liquidation(seq, base=base, time_ms=now, received_ms=now))
        server.server._parts[0]._render = Exposition(server.view).render
        server.address = await server.server.start()
        return server

    def held(self):
        """What it holds once everybody has gone: connections, tasks, readers of the stream, open files."""
        return self.run(self._held())

    async def _held(self):
        async with asyncio.timeout(PATIENCE_S):
            while self._busy():  # noqa: ASYNC110 - nothing tells when everybody has gone
                await asyncio.sleep(0.01)
        gc.collect()
        return len(self._tasks()), len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - only their number counts

    def _busy(self):
        server = self.server.server
        return len(server._gate) or server._hub._readers or len(self._tasks()) > LASTING

    def _tasks(self):
        return [task for task in asyncio.all_tasks(self._loop) if task is not asyncio.current_task(self._loop)]


@contextmanager
def apart(folder, **tree):
    """Serve for the duration of the block."""
    server = Apart(folder, tree)
    try:
        yield server
    finally:
        server.stop()


def fixture(**tree):
    """Make a fixture of one server for all tests of a module."""

    @pytest.fixture(scope="module")
    def served(tmp_path_factory):
        with apart(tmp_path_factory.mktemp("web"), **tree) as server:
            yield server

    return served
