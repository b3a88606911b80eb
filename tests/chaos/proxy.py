"""The network between the exporter and a store, which can break a connection in the ways that networks do."""

import asyncio
import socket
import struct
import threading
from contextlib import suppress

CHUNK = 65_536
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER: closing sends a reset."""


class Link:
    """One connection and its continuation to the store."""

    def __init__(self, writers, *, requests, answers):
        self.writers = writers
        self.requests = requests
        self.answers = answers
        """Whether what is said in this direction still arrives; once something was lost, nothing arrives any more."""

    def reset(self):
        for writer in self.writers:
            with suppress(OSError):
                linger = writer.get_extra_info("socket")
                linger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            writer.transport.abort()


class Proxy:
    """Forwards a free local port to another. Its methods may be called from any thread."""

    def __init__(self, target):
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._links = set()
        self._tasks = set()
        self._refusing = False
        self._requests = self._answers = True
        self._thread.start()
        self.port = self._do(self._listen())

    def cut(self):
        """Reset every connection, and every new one."""

        def now():
            self._refusing = True
            for link in self._links:
                link.reset()

        self._loop.call_soon_threadsafe(now)

    def silence(self):
        """Let every connection stand open and lose everything, new ones as well."""
        self._lose(requests=True, answers=True)

    def lose_answers(self):
        """Let every request arrive and no answer."""
        self._lose(requests=False, answers=True)

    def restore(self):
        """Let new connections work; those that lost something never do."""

        def now():
            self._refusing = False
            self._requests = self._answers = True

        self._loop.call_soon_threadsafe(now)

    def close(self):
        async def end():
            self._server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

        self._do(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    def _lose(self, *, requests, answers):
        def now():
            self._requests &= not requests
            self._answers &= not answers
            for link in self._links:
                link.requests &= not requests
                link.answers &= not answers

        self._loop.call_soon_threadsafe(now)

    async def _listen(self):
        def accept(reader, writer):
            self._tasks.add(task := self._loop.create_task(self._serve(reader, writer)))
            task.add_done_callback(self._tasks.discard)

        self._server = await asyncio.start_server(accept, "127.0.0.1", 0)
        return self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        link = Link([writer], requests=self._requests, answers=self._answers)
        if self._refusing:
            link.reset()
            return
        self._links.add(link)
        try:
            store_reader, store_writer = await asyncio.open_connection("127.0.0.1", self._target)
            link.writers.append(store_writer)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, store_writer, link, "requests"))
                group.create_task(self._pump(store_reader, writer, link, "answers"))
        except* OSError:
            pass
        finally:
            self._links.discard(link)
            link.reset()

    async def _pump(self, reader, writer, link, direction):
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                if getattr(link, direction):
                    writer.write(data)
                    await writer.drain()
        if not getattr(link, direction):
            await asyncio.Event().wait()  # the end of the connection is lost as well
        writer.close()
