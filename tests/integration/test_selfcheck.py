"""The exporter's check of itself: real processes, their findings, and what becomes of those that fail."""

import asyncio
import os
import sys

import msgspec
import pytest
from structlog.testing import capture_logs

from exporter import selfcheck
from exporter.check import Verdict
from exporter.check.findings import Job, pack, read_job
from exporter.config import Config, Duration, RedisSection, Stores, TimescaleSection, load
from exporter.selfcheck import SelfCheck
from exporter.stores import StoreState, StoreStatus
from tests.integration.metrics_page import MetricsPage
from tests.redis_server import new_server
from tests.redis_world import World, followed


@pytest.fixture
def world(tmp_path):
    """A journal with a checkpoint and a tail behind it."""
    world = World(tmp_path / "journal.db")
    world.add(100, repeat=5)
    world.checkpoint()
    world.add(20)
    yield world
    world.database.close()


@pytest.fixture
def redis_server(tmp_path):
    server = new_server(tmp_path).start()
    yield server
    server.stop()


def configured(interval=300.0, **stores):
    config = Config(stores=Stores(**stores))
    return msgspec.structs.replace(config, check=msgspec.structs.replace(config.check, interval=Duration(interval)))


def verdicts(status):
    return {each.source: each.verdict for each in status.findings}


def test_a_job_arrives_as_it_was_sent(tmp_path):
    environ = {
        "LIQ_STORES_TIMESCALE_URL": "postgresql://me:hunter2@db/liquidations",
        "LIQ_FEEDS_SILENT_AFTER": "1500ms",
        "LIQ_METRICS_BASES": "BTC,ETH",
        "LIQ_DATA_DIR": str(tmp_path),
    }
    job = Job(tmp_path / "journal.db", load(None, environ, {}), "http://localhost:1", 7)
    assert read_job(pack(job)) == job


async def test_what_agrees_is_equal_and_is_said_once(world, redis_server):
    await (await followed(world, redis_server.address)).close()
    async with MetricsPage(world) as page:
        check = SelfCheck(page.view, configured(redis=RedisSection(redis_server.address)), world.path)
        with capture_logs() as logs:
            await check.check(page.url)
            await check.check(page.url)
    status = page.view.check
    assert verdicts(status) == dict.fromkeys(("journal", "redis", "metrics"), Verdict.EQUAL)
    assert [each.differing for each in status.findings] == [0, 0, 0]
    assert status.last_run_ms > 0
    assert (status.duration_s > 0, status.failures, status.interval_s) == (True, 0, 300)
    assert [entry["source"] for entry in logs] == ["journal", "redis", "metrics"]


async def test_every_difference_is_counted_and_one_is_named(world):
    world.ledger.cells["bybit", "BTC", "short"].usd += 1.0
    world.ledger.cells["bybit", "ETH", "long"].events += 1
    async with MetricsPage(world) as page:
        check = SelfCheck(page.view, configured(), world.path)
        with capture_logs() as logs:
            await check.check(page.url)
    journal, metrics = page.view.check.findings
    assert journal.verdict is Verdict.EQUAL
    assert (metrics.verdict, metrics.differing) == (Verdict.DIFFERS, 2)
    (warning,) = [entry for entry in logs if entry["log_level"] == "warning"]
    assert (warning["source"], warning["differing"]) == ("metrics", 2)
    assert "coins bybit BTC short usd" in warning["example"]


async def test_a_source_that_cannot_be_read_is_no_difference(world):
    async with MetricsPage(world) as page:
        stores = {
            "redis": RedisSection("redis://127.0.0.1:9"),
            "timescale": TimescaleSection("postgresql://x@127.0.0.1:9/x"),
        }
        await SelfCheck(page.view, configured(**stores), world.path).check(page.url)
    assert verdicts(page.view.check) == {
        "journal": Verdict.EQUAL,
        "redis": Verdict.UNREACHABLE,
        "timescale": Verdict.UNREACHABLE,
        "metrics": Verdict.EQUAL,
    }
    assert all(each.reason for each in page.view.check.findings if each.verdict is Verdict.UNREACHABLE)
    assert page.view.check.failures == 0


