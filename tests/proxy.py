"""A TCP proxy that can do to a connection what networks do: hold it open and say nothing, or cut it."""

import asyncio
from contextlib import asynccontextmanager, suppress


class Proxy:
    """Forwards to a local port; `frozen` keeps what arrives until it is thawed."""

    def __init__(self, target):
        self.target = target
        self.port = 0
        self.connections = 0
        self._thawed = asyncio.Event()
        self._thawed.set()
        self._writers = set()

    def freeze(self):
        self._thawed.clear()

    def thaw(self):
        self._thawed.set()

    def cut(self):
        """Reset every connection."""
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, reader, writer):
        self.connections += 1
        with suppress(OSError):
            there_reader, there = await asyncio.open_connection("127.0.0.1", self.target)
            await asyncio.gather(self._pump(reader, there), self._pump(there_reader, writer))
        writer.close()

    async def _pump(self, reader, writer):
        self._writers.add(writer)
        try:
            while data := await reader.read(65_536):
                await self._thawed.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()


@asynccontextmanager
async def proxy(target):
    """A proxy in front of a local port."""
    running = Proxy(target)
    server = await asyncio.start_server(running.serve, "127.0.0.1", 0)
    running.port = server.sockets[0].getsockname()[1]
    tasks_before = asyncio.all_tasks()
    try:
        yield running
    finally:
        running.thaw()
        server.close()
        running.cut()
        mine = [task for task in asyncio.all_tasks() - tasks_before if "serve" in repr(task.get_coro())]
        await asyncio.gather(*mine, return_exceptions=True)
