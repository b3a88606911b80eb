"""A whole exporter in this process against a simulator, and how to see whether it is right."""

import asyncio
import time
from contextlib import asynccontextmanager

import aiohttp
import msgspec

from exporter.app import App
from exporter.config import load
from exporter.exchanges import REGISTRY
from exporter.journal import Database
from exporter.simulator import compare


@asynccontextmanager
async def exporter(simulator, folder, reload=None, **flags):
    """A running App; ends it cleanly."""
    config = load(None, {}, {"web.listen_address": "127.0.0.1:0"} | flags)
    endpoints = simulator.endpoints()
    sections = {
        name: msgspec.structs.replace(
            config.exchanges[name], enabled=name in endpoints, endpoints=endpoints.get(name, {})
        )
        for name in REGISTRY
    }
    config = msgspec.structs.replace(config, exchanges=sections)
    app = App(config, reload or (lambda: config), folder)
    stop = asyncio.Event()
    task = asyncio.create_task(app.run(stop))
    try:
        await until(lambda: app.address or task.done())
        yield app
    finally:
        stop.set()
        await task


async def until(condition):
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - conditions of another part's plain state
            await asyncio.sleep(0.01)


async def scrape(app):
    async with aiohttp.ClientSession() as session, session.get(f"{app.address}/metrics") as answer:
        return await answer.text()


async def settled(app, simulator):
    """End the market, wait until nothing more is being counted, and compare."""
    truth = await simulator.settle()
    counted = -1
    while counted != total(app) or app.view.journal.queued:
        counted = total(app)
        await asyncio.sleep(0.3)
    return truth, compare(truth, await scrape(app), time.time_ns() // 1_000_000)


def total(app):
    return app.view.stats(None, None, time.time_ns() // 1_000_000).total.events


def live(app):
    return all(str(status.state) == "live" for status in app.view.exchanges.values())


def app_changes(folder):
    database = Database(folder / "journal.db", readonly=True)
    try:
        return list(database.feed_changes())
    finally:
        database.close()
