"""The whole exporter in one process against the simulator."""

import time

import aiohttp
import msgspec
import pytest

from exporter import selfcheck
from exporter.config import ConfigError
from exporter.exchanges import REGISTRY
from exporter.journal import Batch, Database
from exporter.model import FeedChange
from exporter.signals import Parameters
from exporter.simulator import Simulator
from tests.integration.whole import app_changes, exporter, live, scrape, settled, total, until


async def test_sockets_are_replaced_without_a_gap_and_what_both_deliver_counts_once(tmp_path, monkeypatch):
    feeds = tuple(msgspec.structs.replace(feed, max_life_s=2.5) for feed in REGISTRY["binance"].feeds)
    monkeypatch.setattr(REGISTRY["binance"], "feeds", feeds)
    simulator = Simulator("calm", 4, rate=300, exchanges=["binance"])
    await simulator.start()
    try:
        async with exporter(simulator, tmp_path) as app:
            status = app.view.exchanges["binance"]
            await until(lambda: live(app) and status.reconnects["rotation"] >= 2)
            truth, comparison = await settled(app, simulator)
            assert comparison.ok, comparison.wrong()[:5]
            assert total(app) + status.pending_events == len(truth), "nothing is lost between two sockets"
            assert status.duplicates > 0, "both sockets delivered for a moment"
            changes = [change for change in app_changes(tmp_path) if change.exchange == "binance"]
            assert [change.up for change in changes] == [False, True], "down at the start, up ever since"
    finally:
        await simulator.stop()


async def test_a_restart_goes_on_where_it_was(tmp_path):
    simulator = Simulator("busy", 5, rate=200, exchanges=["binance", "bybit"])
    await simulator.start()
    try:
        async with exporter(simulator, tmp_path) as app:
            await until(lambda: total(app) > 300)
        counted = total(app)
        async with exporter(simulator, tmp_path) as app:
            assert total(app) >= counted
            await until(lambda: live(app) and total(app) > counted + 200)
            _, comparison = await settled(app, simulator)
            assert comparison.ok, comparison.wrong()[:5]
            gaps = {name: app.view.gaps.seconds(name, time.time_ns() // 1_000_000) for name in ("binance", "bybit")}
            assert all(seconds > 0 for seconds in gaps.values()), "the pause is a gap of both"
        changes = app_changes(tmp_path)
        assert {change.reason for change in changes if not change.up} >= {"not started yet", "stopped"}
    finally:
        await simulator.stop()


async def test_gaps_from_before_the_retention_go_on_counting_when_their_records_are_gone(tmp_path):
    long_ago = time.time_ns() // 1_000_000 - 60 * 86_400_000
    feed = REGISTRY["binance"].feeds[0].name
    database = Database(tmp_path / "journal.db")
    for hour in range(0, 20, 2):
        down, up = (long_ago + (hour + passed) * 3_600_000 for passed in (0, 1))
        database.write(Batch([FeedChange(down, "binance", feed, up=False, reason="reset")]))
        database.write(Batch([FeedChange(up, "binance", feed, up=True)]))
    database.close()
    simulator = Simulator("calm", 7, rate=50, exchanges=["binance"])
    await simulator.start()
    try:
        for _ in range(2):
            async with exporter(simulator, tmp_path) as app:
                await until(lambda: live(app))
                assert app.view.gaps.seconds("binance", time.time_ns() // 1_000_000) >= 10 * 3600
                assert app.view.gaps.first_ms("binance") == long_ago
                old = [change for change in app_changes(tmp_path) if change.time_ms < long_ago + 86_400_000]
                old = [change for change in old if change.reason != "unclean stop"]
                assert [(change.up, change.feed) for change in old] == [(True, feed)]
    finally:
        await simulator.stop()


async def test_reload_starts_and_stops_exchanges_and_refuses_a_bad_configuration(tmp_path):
    simulator = Simulator("calm", 6, rate=50, exchanges=["binance", "bybit"])
    await simulator.start()
    wanted = {}

    def reload():
        if not wanted:
            raise ConfigError("config.yaml: exchanges: all are disabled; enable at least one")
        return wanted["config"]

    async def post(app):
        async with aiohttp.ClientSession() as session, session.post(f"{app.address}/-/reload") as answer:
            return answer.status, await answer.json()

    try:
        async with exporter(simulator, tmp_path, reload) as app:
            await until(lambda: live(app))
            status, body = await post(app)
            assert (status, "enable at least one" in body["reason"]) == (400, True)
            assert "liquidation_config_last_reload_successful 0" in await scrape(app)
            config = app.view.config
            off = msgspec.structs.replace(config.exchanges["bybit"], enabled=False)
            wanted["config"] = msgspec.structs.replace(config, exchanges=config.exchanges | {"bybit": off})
            assert await post(app) == (200, {"applied": ["exchanges.bybit"]})
            assert list(app.view.exchanges) == ["binance"]
            wanted["config"] = config
            assert (await post(app))[0] == 200
            await until(lambda: "bybit" in app.view.exchanges and live(app))
            wanted["config"] = msgspec.structs.replace(config, signals=Parameters(floor_usd=1.0))
            assert await post(app) == (200, {"applied": ["signals"]})
            assert "liquidation_config_last_reload_successful 1" in await scrape(app)
    finally:
        await simulator.stop()


async def test_it_checks_itself_while_it_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(selfcheck, "FIRST_S", 0.5)
    simulator = Simulator("busy", 8, rate=100)
    await simulator.start()
    try:
        async with exporter(simulator, tmp_path, **{"check.interval": "10s"}) as app:
            await until(lambda: app.view.check.last_run_ms)
            page = await scrape(app)
        for source in ("journal", "metrics"):
            assert f'liquidation_check_verdict{{source="{source}",verdict="equal"}} 1' in page
            assert f'liquidation_check_differences{{source="{source}"}} 0' in page
        assert "liquidation_check_failures_total 0" in page
    finally:
        await simulator.stop()


@pytest.mark.parametrize("scenario", ["hostile"])
async def test_a_hostile_exchange_is_cut_and_the_other_goes_on(tmp_path, scenario):
    simulator = Simulator(scenario, 7, hostile="bybit")
    await simulator.start()
    try:
        async with exporter(simulator, tmp_path, **{"feeds.junk_per_second": "100"}) as app:
            await until(lambda: live(app))
            bybit, binance = app.view.exchanges["bybit"], app.view.exchanges["binance"]
            for _ in range(2):
                seen = binance.frames
                for _ in range(400):
                    simulator.send_raw("bybit", "{not json")
                await until(lambda: bybit.reconnects["flood"] > 0)
                await until(lambda seen=seen: binance.frames > seen + 3)
            assert str(binance.state) == "live"
            assert binance.reconnects.total() == 0
            assert bybit.parse_errors >= 100
    finally:
        await simulator.stop()
