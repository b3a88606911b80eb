"""The way to Alertmanager, against a server of aiohttp's own that can be away."""

import asyncio
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest
from aiohttp import web

from exporter.alerts import path
from exporter.alerts.path import FastPath
from exporter.config import AlertsSection
from stack.service import free_port
from tests.unit.alerts.moments import calm, critical, moment


class Alertmanager:
    """Takes posts while it runs."""

    def __init__(self):
        self.port = free_port()
        self.status = 200
        self.posts = []
        self.news = asyncio.Condition()
        app = web.Application()
        app.router.add_post("/api/v2/alerts", self.take)
        self.runner = web.AppRunner(app)

    async def take(self, request):
        async with self.news:
            self.posts.append(await request.json())
            self.news.notify_all()
        return web.Response(status=self.status)

    async def start(self):
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port).start()

    async def posted(self, condition):
        async with self.news:
            await self.news.wait_for(lambda: self.posts and condition(self.posts[-1]))


class Engine:
    """What the analyst shows."""

    def __init__(self):
        self.present = moment(0, calm())


@asynccontextmanager
async def running(alertmanager, engine, address=None):
    config = AlertsSection(alertmanager=f"http://127.0.0.1:{alertmanager.port}" if address is None else address)
    fast = FastPath(lambda: config, lambda: engine.present)
    async with aiohttp.ClientSession() as session:
        task = asyncio.create_task(fast.run(session))
        try:
            await asyncio.sleep(0)
            yield fast
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await alertmanager.runner.cleanup()


async def show(fast, engine, present):
    """Let the engine move on, and wait until that was looked at."""
    engine.present = present
    fast.wake()
    await until(lambda: fast._seen is present)


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is awaited has no event of its own
            await asyncio.sleep(0.005)


async def test_a_cascade_is_posted_at_once_and_its_end_once():
    alertmanager, engine = Alertmanager(), Engine()
    await alertmanager.start()
    async with running(alertmanager, engine) as fast:
        await show(fast, engine, moment(2, critical()))
        await alertmanager.posted(lambda alerts: alerts[0]["labels"]["base"] == "BTC")
        [[alert]] = alertmanager.posts
        assert alert["startsAt"] == "2026-11-19T13:20:04.000+00:00"
        assert alert["endsAt"] > alert["startsAt"]
        await show(fast, engine, moment(3, calm()))
        await show(fast, engine, moment(100, calm()))
        await alertmanager.posted(lambda alerts: alerts[0]["endsAt"].startswith("2026-11-19T13:2"))
        assert fast.status.posts == 2
        assert fast.status.failures == 0


async def test_it_goes_on_posting_while_it_lasts(monkeypatch):
    monkeypatch.setattr(path, "REPOST_S", 0.01)
    alertmanager, engine = Alertmanager(), Engine()
    await alertmanager.start()
    async with running(alertmanager, engine) as fast:
        await show(fast, engine, moment(2, critical()))
        await alertmanager.posted(lambda _: len(alertmanager.posts) >= 3)
        assert {post[0]["labels"]["base"] for post in alertmanager.posts} == {"BTC"}


@pytest.mark.parametrize("refusing", [False, True], ids=["away", "refusing"])
async def test_it_heals_when_alertmanager_is_back(monkeypatch, refusing):
    monkeypatch.setattr(path, "RETRY_S", 0.01)
    alertmanager, engine = Alertmanager(), Engine()
    alertmanager.status = 503
    if refusing:
        await alertmanager.start()
    async with running(alertmanager, engine) as fast:
        await show(fast, engine, moment(2, critical()))
        await until(lambda: fast.status.failures >= 3)
        alertmanager.status = 200
        if not refusing:
            await alertmanager.start()
        taken = len(alertmanager.posts)
        await until(lambda: len(alertmanager.posts) > taken)
        assert alertmanager.posts[-1][0]["labels"]["base"] == "BTC"


async def test_without_an_address_nothing_is_posted_and_nothing_is_kept():
    alertmanager, engine = Alertmanager(), Engine()
    await alertmanager.start()
    async with running(alertmanager, engine, "") as fast:
        await show(fast, engine, moment(2, critical()))
        for _ in range(5):
            await asyncio.sleep(0)
        assert fast.status.posts == 0
    assert not alertmanager.posts
