"""Whatever happens to Redis, it ends as what the journal says, without anybody's help."""

import asyncio
import random
import time

import pytest

from exporter.stores import redis_link
from exporter.stores.base import Standing, StoreStatus, StoreUnavailableError
from exporter.stores.follower import Follower
from exporter.stores.redis import RedisStore
from tests.proxy import proxy
from tests.redis_server import new_server
from tests.redis_world import World, assert_exact, connected, drain, followed, healed, holder


async def test_flushall_while_writing(server, client, world):
    world.add(500)
    store = await followed(world, server.address)
    for _ in range(3):
        client.flushall()
        world.add(100)
        with pytest.raises(StoreUnavailableError, match="gone"):
            await drain(store, world, world.last_seq - 100)
        await healed(store, world)
        assert len(assert_exact(client, world)) == world.last_seq
    await store.close()


async def test_flushall_while_idle(server, client, world):
    world.add(500)
    store = await followed(world, server.address)
    client.flushall()
    with pytest.raises(StoreUnavailableError, match="gone"):
        await store.renew()
    await healed(store, world)
    assert len(assert_exact(client, world)) == 500
    await store.close()


@pytest.mark.parametrize("checkpointed", [False, True])
async def test_an_old_copy_put_back(tmp_path, world, checkpointed):
    """The cursor moves back with the data; what is missing is read again, or everything written anew."""
    server = new_server(tmp_path).start()
    with server.client() as client:
        world.add(400)
        store = await followed(world, server.address)
        client.save()
        old = (server.folder / "dump.rdb").read_bytes()
        world.add(300)
        if checkpointed:
            world.checkpoint()
        await drain(store, world, 400)
        assert len(assert_exact(client, world)) == 700
        server.kill()
        (server.folder / "dump.rdb").write_bytes(old)
        server.start()
        assert client.hget("liq:meta", "seq") == "400"
        world.add(100)
        with pytest.raises(StoreUnavailableError):
            await drain(store, world, 700)
        await healed(store, world)
        assert len(assert_exact(client, world)) == 800
        await store.close()
    server.kill()


async def test_a_replica_that_lagged_becomes_the_primary(tmp_path, world):
    prompt = ("--repl-diskless-sync-delay", "0")
    primary, replica = new_server(tmp_path, *prompt).start(), new_server(tmp_path).start()
    with replica.client() as client:
        client.replicaof("127.0.0.1", primary.port)
        await _until(lambda: client.info("replication")["master_link_status"] == "up")
        world.add(400)
        store = await followed(world, primary.address)
        await _until(lambda: client.hget("liq:meta", "seq") == "400")
        follower = RedisStore(replica.address, world.path)
        with pytest.raises(StoreUnavailableError, match="replica"):
            await follower.connect(holder(world))
        await follower.close()
        client.replicaof("NO", "ONE")
        world.add(300)
        await drain(store, world, 400)
        await store.close()
        assert await connected(follower, world) == 400, "what the replica did not get is sent again"
        await drain(follower, world, 400)
        assert len(assert_exact(client, world)) == 700
        client.replicaof("127.0.0.1", primary.port)
        world.add(10)
        with pytest.raises(StoreUnavailableError, match=r"(?i)read ?only"):
            await drain(follower, world, 700)
        await follower.close()
    primary.kill()
    replica.kill()


@pytest.mark.parametrize("loss", ["hash", "field", "stranger", "set of the stream"])
async def test_keys_that_were_lost_or_changed(server, client, world, loss):
    world.add(500)
    store = await followed(world, server.address)
    if loss == "hash":
        client.delete("liq:totals:BTC")
    elif loss == "field":
        client.hdel("liq:levels:BTC:long", next(client.hscan_iter("liq:levels:BTC:long"))[0])
    elif loss == "stranger":
        client.hset("liq:totals:ETH", "someone", "else")
    else:
        client.xadd("liq:recent", {"event": "{}"})
    if loss == "set of the stream":
        world.add(10)
    with pytest.raises(StoreUnavailableError, match="not as it was written"):
        await (drain(store, world, 500) if loss == "set of the stream" else store.renew())
    await healed(store, world)
    assert_exact(client, world)
    await store.close()


async def test_a_loss_is_noticed_at_the_start(server, client, world):
    world.add(500)
    await (await followed(world, server.address)).close()
    client.delete("liq:totals:PEPE")
    store = RedisStore(server.address, world.path)
    await connected(store, world)
    assert_exact(client, world)
    await store.close()


async def test_renewals_look_at_every_hash_in_turn(server, client, world, monkeypatch):
    monkeypatch.setattr("exporter.stores.redis.AUDIT_HASHES", 4)
    world.add(500)
    store = await followed(world, server.address)
    hashes = len(world.hashes())
    for key in world.hashes():
        await _renewed(store, hashes)
        client.delete(key)
        with pytest.raises(StoreUnavailableError, match="not as it was written"):
            await _renewed(store, hashes)
        await healed(store, world)
        assert_exact(client, world)
    await store.close()


