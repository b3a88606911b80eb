"""Whatever happens in whatever order, Redis is exact at every moment that it says so, and in the end."""

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from exporter.stores import redis
from exporter.stores.base import StoreUnavailableError
from exporter.stores.redis import RedisStore
from exporter.stores.redis_link import Link
from tests.redis_world import World, assert_exact, connected, healed, held

LOST = st.sampled_from([None, None, None, "call", "answer"])


class LossyLink(Link):
    """Loses the next call but `after`, or its answer."""

    lose = None
    after = 0

    async def write(self, head, lines=b""):
        lose = None
        if type(self).after:
            type(self).after -= 1
        else:
            lose, type(self).lose = type(self).lose, None
        if lose == "call":
            raise StoreUnavailableError("lost before it arrived")
        answer = await super().write(head, lines)
        if lose == "answer":
            raise StoreUnavailableError("lost on the way back")
        return answer


class Interleavings(RuleBasedStateMachine):
    """A store that follows a journal into the server `server`."""

    server = None

    @initialize()
    def begin(self):
        self.client = self.server.client()
        self.client.flushall()
        self.folder = tempfile.TemporaryDirectory()
        self.world = World(Path(self.folder.name) / "journal.db")
        self.runner = asyncio.Runner()
        self.store = RedisStore(self.server.address, self.world.path)
        self.at = None
        self.copy, self.copy_damaged = {}, False
        self.damaged = False
        LossyLink.lose, LossyLink.after = None, 0

    @rule(count=st.integers(1, 40), repeat=st.integers(0, 5), feed_change=st.booleans())
    def something_happens(self, count, repeat, feed_change):
        self.world.add(count, repeat=repeat, feed_change=feed_change)

    @rule()
    def checkpoint(self):
        self.world.checkpoint()

    @precondition(lambda self: self.at is None)
    @rule(lose=LOST, after=st.integers(0, 6))
    def connect(self, lose, after):
        LossyLink.lose, LossyLink.after = lose, after
        self.at = self.attempt(connected(self.store, self.world))
        if self.at is not None:
            self.damaged = False

    @precondition(lambda self: self.at is not None)
    @rule(lose=LOST, size=st.integers(1, 60))
    def write(self, lose, size):
        records = self.world.database.read(self.at, size)
        if records:
            LossyLink.lose = lose
            written = self.attempt(self.store.write(records), records[-1].seq)
            self.at = written

    @precondition(lambda self: self.at is not None)
    @rule()
    def renew(self):
        self.at = self.attempt(self.store.renew(), self.at)

    @rule()
    def restart(self):
        self.runner.run(self.store.close())
        self.store, self.at = RedisStore(self.server.address, self.world.path), None

    @rule()
    def flush(self):
        self.client.flushall()

    @rule()
    def keep_a_copy(self):
        with self.server.client() as client:
            client.connection_pool.connection_kwargs["decode_responses"] = False
            self.copy = {key: client.dump(key) for key in client.keys("*") if key != b"liq:lease"}
        self.copy_damaged = self.damaged

    @precondition(lambda self: self.copy)
    @rule()
    def put_the_copy_back(self):
        self.client.flushall()
        for key, value in self.copy.items():
            self.client.restore(key, 0, value)
        self.damaged = self.copy_damaged

    @precondition(lambda self: not self.damaged)
    @rule(place=st.integers(0, 100))
    def lose_a_hash(self, place):
        keys = sorted(held(self.client))
        if keys:
            self.client.delete(keys[place % len(keys)])
            self.damaged = True

    @invariant()
    def exact(self):
        meta = self.client.hgetall("liq:meta")
        if meta.get("state") == "ready" and not self.damaged:
            assert_exact(self.client, self.world, up_to=int(meta["seq"]))

    def attempt(self, call, result=None):
        """Return the result, or None after a failure, which closes the store."""
        try:
            return self.runner.run(call) if result is None else self.runner.run(call) or result
        except StoreUnavailableError:
            self.runner.run(self.store.close())
            return None

    def teardown(self):
        LossyLink.lose, LossyLink.after = None, 0
        self.runner.run(healed(self.store, self.world))
        if self.damaged:  # by chance what was deleted is not touched again: a start looks at everything
            self.restart()
            self.runner.run(healed(self.store, self.world))
        assert_exact(self.client, self.world)
        self.runner.run(self.store.close())
        self.runner.close()
        self.world.database.close()
        self.client.close()
        self.folder.cleanup()


@pytest.mark.timeout(300)
def test_any_interleaving_stays_exact(server, monkeypatch):
    monkeypatch.setattr(redis, "Link", LossyLink)
    monkeypatch.setattr(redis, "CALL_FIELDS", 60)
    run_state_machine_as_test(
        type("OnThisServer", (Interleavings,), {"server": server}),
        settings=settings(
            max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
