"""The one thread in which figures are derived and bodies are rendered, so that the event loop never waits for them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from exporter.web.answers import ApiError

Result = TypeVar("Result")

WAITING = 64


class Worker:
    """Runs one job at a time, in the order they came: the ledger's cache of window sums knows one reader.

    At most `WAITING` jobs wait; further ones are refused with 503, so that a flood of requests holds no memory.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="web")
        self._waiting = 0

    async def run(self, job: Callable[[], Result]) -> Result:
        """Run a job in the thread and return its result."""
        if self._waiting >= WAITING:
            raise ApiError(503, "busy", "too many requests are waiting for an answer; try again in a moment")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, job)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Let the running job end; drop the others."""
        self._thread.shutdown(wait=False, cancel_futures=True)
