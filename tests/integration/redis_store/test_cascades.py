"""The cascades in Redis: present states as hashes, every change of level published, whatever breaks in between."""

import json

import pytest

from exporter.journal import Batch
from exporter.signals.readings import Episode, LevelChange
from exporter.stores.base import StoreUnavailableError
from exporter.stores.redis import RedisStore
from tests.journals import change
from tests.redis_world import World as Journal
from tests.redis_world import assert_exact, connected, drain, followed, healed
from tests.unit.metrics.filled import episode


class Listener:
    """What is published on the channel."""

    def __init__(self, client):
        self._channel = client.pubsub()
        self._channel.subscribe("liq:cascades")
        assert self._channel.get_message(timeout=5)["type"] == "subscribe"
        self.messages = []

    def heard(self, count):
        while len(self.messages) < count:
            message = self._channel.get_message(timeout=5)
            assert message, f"only {len(self.messages)} messages"
            self.messages.append(json.loads(message["data"]))
        assert self._channel.get_message(timeout=0.05) is None
        return [(each["base"], each["level"]) for each in self.messages]


@pytest.fixture
def listener(client):
    return Listener(client)


def tell(world, *news):
    world.database.write(Batch(news=list(news)))


async def told(store, world):
    """What a follower does once the records are there."""
    while tellings := world.database.tellings(store.told, 100):
        await store.tell(tellings)


async def test_states_and_messages_are_what_was_told(server, client, world, listener):
    world.add(5)
    store = await followed(world, server.address)
    tell(world, change("BTC", 1), change("BTC", 2), episode("BTC", "long"), change("*", 1, side="short"))
    await told(store, world)
    assert listener.heard(3) == [("BTC", 1), ("BTC", 2), ("*", 1)]
    assert listener.messages[1] == {
        "time_ms": 1_790_000_000_002,
        "base": "BTC",
        "side": "long",
        "level": 2,
        "level_name": "warning",
        "previous": 1,
        "score": 42.0,
        "contributions": {
            "intensity": 4.5,
            "self_excitation": 1.25,
            "one_sidedness": 0.5,
            "breadth": 0.25,
            "concentration": 0.75,
            "baseline": -1.5,
        },
        "coverage": 1.0,
        "by_breadth": False,
    }
    state = client.hgetall("liq:cascade:BTC")
    assert json.loads(state.pop("long:episode"))["usd"] == episode("BTC", "long").usd
    assert state == {
        "long:level": "2",
        "long:level_name": "warning",
        "long:score": "42.0",
        "long:since_ms": "1790000000002",
    }
    assert client.hget("liq:cascade:*", "short:level") == "1"
    tell(world, episode("BTC", "long", state="closed"))
    await told(store, world)
    assert json.loads(client.hget("liq:cascade:BTC", "long:episode"))["state"] == "closed"
    assert listener.heard(3)
    await store.close()
    assert_exact(client, world)


async def test_a_restart_publishes_what_was_not_and_nothing_twice(server, client, world, listener):
    world.add(5)
    store = await followed(world, server.address)
    tell(world, change("BTC", 1))
    await told(store, world)
    await store.close()
    tell(world, change("BTC", 2), change("ETH", 1))
    store = await followed(world, server.address)
    await told(store, world)
    assert listener.heard(3) == [("BTC", 1), ("BTC", 2), ("ETH", 1)]
    assert client.hget("liq:cascade:BTC", "long:level") == "2"
    await store.close()


async def test_a_redis_that_forgot_everything_has_the_states_again_and_no_old_news(server, client, world, listener):
    world.add(5)
    store = await followed(world, server.address)
    tell(world, change("BTC", 1), episode("BTC", "long"))
    await told(store, world)
    client.flushall()
    tell(world, change("ETH", 1))
    with pytest.raises(StoreUnavailableError):
        await told(store, world)
    await healed(store, world)
    await told(store, world)
    assert listener.heard(2) == [("BTC", 1), ("ETH", 1)]
    assert client.hget("liq:cascade:BTC", "long:level") == "1"
    assert "long:episode" in client.hgetall("liq:cascade:BTC")
    await store.close()
    assert_exact(client, world)


async def test_the_states_of_another_journal_are_replaced(server, client, world, listener, tmp_path):
    world.add(5)
    tell(world, change("GONE", 3))
    store = await followed(world, server.address)
    assert client.hget("liq:cascade:GONE", "long:level") == "3"
    await store.close()
    other = Journal(tmp_path / "other.db", seed=2)
    other.add(5)
    tell(other, change("BTC", 1))
    store = await followed(other, server.address)
    await told(store, other)
    assert client.keys("liq:cascade:*") == ["liq:cascade:BTC"]
    assert listener.heard(0) == [], "what is known at the first contact is a state and no news"
    await store.close()


async def test_an_outage_in_the_middle_loses_no_change(server, client, world):
    world.add(5)
    store = await followed(world, server.address)
    server.kill()
    tell(world, change("BTC", 1))
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the driver says
        await told(store, world)
    server.start()
    await healed(store, world)
    await told(store, world)
    assert client.hget("liq:cascade:BTC", "long:level") == "1"
    await store.close()


def test_tellings_are_of_the_kind_they_were(world):
    tell(world, episode("BTC", "long"), change("BTC", 1), change("BTC", 1), episode("BTC", "long", state="closed"))
    tellings = world.database.tellings(0, 10)
    assert [type(each.news) for each in tellings] == [LevelChange, Episode]
    assert tellings[1].news == episode("BTC", "long", state="closed")
    assert world.database.newest_telling() == tellings[1].number


async def test_nothing_told_is_nothing_to_do(server, client, world):
    store = RedisStore(server.address, world.path)
    await drain(store, world, await connected(store, world))
    assert store.told == 0
    assert client.keys("liq:cascade:*") == []
    await store.close()
