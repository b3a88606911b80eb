"""Redis holds exactly what the journal says, whatever is sent, and however often."""

import pytest

from exporter.stores import redis, redis_journal
from exporter.stores.base import StoreUnavailableError
from exporter.stores.redis import RedisStore
from exporter.stores.redis_link import Link
from tests.events import T0, liquidation
from tests.redis_world import World, assert_exact, connected, drain, followed, healed, held


def contents(client):
    """Everything that is there, byte for byte."""
    with_bytes = client.connection_pool.connection_kwargs | {"decode_responses": False}
    with type(client)(**{key: with_bytes[key] for key in ("host", "port", "decode_responses")}) as raw:
        return {key: raw.dump(key) for key in raw.keys("*") if key != b"liq:lease"}


async def test_totals_levels_and_events_are_the_journals_bit_for_bit(server, client, world):
    world.add(1000, repeat=50, feed_change=True)
    store = await followed(world, server.address)
    assert len(assert_exact(client, world)) == 1000
    for _ in range(5):
        world.add(130)
        assert await drain(store, world, int(client.hget("liq:meta", "seq"))) == 1
        assert_exact(client, world)
    await store.close()
    for base, side in world.levels.keys():  # noqa: SIM118 - not a dict
        level_sums = [
            tuple(map(float, value.split())) for value in client.hgetall(f"liq:levels:{base}:{side}").values()
        ]
        totals = client.hgetall(f"liq:totals:{base}")
        for place, name in enumerate(("base", "usd")):
            of_exchanges = sum(float(value) for key, value in totals.items() if key.endswith(f":{side}:{name}"))
            assert sum(sums[place] for sums in level_sums) == pytest.approx(of_exchanges, rel=1e-9)


async def test_a_journal_without_events_is_followed_too(server, client, world):
    store = await followed(world, server.address)
    assert_exact(client, world)
    world.add(3)
    await drain(store, world, 0)
    assert_exact(client, world)
    await store.close()


async def test_records_without_events_move_the_cursor(server, client, world):
    store = await followed(world, server.address)
    world.add(0, feed_change=True)
    await drain(store, world, 0)
    assert_exact(client, world)
    await store.close()


async def test_large_hashes_are_written_whole(server, client, world):
    events = [liquidation(n, base_quantity=1.0, notional_usd=100 * 1.001**n) for n in range(9000)]
    world.journal(events)
    store = await followed(world, server.address)
    assert client.hlen("liq:levels:BTC:long") == pytest.approx(9000, abs=5)
    assert held(client) == world.hashes()
    await store.close()


async def test_the_stream_keeps_the_newest(server, client, world, monkeypatch):
    monkeypatch.setattr(redis, "RECENT_EVENTS", 300)
    monkeypatch.setattr(redis_journal, "RECENT_EVENTS", 300)
    world.add(1000)
    store = await followed(world, server.address)
    assert len(assert_exact(client, world)) == 300, "a rewrite sends no more than what is kept"
    world.add(1000)
    await drain(store, world, 1000)
    assert 300 <= len(assert_exact(client, world)) < 500, "Redis trims by whole nodes"
    await store.close()


async def test_a_restart_goes_on_where_it_was(server, client, world):
    world.add(500)
    await (await followed(world, server.address)).close()
    world.add(300)
    store = RedisStore(server.address, world.path)
    assert await connected(store, world) == 500
    await drain(store, world, 500)
    assert len(assert_exact(client, world)) == 800
    await store.close()


async def test_a_restart_behind_the_checkpoint_rewrites_and_leaves_no_hole_in_the_stream(server, client, world):
    world.add(500)
    await (await followed(world, server.address)).close()
    world.add(300)
    world.checkpoint()
    world.add(50)
    store = RedisStore(server.address, world.path)
    assert await connected(store, world) == 850, "the totals as of 500 can not be had from the journal any more"
    assert len(assert_exact(client, world)) == 850
    await store.close()


