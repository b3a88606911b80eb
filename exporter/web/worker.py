"""The one thread in which figures are derived and bodies are rendered, so that the event loop never waits for them."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from exporter.web.answers import ApiError

Result = TypeVar("Result")

WAITING = 64
SHARE = 0.1
"""Of a processor, for all answers together: the thread and the events share one interpreter."""
BURST_S = 0.1
"""This much processor time may be taken at once: several scrapes, or a page with all that it asks for."""
LONGEST_REST_S = 1.0


class Worker:
    """Runs one job at a time, in the order they came: the ledger's cache of window sums knows one reader.

    At most `WAITING` jobs wait; further ones are refused with 503, so that a flood of requests holds no memory. Nor
    does it take the processor: beyond `BURST_S` there are rests between jobs, which keep them to their `SHARE`.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="web")
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._spent_s = 0.0
        self._at = 0.0

    async def run(self, job: Callable[[], Result], *, paced: bool = True) -> Result:
        """Run a job in the thread and return its result; one that is not `paced` comes at a pace of its own."""
        if self._waiting >= WAITING:
            raise ApiError(503, "busy", "too many requests are waiting for an answer; try again in a moment")
        self._waiting += 1
        try:
            async with self._turn:
                if paced:
                    await asyncio.sleep(self._rest_s())
                return await asyncio.get_running_loop().run_in_executor(self._thread, self._timed, job)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Let the running job end; drop the others."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _rest_s(self) -> float:
        now = time.monotonic()
        self._spent_s = max(0.0, self._spent_s - (now - self._at) * SHARE)
        self._at = now
        return min(max(0.0, self._spent_s - BURST_S) / SHARE, LONGEST_REST_S)

    def _timed(self, job: Callable[[], Result]) -> Result:
        started = time.thread_time()
        try:
            return job()
        finally:
            self._spent_s += time.thread_time() - started
