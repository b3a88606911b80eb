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
