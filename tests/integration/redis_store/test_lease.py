"""One writer at a time, whatever pauses, dies or comes back."""

import asyncio
import json
import time

import pytest

from exporter.stores import redis_link
from exporter.stores.base import LeaseHeldError, LeaseLostError, StoreFaultError
from exporter.stores.redis import RedisStore
from tests.events import T0
from tests.redis_world import World, assert_exact, connected, drain, followed, healed, holder


@pytest.fixture
def other(tmp_path):
    """The journal of another exporter."""
    world = World(tmp_path / "other.db", seed=9)
    world.add(50)
    return world


async def refused(store, world, who):
    with pytest.raises(LeaseHeldError) as caught:
        await store.connect(who)
    await store.close()
    return str(caught.value)


async def test_a_second_exporter_is_refused_and_told_who_writes(server, client, world, other):
    world.add(100)
    first = await followed(world, server.address, holder(world, pid=4711, host="alpha"))
    second = RedisStore(server.address, other.path)
    text = await refused(second, other, holder(other, pid=7, host="beta"))
    assert "host alpha, process 4711, since 2026-09-21" in text
    assert len(assert_exact(client, world)) == 100
    lease = json.loads(client.get("liq:lease"))
    assert (lease["host"], lease["pid"], lease["journal"]) == ("alpha", 4711, world.database.uuid)
    assert 0 < client.pttl("liq:lease") <= 15_000
    await first.close()
    assert not client.exists("liq:lease"), "a clean stop gives it back"
    await connected(second, other, holder(other, pid=7, host="beta"))
    assert len(assert_exact(client, other)) == 50
    await second.close()


async def test_writing_and_renewing_extend_the_lease(server, client, world):
    store = await followed(world, server.address)
    for act in (store.renew, lambda: drain(store, world, 0)):
        client.pexpire("liq:lease", 1000)
        world.add(1)
        await act()
        assert client.pttl("liq:lease") > 10_000
    await store.close()


async def test_a_lease_lapses_and_the_standby_takes_over(server, client, world, other, monkeypatch):
    monkeypatch.setattr(redis_link, "LEASE_MS", 200)
    world.add(100)
    first = await followed(world, server.address, holder(world, pid=1))
    second, standby = RedisStore(server.address, other.path), holder(other, pid=2)
    await refused(second, other, standby)
    await _until(lambda: not client.exists("liq:lease"))
    await connected(second, other, standby)
    monkeypatch.setattr(redis_link, "LEASE_MS", 15_000)
    await second.renew()
    world.add(50)
    for act in (lambda: drain(first, world, 100), first.renew):  # it was only paused, and does not know
        with pytest.raises(LeaseLostError, match="process 2"):
            await act()
    assert len(assert_exact(client, other)) == 50, "what came late changed nothing"
    await first.close()
    assert client.exists("liq:lease"), "it gives back only what is its own"
    await second.close()


async def test_a_lease_that_lapsed_unnoticed_is_taken_again(server, client, world):
    world.add(100)
    store = await followed(world, server.address)
    client.delete("liq:lease")
    world.add(100)
    await drain(store, world, 100)
    assert client.exists("liq:lease")
    assert len(assert_exact(client, world)) == 200
    await store.close()


async def test_both_were_away(server, client, world, other):
    """The second wrote and went; the first wakes up, finds no lease, but another cursor."""
    world.add(100)
    first = await followed(world, server.address)
    client.delete("liq:lease")
    await (await followed(other, server.address, holder(other, pid=2))).close()
    world.add(50)
    assert await healed(first, world) == 1
    assert len(assert_exact(client, world)) == 150
    await first.close()


@pytest.mark.parametrize("who", ["its successor", "another journal", "another host", "an older one", "its equal"])
async def test_a_restarted_exporter_does_not_wait_for_its_dead_self(server, world, other, who):
    mine = other if who == "another journal" else world
    dead = await followed(world, server.address, holder(world, pid=1, since_ms=T0))
    store = RedisStore(server.address, mine.path)
    since_ms = {"an older one": T0 - 1, "its equal": T0}.get(who, T0 + 1)
    asking = holder(mine, pid=2, since_ms=since_ms, host="there" if who == "another host" else "here")
    if who == "its successor":
        await connected(store, mine, asking)
        with pytest.raises(LeaseLostError):
            await dead.renew()
    else:
        await refused(store, mine, asking)
    await store.close()
    await dead.close()


async def test_after_a_failure_the_lease_is_kept_for_the_same_exporter(server, client, world):
    store = await followed(world, server.address)
    world.add(10)
    client.rename("liq:meta", "aside")
    client.set("liq:meta", "x")
    with pytest.raises(StoreFaultError):
        await drain(store, world, 0)
    await store.close()
    assert client.exists("liq:lease")
    client.rename("aside", "liq:meta")
    await healed(store, world)
    assert_exact(client, world)
    await store.close()
    assert not client.exists("liq:lease")


async def test_something_else_in_place_of_a_lease(server, client, world):
    client.set("liq:lease", "mine!")
    text = await refused(RedisStore(server.address, world.path), world, holder(world))
    assert "mine!" in text
    assert "delete it" in text


async def _until(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)