@pytest.mark.parametrize("pruned", [False, True])
async def test_the_mark_of_a_rewrite_is_that_of_its_last_record(server, client, world, pruned):
    records = world.add(20)
    world.checkpoint()
    if pruned:
        world.database.prune(T0 * 2, 0, 20)
    store = await followed(world, server.address)
    mark = client.hget("liq:meta", "mark")
    assert mark == ("" if pruned else f"{records[-1].applied_ms}:{records[-1].entry.exchange}:{records[-1].entry.id}")
    await store.close()


async def test_another_journal_replaces_everything(server, client, world, tmp_path):
    world.add(400)
    client.hset("liq:totals:GONE", "x", "1")
    client.set("liq:levels:not:a:hash", "of somebody else")
    await (await followed(world, server.address)).close()
    other = World(tmp_path / "other.db", seed=2)
    other.add(100)
    store = await followed(other, server.address)
    assert len(assert_exact(client, other)) == 100, "nothing of the first journal is left"
    assert client.get("liq:levels:not:a:hash") == "of somebody else"
    await store.close()


class Wire:
    """Stands between store and server: remembers every call, and can lose one or its answer."""

    def __init__(self, monkeypatch):
        self.calls = []
        self.lose = None
        self.after = 0
        original = Link.write

        async def write(link, head, lines=b""):
            self.calls.append((head, lines))
            lose = None
            if self.after:
                self.after -= 1
            else:
                lose, self.lose = self.lose, None
            if lose == "call":
                raise StoreUnavailableError("lost before it arrived")
            answer = await original(link, head, lines)
            if lose == "answer":
                raise StoreUnavailableError("lost on the way back")
            return answer

        monkeypatch.setattr(Link, "write", write)


@pytest.mark.parametrize("same_process", [True, False])
@pytest.mark.parametrize("lose", ["call", "answer"])
async def test_a_write_of_unknown_outcome_is_neither_lost_nor_doubled(
    server, client, world, monkeypatch, lose, same_process
):
    wire = Wire(monkeypatch)
    store = await followed(world, server.address)
    for _ in range(4):
        world.add(50)
        wire.lose = lose
        with pytest.raises(StoreUnavailableError):
            await drain(store, world, world.last_seq - 50)
        before = len(wire.calls)
        if not same_process:
            await store.close()
            store = RedisStore(server.address, world.path)
        assert await healed(store, world) == 1
        assert not any("rebuilding" in head.set for head, _ in wire.calls[before:]), "no need to rewrite anything"
        assert len(assert_exact(client, world)) == world.last_seq
    await store.close()


@pytest.mark.parametrize("lost_call", range(9))
async def test_a_rewrite_cut_anywhere_is_done_again(server, client, world, monkeypatch, lost_call):
    monkeypatch.setattr(redis, "CALL_FIELDS", 200)
    world.add(700)
    client.hset("liq:totals:GONE", "x", "1")
    wire = Wire(monkeypatch)
    store = RedisStore(server.address, world.path)
    wire.lose, wire.after = "answer", lost_call
    with pytest.raises(StoreUnavailableError):
        await connected(store, world)
    meta = client.hgetall("liq:meta")
    assert meta["state"] == "rebuilding"
    assert "seq" not in meta, "nobody can take a mixture for a state"
    assert await healed(store, world) == 1
    assert len(assert_exact(client, world)) == 700
    await store.close()


async def test_calls_that_come_late_change_nothing(server, client, world, monkeypatch):
    monkeypatch.setattr(redis, "CALL_FIELDS", 500)
    wire = Wire(monkeypatch)
    world.add(600)
    store = await followed(world, server.address)
    for _ in range(5):
        world.add(100)
        await drain(store, world, world.last_seq - 100)
    client.hdel("liq:totals:BTC", "binance:long:events")
    with pytest.raises(StoreUnavailableError):
        await store.renew()
    await healed(store, world)
    before = contents(client)
    calls = list(wire.calls)
    assert len(calls) > 15
    for head, lines in calls:
        if head.set[:1] != ["schema"] or len(head.set) > 2:  # an audit writes nothing anyway
            assert (await store._link.write(head, lines))[0] in ("moved", "differs"), head
    assert contents(client) == before
    assert_exact(client, world)
    await store.close()
