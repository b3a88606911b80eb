"""The exporter against simulated exchanges, without a network, ending in a comparison with the truth.

The simulator is a process of its own and speaks the exchanges' wire protocols over real sockets. A simulated past is
put into the journal first, so that windows are filled from the start.
"""

import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from itertools import islice
from pathlib import Path

import aiohttp
import msgspec
import structlog
from rich.console import Console

from exporter.access import Access, access
from exporter.app import App
from exporter.config import Config, Stores
from exporter.errors import UserError
from exporter.exchanges import REGISTRY
from exporter.feeds.status import State
from exporter.folder import JOURNAL_FILE, held
from exporter.journal import Batch, Database
from exporter.logs import set_up
from exporter.model import FeedChange, Liquidation
from exporter.simulator import Comparison, compare, past, render, truthfile
from exporter.simulator.catalogue import EXCHANGES
from exporter.view import View

log = structlog.get_logger()

DRAIN_S = 15.0
PROGRESS_S = 5.0
ROWS_PER_BATCH = 5000


async def demo(config: Config, *, scenario: str, seed: int, duration: float | None, truth: Path | None) -> int:
    """Run for `duration` seconds or until SIGINT or SIGTERM; 0 when every figure equals the truth, 1 when not.

    All files live in a temporary folder. Every event, the simulated past included, stays in `truth` when that is given.
    """
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with tempfile.TemporaryDirectory(prefix="liquidation-demo-") as name, held(Path(name)) as folder:
        log.info("demo starts", scenario=scenario, seed=seed, until=f"{duration:g} s" if duration else "Ctrl-C")
        history = list(past(seed, until_ms=time.time_ns() // 1_000_000))
        fill(folder / JOURNAL_FILE, history)
        sent = folder / "sent.jsonl"
        async with _simulator(scenario, seed, sent) as simulator:
            simulated = _simulated(config, simulator.endpoints, folder)
            app = App(simulated, lambda: simulated, folder)
            done = asyncio.Event()
            running = asyncio.create_task(app.run(done))
            try:
                await _watch(app.view, stop, running, duration)
                log.info("the exchanges close, and what they sent is compared with what was counted")
                set_up("error", config.log.format)  # that feeds are down is no news any more
                await simulator.end()
                await _drain(app.view)
                metrics, now_ms = await _scrape(access(app.inside))
            finally:
                done.set()
                await running
        events = [truthfile.as_truth(event) for event in history] + truthfile.read(sent)
        if truth:
            truthfile.write(truth, events)
    return _verdict(compare(events, metrics, now_ms))


def fill(path: Path, events: Iterable[Liquidation]) -> None:
    """Write events into a new journal, as if their exchanges had been connected all the while."""
    database = Database(path)
    remaining = iter(events)
    first = last = None
    while batch := list(islice(remaining, ROWS_PER_BATCH)):
        if first is None:
            first = batch[0].time_ms
            database.write(Batch(_feed_changes(first, up=True)))
        last = batch[-1].time_ms
        database.write(Batch(list(batch)))
    if last is not None:
        database.write(Batch(_feed_changes(last, up=False, reason="the simulated past ends"), alive_ms=last))
    database.close()


def _feed_changes(time_ms: int, *, up: bool, reason: str = "") -> list[Liquidation | FeedChange]:
    """Return a change of every feed of the simulated exchanges."""
    return [
        FeedChange(time_ms, name, feed.name, up=up, reason=reason)
        for name in EXCHANGES
        for feed in REGISTRY[name].feeds
    ]


def begin_with_past(folder: Path, seed: int) -> None:
    """Give a data folder without a journal one that holds a simulated day; raises `UserError` when it is in use."""
    path, unfinished = folder / JOURNAL_FILE, folder / f"{JOURNAL_FILE}.unfinished"
    if path.exists():  # an exporter may be using it
        return
    with held(folder):
        unfinished.unlink(missing_ok=True)
        fill(unfinished, past(seed, until_ms=time.time_ns() // 1_000_000))
        unfinished.rename(path)


class SimulatorProcess:
    """A running `simulate`, and the addresses that it announced."""

    def __init__(self, process: asyncio.subprocess.Process, endpoints: Mapping[str, dict[str, str]]) -> None:
        self._process = process
        self.endpoints = endpoints

    async def end(self) -> None:
        """Have it end the market, write the truth and close every connection; raises `UserError` when it fails."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        if await self._process.wait():
            raise UserError(f"the simulator failed with exit status {self._process.returncode}; its output is above")


@asynccontextmanager
async def _simulator(scenario: str, seed: int, truth: Path) -> AsyncIterator[SimulatorProcess]:
    command = ("simulate", "--scenario", scenario, "--seed", str(seed), "--truth", str(truth), "--with-parent")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "exporter", *command),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the demo, which ends the simulator when its turn comes
    )
    try:
        assert process.stdout  # noqa: S101 - tells the type checker that there is a pipe
        line = await process.stdout.readline()
        if not line:
            raise UserError("the simulator did not start; try it alone: python -m exporter simulate")
        yield SimulatorProcess(process, msgspec.json.decode(line)["endpoints"])
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _simulated(config: Config, endpoints: Mapping[str, dict[str, str]], folder: Path) -> Config:
    """Point every simulated exchange to the simulator, leave the others out, and keep invented events to the folder."""
    sections = {
        name: msgspec.structs.replace(section, enabled=name in endpoints, endpoints=endpoints.get(name, {}))
        for name, section in config.exchanges.items()
    }
    data = msgspec.structs.replace(config.data, dir=folder)
    return msgspec.structs.replace(config, data=data, exchanges=sections, stores=Stores())


async def _watch(view: View, stop: asyncio.Event, running: asyncio.Task[None], duration: float | None) -> None:
    """Report progress until the time is over, a signal comes, or the exporter breaks."""
    end = time.monotonic() + duration if duration else float("inf")
    while not (stop.is_set() or running.done() or time.monotonic() >= end):
        with suppress(TimeoutError):
            async with asyncio.timeout(min(PROGRESS_S, max(0.0, end - time.monotonic()))):
                await stop.wait()
        whole = view.stats(None, None, time.time_ns() // 1_000_000).total
        log.info("counted so far", events=whole.events, usd=round(whole.usd), **_states(view))
    if running.done():
        running.result()


def _states(view: View) -> dict[str, str]:
    """Return how many exchanges are live, and the state of each that is not."""
    others = {name: str(each.state) for name, each in view.exchanges.items() if each.state is not State.LIVE}
    return {"live": f"{len(view.exchanges) - len(others)} of {len(view.exchanges)}"} | others


async def _drain(view: View) -> None:
    """Wait until everything that was received is counted."""
    async with asyncio.timeout(DRAIN_S):
        previous = -1
        while view.journal.queued or view.ledger.last_seq != previous:
            previous = view.ledger.last_seq
            await asyncio.sleep(0.3)


async def _scrape(exporter: Access) -> tuple[str, int]:
    session = exporter.session(aiohttp.ClientTimeout(total=DRAIN_S))
    async with session, session.get(f"{exporter.base}/metrics") as answer:
        return await answer.text(), time.time_ns() // 1_000_000


def _verdict(comparison: Comparison) -> int:
    Console().print(render(comparison))
    return 0 if comparison.ok else 1
