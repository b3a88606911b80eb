"""Every exchange by itself: what its simulator sent on the real wire is what the whole exporter counted."""

import sqlite3

import pytest

from exporter.exchanges import REGISTRY
from exporter.simulator import Simulator
from exporter.simulator.catalogue import EXCHANGES
from tests.integration.whole import exporter, live, settled, total, until


@pytest.mark.parametrize("name", EXCHANGES)
async def test_totals_equal_the_truth(name, tmp_path):
    simulator = Simulator("busy", 11, rate=150, exchanges=[name])
    await simulator.start()
    try:
        async with exporter(simulator, tmp_path) as app:
            await until(lambda: live(app) and total(app) > 150)
            truth, comparison = await settled(app, simulator)
            assert comparison.ok, comparison.wrong()[:5]
            status = app.view.exchanges[name]
            assert total(app) >= sum(event.certain for event in truth) > 100
            assert (status.parse_errors, sum(status.quarantined.values())) == (0, 0)
    finally:
        await simulator.stop()


@pytest.mark.parametrize("name", [name for name in EXCHANGES if name != "bybit"])
async def test_a_hostile_exchange_is_cut_and_what_it_sends_in_between_counts(name, tmp_path):
    simulator = Simulator("hostile", 14, exchanges=[name, "bybit"], hostile=name)
    await simulator.start()
    try:
        async with exporter(simulator, tmp_path, **{"feeds.backoff_max": "1s"}) as app:
            status = app.view.exchanges[name]
            await until(lambda: live(app))
            for _ in range(1000):
                simulator.exchanges[name].send_raw(simulator.exchanges[name].junk())
            await until(lambda: status.reconnects["flood"] and live(app) and sum(status.quarantined.values()) > 500)
            assert app.view.exchanges["bybit"].reconnects.total() == 0, "the other goes on as if nothing were"
            _, comparison = await settled(app, simulator)
            assert comparison.ok, comparison.wrong()[:5]
    finally:
        await simulator.stop()


async def test_what_was_missed_after_a_crash_is_filled(tmp_path, monkeypatch):
    monkeypatch.setattr(REGISTRY["okx"].history, "settled_s", 1.0)
    monkeypatch.setattr(REGISTRY["okx"].history, "again_s", 0.0)
    monkeypatch.setattr(REGISTRY["okx"].history, "every_s", 0.005)
    simulator = Simulator("calm", 15, rate=60, exchanges=["okx"])
    await simulator.start()
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    try:
        (tmp_path / "first").mkdir()
        async with exporter(simulator, tmp_path / "first") as app:
            await until(lambda: live(app) and total(app) > 100)
            with (
                sqlite3.connect(tmp_path / "first" / "journal.db") as source,
                sqlite3.connect(crashed / "journal.db") as copy,
            ):
                source.backup(copy)
            source.close()
            copy.close()
            counted = total(app)
            await until(lambda: total(app) > counted + 60)
        async with exporter(simulator, crashed) as app:
            await until(lambda: live(app) and app.view.gaps.filled_seconds("okx") > 0)
            assert app.view.gaps.newest("okx")[0].reason == "unclean stop"
            truth, comparison = await settled(app, simulator)
            assert comparison.ok, comparison.wrong()[:5]
            assert total(app) + app.view.exchanges["okx"].pending_events == len(truth)
    finally:
        await simulator.stop()
