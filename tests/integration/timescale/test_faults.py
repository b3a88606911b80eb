"""What can be wrong with a database: one clear line for what somebody must put right, another attempt for the rest."""

import asyncio

import asyncpg
import pytest

from exporter.stores import postgres as driver
from exporter.stores.base import StoreFaultError, StoreUnavailableError
from tests.history import History, connected, drain, following, holder, settled
from tests.proxy import proxy


@pytest.fixture
def people(postgres):
    """A user with a password who owns nothing."""
    postgres.new_role("guest")
    return postgres


async def refused(store, journal, error=StoreFaultError):
    with pytest.raises(error) as caught:
        await connected(store, journal)
    await store.close()
    message = str(caught.value)
    assert "\n" not in message
    assert "right" not in message
    assert message.startswith("timescale (127.0.0.1:")
    return message


async def test_wrong_password(people, journal):
    database = people.new_database()
    store = History(people, database).store(journal, address=people.url(database, user="guest", password="wrong"))
    message = await refused(store, journal)
    assert 'password authentication failed for user "guest"' in message
    assert "correct user and password" in message
    assert "wrong" not in message


async def test_unknown_user(people, journal):
    store = History(people, "postgres").store(journal, address=people.url(user="nobody", password="right"))
    assert "correct user and password" in await refused(store, journal)


async def test_missing_database(postgres, journal):
    message = await refused(History(postgres, "nowhere").store(journal), journal)
    assert 'database "nowhere" does not exist' in message
    assert "CREATE DATABASE" in message


async def test_missing_permission_to_create(people, journal):
    database = people.new_database()
    store = History(people, database).store(journal, address=people.url(database, user="guest", password="right"))
    message = await refused(store, journal)
    assert "permission denied for schema public" in message
    assert "grant" in message


async def test_missing_permission_to_write(people, journal):
    history = History(people, people.new_database())
    async with following(history.store(journal), journal):
        pass
    await history.fetch("GRANT SELECT ON ALL TABLES IN SCHEMA public TO guest")
    store = history.store(journal, address=people.url(history.name, user="guest", password="right"))
    assert "permission denied for table exporter_state" in await refused(store, journal)


async def test_an_ordinary_owner_is_enough(server, journal):
    server.new_role("owner")
    history = History(server, server.new_database("owner"))
    journal.add(100)
    address = server.url(history.name, user="owner", password="right")
    async with following(history.store(journal, address=address), journal) as store:
        await settled(store, history)
        await history.assert_exact(journal)


async def test_a_table_that_somebody_dropped(history, journal):
    journal.add(10)
    store = history.store(journal)
    await connected(store, journal)
    await history.fetch("DROP TABLE exporter_cursors")
    with pytest.raises(StoreFaultError, match=r'exporter_cursors" does not exist'):
        await drain(store, journal, 0)
    await store.close()


async def test_nobody_listens(postgres, journal):
    history = History(postgres, "postgres")
    store = history.store(journal, address="postgresql://admin@127.0.0.1:1/postgres")
    assert "refused" in await refused(store, journal, StoreUnavailableError)


async def test_no_such_host(postgres, journal):
    store = History(postgres, "postgres").store(journal, address="postgresql://admin@nowhere.invalid/postgres")
    with pytest.raises(StoreUnavailableError, match=r"nowhere\.invalid"):
        await store.connect(holder(journal))
    await store.close()


async def test_a_read_only_database_passes(history, journal):
    journal.add(100)
    store = history.store(journal)
    await drain(store, journal, await connected(store, journal))
    name = history.name
    history.server.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    await store.close()
    assert "read-only" in await refused(store, journal, StoreUnavailableError)
    journal.add(50)
    history.server.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    async with following(store, journal):
        await history.assert_exact(journal, ["liquidations"])


async def test_a_connection_that_is_cut_in_mid_batch(history, journal):
    journal.add(5000)
    async with proxy(history.server.port) as between:
        address = history.server.url(history.name, port=between.port)
        store = history.store(journal, address=address)
        after = await connected(store, journal)
        for attempt in range(20):
            writing = asyncio.create_task(drain(store, journal, after))
            await asyncio.sleep(0.004 * attempt)
            between.cut()
            try:
                await writing
            except StoreUnavailableError:
                await store.close()
                after = await connected(store, journal)
        await drain(store, journal, after)
        await store.close()
    await history.assert_exact(journal, ["liquidations"])


async def test_a_connection_that_falls_silent(history, journal, monkeypatch):
    """The follower gives a call up after a while; what was on its way arrives or not, and counts once."""
    monkeypatch.setattr(driver, "CONNECT_S", 0.3)
    journal.add(100)
    async with proxy(history.server.port) as between:
        store = history.store(journal, address=history.server.url(history.name, port=between.port))
        await drain(store, journal, await connected(store, journal))
        journal.add(100)
        between.freeze()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await drain(store, journal, 100)
        await store.close()
        assert "no answer" in await refused(store, journal, StoreUnavailableError)
        between.thaw()
        async with following(store, journal):
            await history.assert_exact(journal, ["liquidations"])


async def test_the_server_is_killed_in_mid_batch(history, journal):
    journal.add(20_000)
    store = history.store(journal)
    after = await connected(store, journal)
    for pause in (0.02, 0.05, 0.1):
        writing = asyncio.create_task(drain(store, journal, after))
        await asyncio.sleep(pause)
        await asyncio.to_thread(history.server.kill)
        with pytest.raises(StoreUnavailableError):
            await writing
        await store.close()
        with pytest.raises(StoreUnavailableError):
            await store.connect(holder(journal))
        await store.close()
        await asyncio.to_thread(history.server.start)
        after = await connected(store, journal)
        assert after == await history.value("SELECT coalesce(max(seq), 0) FROM exporter_cursors")
        assert await history.value("SELECT count(*) FROM liquidations") == after
    await drain(store, journal, after)
    await store.close()
    await history.assert_exact(journal, ["liquidations"])


async def test_the_reader_may_read_and_nothing_else(history, journal, said):
    reader = f"reader_{history.name}"
    options = {"readonly_role": reader, "readonly_password": "it's"}
    journal.add(10)
    for _ in range(2):
        async with following(history.store(journal, **options), journal):
            pass
    assert said().count("read-only role created") == 1
    connection = await asyncpg.connect(history.address, user=reader, password="it's")
    assert await connection.fetchval("SELECT sum(events) FROM liquidations_1d") == 10
    assert await connection.fetchval("SELECT sum(events) FROM liquidation_totals") == 10
    assert await connection.fetchval("SELECT count(*) FROM feed_gaps") == 0
    with pytest.raises(asyncpg.PostgresError, match="read-only"):
        await connection.execute("DELETE FROM liquidations")
    await connection.execute("SET default_transaction_read_only = off")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("DELETE FROM liquidations")
    await connection.close()


async def test_a_reader_that_may_not_be_made_is_a_warning(people, journal, said):
    people.new_role("owner")
    history = History(people, people.new_database("owner"))
    journal.add(10)
    address = people.url(history.name, user="owner", password="right")
    async with following(history.store(journal, address=address, readonly_role="grafana"), journal):
        await history.assert_exact(journal, ["liquidations"])
    assert "CREATE ROLE grafana LOGIN" in said()
