"""A cascade is one row, from its opening on, whatever is sent again, and whoever saw it too."""

import msgspec
import pytest

from exporter.journal import Batch
from exporter.stores.base import LeaseLostError
from tests.history import connected, drain, following, holder
from tests.journals import change
from tests.unit.metrics.filled import NOW_MS, episode

START_MS = NOW_MS - 30_000


def tell(journal, *news):
    journal.database.write(Batch(news=list(news)))


async def told(store, journal):
    while tellings := journal.database.tellings(store.told, 2):
        await store.tell(tellings)


async def test_every_field_survives(history, journal):
    journal.add(3)
    async with following(history.store(journal), journal) as store:
        tell(journal, change("BTC", 2), episode("BTC", "long", state="closed"))
        await told(store, journal)
    columns = "base, side, level, max_score, notional_usd, events, exchanges, first_exchange, peak_notional_usd"
    columns += ", largest_usd, start_price, peak_price, end_price, branching_ratio, coverage, flags, journal"
    (row,) = await history.fetch(f"SELECT {columns} FROM cascades")
    prices = (97_000.5, 95_500.25, 95_900.0)
    first = ("BTC", "long", 2, 71.5, 2_345_678.5, 87, ["bybit", "binance"], "bybit", 1_234_567.25, 345_678.0)
    assert row == (*first, *prices, 0.62, 1.0, [], journal.database.uuid)
    times = "start_time", "opened_time", "peak_time", "last_time", "end_time"
    milliseconds = ", ".join(f"(extract(epoch FROM {name}) * 1000)::bigint - {NOW_MS}" for name in times)
    assert await history.fetch(f"SELECT {milliseconds} FROM cascades") == [(-30_000, -24_000, -12_000, -2_000, -2_000)]
    assert await history.value("SELECT contributions->>'self_excitation' FROM cascades") == "1.5"


async def test_an_open_cascade_has_a_row_that_is_updated(history, journal):
    journal.add(3)
    async with following(history.store(journal), journal) as store:
        for usd, state in ((1e6, "open"), (2e6, "open"), (3e6, "closed")):
            tell(journal, msgspec.structs.replace(episode("BTC", "long", state=state), usd=usd))
            await told(store, journal)
            row = "SELECT notional_usd, end_time IS NULL FROM cascades"
            assert await history.fetch(row) == [(usd, state == "open")]


async def test_what_is_told_again_is_there_once(history, journal):
    journal.add(3)
    tell(journal, episode("BTC", "long"), episode("ETH", "short"), episode("*", "long"))
    for _ in range(2):
        async with following(history.store(journal), journal) as store:
            await told(store, journal)
            assert await history.value("SELECT told FROM exporter_cursors") == 3
            await history.fetch("UPDATE exporter_cursors SET told = 0")
    assert await history.value("SELECT count(*) FROM cascades") == 3


async def test_the_cursor_says_where_to_go_on(history, journal):
    journal.add(3)
    tell(journal, episode("BTC", "long"))
    async with following(history.store(journal), journal) as store:
        await told(store, journal)
    store = history.store(journal)
    await connected(store, journal)
    assert store.told == 1
    await store.close()


async def test_what_two_exporters_saw_is_one_cascade(history, journal, other):
    journal.add(3)
    other.add(3)
    tell(journal, episode("BTC", "long", state="closed"), episode("ETH", "long", state="closed"))
    async with following(history.store(journal), journal) as store:
        await told(store, journal)
    seen = episode("BTC", "long", state="closed")
    later = msgspec.structs.replace(seen, start_ms=START_MS + 700, usd=2_000_000.0)
    tell(other, later)
    async with following(history.store(other), other) as store:
        await told(store, other)
    rows = await history.fetch("SELECT base, notional_usd FROM cascades ORDER BY base")
    assert rows == [("BTC", 2_000_000.0), ("ETH", 2_345_678.5)]


async def test_without_the_lease_nothing_is_written(history, journal, other):
    journal.add(3)
    store = history.store(journal)
    await drain(store, journal, await connected(store, journal))
    await history.fetch("UPDATE exporter_state SET expires = clock_timestamp()")
    rival = history.store(other)
    await rival.connect(holder(other, host="there"))
    tell(journal, episode("BTC", "long"))
    with pytest.raises(LeaseLostError):
        await told(store, journal)
    assert await history.value("SELECT count(*) FROM cascades") == 0
    await store.close()
    await rival.close()
