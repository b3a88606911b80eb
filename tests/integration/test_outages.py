"""Ten minutes without an exporter, at every exchange: what can be asked for is there once, the rest is published.

The simulated market runs twelve minutes behind the clock. What happens in them passes at once while nobody listens, and
the journal of the run before is dated as far back: for the next run the exporter was away for that long.
"""

import sqlite3
import time

import aiohttp
import pytest

from exporter.access import access
from exporter.client import connected
from exporter.exchanges import REGISTRY
from exporter.model import FILLED, NEVER_RUN
from exporter.simulator import Simulator
from tests.history import History
from tests.integration.whole import app_changes, exporter, live, scrape, settled, total, until

AWAY_S = 720.0
BEFORE_S = 20.0
"""Shorter than it takes until a new contract is traded, which a feed by name would not have."""
RATE = 4.0
EVERY_EXCHANGE = pytest.mark.parametrize("name", REGISTRY)


def now_ms():
    return time.time_ns() // 1_000_000


@pytest.fixture
def prompt(monkeypatch):
    """Do not wait until an exchange can know everything, and ask quickly."""

    def prompt(history):
        for name, value in {"settled_s": 1.0, "again_s": 0.0, "every_s": 0.005}.items():
            monkeypatch.setattr(history, name, value)

    return prompt


def counted(app, name):
    """What was recorded, and what waits for a rate."""
    return total(app) + app.view.exchanges[name].pending_events


def date_back(folder, seconds):
    """Have a journal say that its feeds came and went earlier."""
    with sqlite3.connect(folder / "journal.db") as db:
        db.execute("UPDATE feed_changes SET time_ms = time_ms - ?", (int(seconds * 1000),))
    db.close()


async def leave(simulator, name, folder):
    """Have an exporter count for a while, end it, and let the market go on without it up to now.

    Then the market rests: on a busy machine it would lag, and be asked for what it has not sent yet.
    """
    async with exporter(simulator, folder) as app:
        await until(lambda: live(app) and simulator.engine.is_open)
        simulator.engine.skip(BEFORE_S)
        await until(lambda: simulator.engine.lag_s < 0.5 and counted(app, name) == simulator.sent > 0)
    date_back(folder, AWAY_S)
    simulator.engine.skip(AWAY_S - 5.0)
    simulator.engine.rest()


def newest(app, name):
    """The newest gap but that of the first start."""
    return next(gap for gap in app.view.gaps.newest(name) if gap.reason != NEVER_RUN)


async def published(app, name):
    """What the API says of the newest gap but that of the first start."""
    async with aiohttp.ClientSession() as session, session.get(f"{app.address}/api/v1/exchanges") as answer:
        (detail,) = [each for each in (await answer.json())["exchanges"] if each["exchange"] == name]
    return next(gap for gap in detail["gaps"] if gap["reason"] != NEVER_RUN)


async def by_hand(app, name, seconds):
    """What comes of asking for all of it once more."""
    params = {"exchange": name, "since_ms": str(now_ms() - int(seconds * 1000))}
    async with connected(access(app.address)) as client:
        *_, last = [line async for line in client.backfill(params)]
    return last.report


@EVERY_EXCHANGE
async def test_a_ten_minute_outage(name, tmp_path, postgres, prompt):
    history = REGISTRY[name].history
    if history:
        prompt(history)
    database = History(postgres, postgres.new_database())
    simulator = Simulator("calm", 31, rate=RATE, exchanges=[name], ago_s=AWAY_S + BEFORE_S)
    await simulator.start()
    try:
        await leave(simulator, name, tmp_path)
        async with exporter(simulator, tmp_path, **{"stores.timescale.url": database.address}) as app:
            await until(lambda: live(app) and newest(app, name).until_ms)
            if history:
                await until(lambda: newest(app, name).missing == ())
            gap = newest(app, name)
            assert gap.missing == (() if history else ((gap.from_ms, gap.until_ms),))
            truth, comparison = await settled(app, simulator)
            assert comparison.ok, comparison.wrong()[:5]
            assert gap.until_ms - gap.from_ms > 600_000
            away = sum(gap.from_ms + 10_000 < event.time_ms < gap.until_ms - 10_000 for event in truth)
            assert away > 600 * RATE / 2, "or nothing was missed"
            if history:
                assert counted(app, name) == len(truth), "all of it, also what was sent while nobody listened"
                again = await by_hand(app, name, AWAY_S + BEFORE_S)
                assert (again.recorded, again.failures) == (0, 0)
                assert again.found > away, "and none twice"
            else:
                assert counted(app, name) <= len(truth) - away
            await is_published(app, name, gap, database, filled=history is not None)
    finally:
        await simulator.stop()
    changes = [(change.time_ms, change.up) for change in app_changes(tmp_path)]
    assert (gap.from_ms, False) in changes
    assert (gap.until_ms, True) in changes


def figure(page, series):
    (line,) = [line for line in page.splitlines() if line.startswith(f"{series} ")]
    return float(line.rpartition(" ")[2])


async def is_published(app, name, gap, database, *, filled):
    """The API, the metrics and the database say the same of it."""
    part = await published(app, name)
    length_s = (gap.until_ms - gap.from_ms) / 1000
    assert (part["since_ms"], part["until_ms"], part["reason"]) == (gap.from_ms, gap.until_ms, gap.reason)
    assert part["filled_seconds"] == (length_s if filled else 0.0)
    page = await scrape(app)
    assert figure(page, f'liquidation_exchange_gap_seconds_total{{exchange="{name}"}}') >= length_s
    filled_s = figure(page, f'liquidation_exchange_filled_gap_seconds_total{{exchange="{name}"}}')
    assert filled_s >= length_s if filled else filled_s == 0.0
    await until(lambda: app.view.stores["timescale"].lag_events == 0)
    rows = await database.fetch(
        "SELECT (extract(epoch FROM from_time) * 1000)::bigint, (extract(epoch FROM until_time) * 1000)::bigint "
        "FROM feed_gaps WHERE exchange = $1 AND reason = $2",
        name,
        gap.reason,
    )
    assert len(rows) == len(REGISTRY[name].feeds)
    assert min(since for since, _ in rows) == gap.from_ms
    if filled:
        assert all(until_ms - since == 0 for since, until_ms in rows), f"each ends where it was {FILLED}"
    else:
        assert max(until_ms for _, until_ms in rows) == gap.until_ms
