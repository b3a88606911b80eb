"""The `simulate` command: the exchanges alone, until it is told to stop, and the truth afterwards."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from exporter.simulator import truthfile
from exporter.simulator.server import HOST
from exporter.simulator.simulator import Simulator

PROGRESS_EVERY_S = 5.0
PARENT_EVERY_S = 1.0
Announce = Callable[[dict[str, dict[str, dict[str, str]]]], None]


async def serve(  # noqa: PLR0913 - they are the flags of the command
    scenario: str,
    seed: int,
    duration: float | None,
    truth: Path | None,
    port: int,
    announce: Announce,
    *,
    host: str = HOST,
    rate: float | None = None,
    with_parent: bool = False,
) -> None:
    """Run a scenario for `duration` seconds, or until SIGTERM or SIGINT, and write the truth.

    `announce` gets `{"endpoints": {...}}` once all ports are open; progress goes to stderr. The exchanges use the ports
    of `host` from `port` on, or free ones when it is 0. `rate` replaces the scenario's rates (liquidations sent a
    second).
    `with_parent` ends the run when the process that started this one is gone. Raises `ValueError` for an unknown
    scenario, `OSError` when a port is taken or the truth cannot be written.
    """
    simulator = Simulator(scenario, seed, rate=rate)
    with _stop_signals() as told_to_stop:
        await simulator.start(port, host)
        try:
            announce({"endpoints": simulator.endpoints()})
            await _run(simulator, told_to_stop, duration, with_parent)
            if truth:
                truthfile.write(truth, await simulator.settle())
        finally:
            await simulator.stop()


@contextlib.contextmanager
def _stop_signals() -> Iterator[asyncio.Event]:
    """Turn SIGTERM and SIGINT into an event to the very end, so that a second one can not cost the truth."""
    loop, told_to_stop = asyncio.get_running_loop(), asyncio.Event()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, told_to_stop.set)
    try:
        yield told_to_stop
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


async def _run(simulator: Simulator, told_to_stop: asyncio.Event, duration: float | None, with_parent: bool) -> None:
    """Report until the time is over, a signal comes, or the run breaks."""
    reporter = asyncio.create_task(_report(simulator))
    endings = [asyncio.create_task(simulator.failed()), asyncio.create_task(told_to_stop.wait())]
    if with_parent:
        endings.append(asyncio.create_task(_orphaned()))
    try:
        done, _ = await asyncio.wait(endings, timeout=duration, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in (reporter, *endings):
            task.cancel()


async def _orphaned() -> None:
    """Wait until the process that started this one is gone: it then has another parent."""
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 - nothing tells of its end, one has to ask
        await asyncio.sleep(PARENT_EVERY_S)


async def _report(simulator: Simulator) -> None:
    console = Console(stderr=True, highlight=False)
    while True:
        await asyncio.sleep(PROGRESS_EVERY_S)
        console.print(_progress(simulator))


def _progress(simulator: Simulator) -> str:
    sockets = f"{simulator.open_sockets} sockets"
    if not simulator.engine.is_open:
        return f"simulator: the market opens when somebody listens; {sockets}"
    late = f", {simulator.engine.lag_s:.1f} s behind" if simulator.engine.lag_s > 0.5 else ""
    return f"simulator: {simulator.sent:,} liquidations sent; {sockets}{late}"
