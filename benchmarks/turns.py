"""What the web server takes of the event loop at once while it is attacked: the processor time of each of its turns.

Unlike the time on the clock this says what the server itself does to the events behind it, however busy the machine is.
The clients are threads of the same process, whose time does not count.
"""

import asyncio
import threading
import time
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack

import msgspec

from benchmarks.latency import HEADERS
from benchmarks.report import Row, at_most, info
from benchmarks.scrape import Scene
from exporter.broadcast import Broadcast
from exporter.errors import UserError
from exporter.web import WebServer
from exporter.web.backfill import Asking
from tests.system.slow import Slow

SLOW = 1000
SCRAPERS = 20
ATTACK_S = 15.0
"""Long enough for all slow clients to be cut once, and to come again."""
TICK_S = 0.001


def turns() -> list[Row]:
    """Attack a server with a page of 10,000 lines."""
    quiet, attacked = asyncio.run(_measured())
    return [
        info("a turn of the event loop, CPU, p99, quiet", "ms", [_p99(quiet)]),
        at_most("a turn of the event loop, CPU, p99, attacked", "ms", [_p99(attacked)], 1),
        at_most("the longest turn, CPU, attacked", "ms", [max(attacked)], 5),
    ]


async def _measured() -> tuple[list[float], list[float]]:
    scene = Scene()
    web = msgspec.structs.replace(
        scene.view.config.web, listen_address="127.0.0.1:0", max_connections=SLOW + 10 * SCRAPERS
    )
    scene.view.config = msgspec.structs.replace(scene.view.config, web=web)
    server = WebServer(scene.view, Broadcast(), scene.exposition.render, _reload, _backfill)
    port = int((await server.start()).rpartition(":")[2])
    stop = threading.Event()
    storm = [threading.Thread(target=_scrape, args=(port, stop)) for _ in range(SCRAPERS)]
    quiet = await _turns(ATTACK_S / 5)
    with ExitStack() as clients:
        slow = Slow(port, SLOW)
        await asyncio.to_thread(clients.enter_context, slow)
        for each in storm:
            each.start()
        attacked = await _turns(ATTACK_S)
        stop.set()
        for each in storm:
            await asyncio.to_thread(each.join)
        await asyncio.to_thread(clients.close)
    await server.stop()
    return quiet, attacked


async def _turns(seconds: float) -> list[float]:
    """Return the processor time (ms) of turns of the event loop, one every `TICK_S`."""
    found, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        started = time.thread_time()
        await asyncio.sleep(0)
        found.append((time.thread_time() - started) * 1000)
        await asyncio.sleep(TICK_S)
    return found


def _scrape(port: int, stop: threading.Event) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers=HEADERS)
    while not stop.is_set():
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()


async def _reload() -> list[str]:
    return []


def _p99(times: Sequence[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)]


def _backfill(*_asked: object) -> Asking:
    raise UserError("nothing is asked for here")