async def test_a_store_that_follows_another_exporter_is_left_out(world):
    async with MetricsPage(world) as page:
        standby = page.view.stores["redis"] = StoreStatus()
        standby.state = StoreState.STANDBY
        await SelfCheck(page.view, configured(redis=RedisSection("redis://127.0.0.1:9")), world.path).check(page.url)
    assert set(verdicts(page.view.check)) == {"journal", "metrics"}


async def test_a_check_that_fails_is_counted_and_the_last_findings_stay(world, tmp_path):
    async with MetricsPage(world) as page:
        check = SelfCheck(page.view, configured(), world.path)
        await check.check(page.url)
        found, at = page.view.check.findings, page.view.check.last_run_ms
        world.path.rename(tmp_path / "elsewhere.db")
        with capture_logs() as logs:
            await check.check(page.url)
    assert (page.view.check.failures, page.view.check.findings, page.view.check.last_run_ms) == (1, found, at)
    assert [(entry["log_level"], "no journal here" in entry["reason"]) for entry in logs] == [("warning", True)]


@pytest.mark.parametrize(
    ("program", "limit_s", "reason"),
    [
        ("import sys; sys.exit('out of order')", 60, "out of order"),
        ("import os; os.kill(os.getpid(), 9)", 60, "exit status -9"),
        ("print('nothing that makes sense')", 60, "JSON is malformed"),
        ("import time; time.sleep(600)", 0.5, "it took too long"),
    ],
)
async def test_whatever_the_process_does_the_exporter_goes_on(world, monkeypatch, program, limit_s, reason):
    monkeypatch.setattr(selfcheck, "COMMAND", (sys.executable, "-c", program))
    monkeypatch.setattr(selfcheck, "LIMIT_S", limit_s)
    async with MetricsPage(world) as page:
        check = SelfCheck(page.view, configured(), world.path)
        with capture_logs() as logs:
            await check.check(page.url)
        assert page.view.check.failures == 1
        assert [reason in entry["reason"] for entry in logs] == [True]
        monkeypatch.setattr(selfcheck, "COMMAND", ("/nowhere/python",))
        await check.check(page.url)
        assert page.view.check.failures == 2


async def test_a_stop_ends_the_process(world, monkeypatch, tmp_path):
    sign = tmp_path / "pid"
    program = f"import os, pathlib, time; pathlib.Path({str(sign)!r}).write_text(f'{{os.getpid()}} '); time.sleep(600)"
    monkeypatch.setattr(selfcheck, "COMMAND", (sys.executable, "-c", program))
    monkeypatch.setattr(selfcheck, "FIRST_S", 0.0)
    async with MetricsPage(world) as page:
        running = asyncio.create_task(SelfCheck(page.view, configured(), world.path).run(page.url))
        async with asyncio.timeout(20):
            while not (sign.exists() and sign.read_text().endswith(" ")):  # noqa: ASYNC110 - another process' file
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait([running])
    with pytest.raises(ProcessLookupError):
        os.kill(int(sign.read_text()), 0)


async def test_it_goes_on_checking_and_not_at_all_when_it_is_off(world, monkeypatch):
    async with MetricsPage(world) as page:
        await SelfCheck(page.view, configured(interval=0.0), world.path).run(page.url)
        assert page.view.check.interval_s == 0
        monkeypatch.setattr(selfcheck, "FIRST_S", 0.0)
        running = asyncio.create_task(SelfCheck(page.view, configured(interval=0.01), world.path).run(page.url))
        times = set()
        async with asyncio.timeout(60):
            while len(times - {0}) < 3:
                times.add(page.view.check.last_run_ms)
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait([running])
    assert page.view.check.failures == 0
