"""The event loop that the exporter runs on: a name server that does not answer holds nothing up, not even the end."""

import asyncio
import socket
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import Any

Question = tuple[Any, Any, int, int, int, int]
"""Host, port, family, type, protocol and flags, as `socket.getaddrinfo` takes them."""


class EventLoop(asyncio.SelectorEventLoop):
    """asyncio's loop, except that each look-up of a name has a thread of its own, which nothing waits for.

    asyncio asks in its pool of threads: as many look-ups as it has threads keep everything else out of it, and the
    process does not end before the last of them has given up, which takes the C library up to minutes. The same
    question is asked once at a time, so that attempts which give up earlier do not pile up threads.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lookups: dict[Question, asyncio.Future[list[Any]]] = {}

    async def getaddrinfo(
        self,
        host: Any,  # noqa: ANN401 - text, bytes or None
        port: Any,  # noqa: ANN401 - a number, a service's name or None
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 - asyncio's name
        proto: int = 0,
        flags: int = 0,
    ) -> list[Any]:
        """Look a name up, as asyncio does."""
        question = (host, port, family, type, proto, flags)
        lookup = self._lookups.get(question)
        if lookup is None:
            lookup = self._lookups[question] = self.create_future()
            lookup.add_done_callback(lambda done: self._forget(question, done))
            Thread(target=self._look_up, args=(question, lookup), name="lookup", daemon=True).start()
        return await asyncio.shield(lookup)

    def _look_up(self, question: Question, lookup: "asyncio.Future[list[Any]]") -> None:
        """Ask and tell, in a thread; a loop that is closed by then wants no answer any more."""
        answer: partial[None]
        try:
            answer = partial(lookup.set_result, socket.getaddrinfo(*question))
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to the one who asked
            answer = partial(lookup.set_exception, error)
        with suppress(RuntimeError):
            self.call_soon_threadsafe(answer)

    def _forget(self, question: Question, lookup: "asyncio.Future[list[Any]]") -> None:
        del self._lookups[question]
        lookup.exception()  # seen, even when everybody who asked has given up