async def test_a_connection_that_says_nothing_is_noticed(server, client, world, monkeypatch):
    monkeypatch.setattr(redis_link, "ANSWER_S", 0.3)
    async with proxy(server.port) as between:
        store = RedisStore(f"redis://127.0.0.1:{between.port}", world.path)
        world.add(300)
        await drain(store, world, await connected(store, world))
        for _ in range(3):
            between.freeze()
            world.add(100)
            with pytest.raises(StoreUnavailableError, match=r"(?i)timeout"):
                await drain(store, world, world.last_seq - 100)
            await store.close()
            between.thaw()  # the held call arrives late
            await healed(store, world)
            assert len(assert_exact(client, world)) == world.last_seq
        between.cut()
        world.add(1)
        with pytest.raises(StoreUnavailableError):
            await drain(store, world, world.last_seq - 1)
        await healed(store, world)
        assert len(assert_exact(client, world)) == world.last_seq
        await store.close()


async def test_a_write_that_is_cancelled_may_arrive_or_not(server, client, world):
    async with proxy(server.port) as between:
        store = RedisStore(f"redis://127.0.0.1:{between.port}", world.path)
        await connected(store, world)
        for _ in range(3):
            world.add(100)
            between.freeze()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(drain(store, world, world.last_seq - 100), 0.05)
            await store.close()
            between.thaw()
            await healed(store, world)
            assert len(assert_exact(client, world)) == world.last_seq
        await store.close()


async def test_a_full_memory_is_waited_for(server, client, world):
    client.config_set("maxmemory-policy", "noeviction")
    world.add(500)
    store = await followed(world, server.address)
    client.config_set("maxmemory", 1)
    world.add(300)
    for _ in range(3):
        with pytest.raises(StoreUnavailableError, match="maxmemory"):
            await drain(store, world, 500)
        await store.close()
        with pytest.raises(StoreUnavailableError, match="maxmemory"):
            await store.connect(holder(world))
        assert_exact(client, world, up_to=500)
    client.config_set("maxmemory", 0)
    await healed(store, world)
    assert len(assert_exact(client, world)) == 800
    await store.close()


async def test_memory_that_fills_while_everything_is_rewritten(server, client, world, monkeypatch):
    monkeypatch.setattr("exporter.stores.redis.CALL_FIELDS", 100)
    world.add(2000)
    store = RedisStore(server.address, world.path)
    await store.connect(holder(world))
    client.config_set("maxmemory", client.info("memory")["used_memory"] + 200_000)
    with pytest.raises(StoreUnavailableError, match="maxmemory"):
        await store.resume(Standing.NEW)
    assert client.hget("liq:meta", "state") == "rebuilding"
    client.config_set("maxmemory", 0)
    await healed(store, world)
    assert len(assert_exact(client, world)) == 2000
    await store.close()


async def test_a_server_that_still_loads_is_waited_for(tmp_path, world):
    server = new_server(tmp_path).start()
    world.add(500)
    store = await followed(world, server.address)
    await store.close()
    with server.client() as client:
        client.mset({f"filler:{n}": "x" for n in range(300)})
        client.save()
        server.kill()
        server.start("--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024")
        with pytest.raises(StoreUnavailableError, match=r"(?i)loading"):
            await connected(store, world)
        await healed(store, world)
        assert len(assert_exact(client, world)) == 500
    await store.close()
    server.kill()


async def test_scripts_that_the_server_forgot_are_sent_again(server, client, world):
    world.add(100)
    store = await followed(world, server.address)
    client.script_flush()
    world.add(100)
    await drain(store, world, 100)
    assert len(assert_exact(client, world)) == 200
    await store.close()


@pytest.mark.parametrize("options", [(), ("--appendonly", "yes"), ("--appendonly", "yes", "--appendfsync", "always")])
async def test_kill_and_flush_while_a_follower_follows(tmp_path, world, options, monkeypatch):
    monkeypatch.setattr("exporter.stores.follower.RETRY_CAP_S", 0.05)
    server = new_server(tmp_path, *options).start()
    store = RedisStore(server.address, world.path)
    follower = Follower(store, StoreStatus(), world.path, holder(world), lambda: world.last_seq)
    task = asyncio.create_task(follower.run())
    draw = random.Random(5)
    with server.client() as client:
        for _ in range(6):
            for _ in range(draw.randrange(5, 20)):
                world.add(draw.randrange(1, 400), repeat=3, feed_change=draw.random() < 0.2)
                if draw.random() < 0.1:
                    world.checkpoint()
                follower.wake()
                await asyncio.sleep(draw.random() * 0.01)
            if draw.random() < 0.3:
                client.flushall()
            else:
                server.kill()
                await asyncio.sleep(draw.random() * 0.1)
                server.start()
        await _until(lambda: client.hget("liq:meta", "seq") == str(world.last_seq))
        assert follower.status.failures > 0
        found = assert_exact(client, world)
        assert len(found) >= min(10_000, len(world.events())), "the stream has no hole either"
    follower.close()
    await task
    server.kill()


async def _renewed(store, times):
    for _ in range(times):
        await store.renew()


async def _until(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


async def test_another_world_on_the_same_server(server, client, world, tmp_path):
    """A journal that was lost and begun anew: its numbers start again, and so does the stream."""
    world.add(300)
    await (await followed(world, server.address)).close()
    anew = World(tmp_path / "anew.db", seed=3)
    anew.add(20)
    store = await followed(anew, server.address)
    anew.add(20)
    await drain(store, anew, 20)
    assert len(assert_exact(client, anew)) == 40
    await store.close()
