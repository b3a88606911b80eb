"""Time passing for the signals while nothing arrives: every whole second of the wall clock, once."""

import asyncio
import time
from collections.abc import Callable

RETRY_S = 0.01
"""The pause while something that was received before the second is still being committed."""


async def keep_time(may_pass: Callable[[int], bool], pass_time: Callable[[int], None]) -> None:
    """Pass every whole second, in Unix milliseconds, as soon as `may_pass` agrees that nothing comes before it."""
    done = 0
    while True:
        now = time.time()
        second = int(now)
        if second <= done:
            await asyncio.sleep(second + 1 - now)
        elif may_pass(second * 1000):
            pass_time(second * 1000)
            done = second
        else:
            await asyncio.sleep(RETRY_S)
