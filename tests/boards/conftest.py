import asyncio

import pytest
from msgspec.structs import replace

from exporter.simulator import past
from tests.boards import running
from tests.history import History, following, settled
from tests.journals import Grown, now_ms

READER = "board_reader"
PASSWORD = "right"
HOURS = 3
LARGE_USD = 5e6
EPISODES = """
INSERT INTO cascades (
    journal, base, side, start_time, opened_time, peak_time, last_time, end_time, notional_usd, events, exchanges,
    first_exchange, start_price, peak_price, end_price, max_score, level, contributions, flags, peak_notional_usd,
    largest_usd, branching_ratio, coverage
)
SELECT
    'tests', base, side, began, began + interval '9 s', began + interval '20 s', began + interval '50 s',
    began + interval '50 s', 1e6, 60, ARRAY['binance', 'bybit'], 'binance', 100, 97, 98, 80, 3,
    '{"intensity": 4.5, "self_excitation": 1.5, "breadth": -0.5}', ARRAY['warmup'], 4e5, 5e4, 0.8, 1
FROM (SELECT DISTINCT base, side, now() - interval '1 hour' AS began FROM liquidations) AS kinds
"""
"""An episode of each coin and side."""


@pytest.fixture(scope="session")
def demo(tmp_path_factory, postgres):
    """The one demo that all queries are tried on."""
    folder = tmp_path_factory.mktemp("demo")
    with running.demo(folder, postgres.url(postgres.new_database()), READER, PASSWORD) as demo:
        yield demo


@pytest.fixture(scope="session", params=["plain", pytest.param("timescale", marks=pytest.mark.timescale)])
def history(request, tmp_path_factory):
    """A database of each kind, written by the real store."""
    server = request.getfixturevalue("postgres" if request.param == "plain" else "timescale")
    database = History(server, server.new_database())
    journal = Grown(tmp_path_factory.mktemp("history") / "journal.db")
    journal.write(events())
    journal.down_and_up()
    asyncio.run(written(database, journal))
    server.execute(EPISODES, database=database.name)
    return database


def events():
    """Some simulated hours, then for each exchange, coin and side an order that no choice of sizes leaves out."""
    now = now_ms()
    before = list(past(running.SEED, until_ms=now, hours=HOURS))
    kinds = {(event.exchange, event.base, event.side): event for event in before}
    large = [
        replace(event, time_ms=now, received_ms=now, notional_usd=LARGE_USD, id=f"large-{number}")
        for number, event in enumerate(kinds.values())
    ]
    return before + large


async def written(database, journal):
    store = database.store(journal, readonly_role=READER, readonly_password=PASSWORD)
    async with following(store, journal):
        await settled(store, database)


@pytest.fixture(scope="session")
def reader(history):
    """The address of the database for the role that Grafana reads with."""
    return history.server.url(history.name, user=READER, password=PASSWORD)
