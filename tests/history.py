"""A database as a test sees it: what the store wrote, read back by plain queries."""

import asyncio
from contextlib import asynccontextmanager

import asyncpg
import pytest

from exporter.stores.base import Holder
from exporter.stores.migrations import Flavour
from exporter.stores.pages import standing
from exporter.stores.timescale import TimescaleOptions, TimescaleStore
from tests.journals import now_ms

SUMS = """
SELECT exchange, base, side, sum(events)::bigint, sum(base_quantity), sum(notional_usd), max(largest_usd),
    (extract(epoch FROM min(first_time)) * 1000)::bigint, (extract(epoch FROM max(last_time)) * 1000)::bigint
FROM {} GROUP BY exchange, base, side
"""
RAW = """(
    SELECT exchange, base, side, 1 AS events, base_quantity, notional_usd,
        notional_usd AS largest_usd, time AS first_time, time AS last_time
    FROM liquidations
) AS raw"""
AGGREGATES = ("liquidations_1m", "liquidations_1h", "liquidations_1d")


class History:
    """One database of a server."""

    def __init__(self, server, name):
        self.server = server
        self.name = name
        self.address = server.url(name)
        self.flavour = Flavour.TIMESCALE if server.timescale else Flavour.PLAIN

    def store(self, journal, **options):
        return TimescaleStore(TimescaleOptions(options.pop("address", self.address), **options), journal.path)

    @asynccontextmanager
    async def connection(self):
        connection = await asyncpg.connect(self.address)
        try:
            yield connection
        finally:
            await connection.close()

    async def fetch(self, query, *values):
        async with self.connection() as connection:
            return [tuple(row) for row in await connection.fetch(query, *values)]

    async def value(self, query, *values):
        ((value,),) = await self.fetch(query, *values)
        return value

    async def is_refreshed(self):
        """Whether no late event waits for its aggregates."""
        return await self.value("SELECT dirty_from IS NULL FROM exporter_state")

    async def sums(self, relation):
        """What a table or view adds up to, by exchange, base and side."""
        return {
            row[:3]: row[3:] for row in await self.fetch(SUMS.format(RAW if relation == "liquidations" else relation))
        }

    async def assert_exact(self, journal, relations=("liquidations", *AGGREGATES, "liquidation_totals")):
        """Every event is there once, in every table and view."""
        for relation in relations:
            assert_equal(await self.sums(relation), journal.totals(), relation)
        sizes = {row[:3]: row[3:] for row in await self.fetch("SELECT * FROM liquidation_sizes")}
        assert sizes == {key: (events,) for key, events in journal.sizes().items()}
        levels = {row[:3]: row[3:] for row in await self.fetch("SELECT * FROM liquidation_levels")}
        assert_equal(levels, journal.price_levels(), "levels")


def assert_equal(found, expected, what):
    """Counts and times are equal, sums to 1e-9."""
    assert found.keys() == expected.keys(), what
    for key, values in expected.items():
        assert found[key] == pytest.approx(values, rel=1e-9, abs=0), (what, key)


def holder(journal, host="here", pid=1, since_ms=None):
    return Holder(host, pid, since_ms or now_ms(), journal.database.uuid)


async def connected(store, journal, who=None):
    """Connect and resume; returns where the store wants to go on."""
    cursor = await store.connect(who or holder(journal))
    return await store.resume(standing(journal.database, cursor))


async def drain(store, journal, after):
    """Write everything that is left."""
    while records := journal.database.read(after, store.batch_records):
        await store.write(records)
        after = records[-1].seq


async def settled(store, history):
    """Tell the store that nothing is left to write, and wait until late events are in the aggregates."""
    await store.renew()
    await eventually(history.is_refreshed, "late events in the aggregates")


@asynccontextmanager
async def following(store, journal, who=None):
    """A store that has everything, closed at the end."""
    try:
        await drain(store, journal, await connected(store, journal, who))
        yield store
    finally:
        await store.close()


async def eventually(condition, what, seconds=30):
    """Wait until an asynchronous condition holds."""
    end = asyncio.get_running_loop().time() + seconds
    while not await condition():
        assert asyncio.get_running_loop().time() < end, what
        await asyncio.sleep(0.005)
