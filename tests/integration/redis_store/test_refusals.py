"""What only a person can put right: the message names the thing and the way out, and nothing is written."""

import subprocess
from pathlib import Path

import pytest

from exporter.stores.base import StoreFaultError, StoreUnavailableError
from exporter.stores.redis import RedisStore
from stack.service import free_port
from tests.redis_server import new_server
from tests.redis_world import assert_exact, connected, drain, followed, healed, holder

LISTED = Path(__file__).parents[3] / "docs" / "storage.md"
PERMISSIONS = (
    "~liq:* resetchannels -@all +hello +auth +ping +select +evalsha +script|load +strlen +get +set +del +unlink "
    "+hset +hget +hmget +hgetall +hlen +hdel +sadd +scard +xadd +xtrim +xlen +scan"
)
"""Everything that the store needs."""


async def refused(address, world, match):
    store = RedisStore(address, world.path)
    with pytest.raises(StoreFaultError, match=match) as caught:
        await connected(store, world)
    await store.close()
    text = str(caught.value)
    assert "\n" not in text
    assert "secret" not in text
    return text


@pytest.mark.parametrize(
    "key", ["liq:meta", "liq:lease", "liq:exchanges", "liq:recent", "liq:totals:BTC", "liq:levels:BTC:long"]
)
async def test_a_key_of_another_type_is_named_and_left_alone(server, client, world, key):
    world.add(300)
    client.rpush(key, "of somebody else")
    text = await refused(server.address, world, "another type")
    assert key in text
    assert client.lrange(key, 0, -1) == ["of somebody else"]
    client.rename(key, "somewhere else")
    store = await followed(world, server.address)
    assert_exact(client, world)
    await store.close()


@pytest.mark.parametrize("key", ["liq:totals:BTC", "liq:levels:BTC:long", "liq:recent", "liq:exchanges"])
async def test_a_key_whose_type_changes_stops_the_batch_as_a_whole(server, client, world, key):
    world.add(300)
    store = await followed(world, server.address)
    client.rename(key, "aside")
    client.set(key, "x")
    world.add(100)
    with pytest.raises(StoreFaultError, match=key):
        await drain(store, world, 300)
    await store.close()
    client.rename("aside", key)
    assert len(assert_exact(client, world, up_to=300)) == 300, "nothing of the batch was written"
    await healed(store, world)
    assert len(assert_exact(client, world)) == 400
    await store.close()


async def test_wrong_and_missing_passwords(tmp_path, world):
    server = new_server(tmp_path, "--requirepass", "secret").start()
    at = f"127.0.0.1:{server.port}"
    await refused(f"redis://{at}", world, "user or password")
    await refused(f"redis://:secretly@{at}", world, "user or password")
    await refused(f"redis://nobody:secret@{at}", world, "user or password")
    store = await followed(world, f"redis://:secret@{at}")
    await store.close()
    server.kill()


def test_the_manual_lists_the_permissions():
    assert f"ACL SETUSER exporter on >secret {PERMISSIONS}\n" in LISTED.read_text()


async def test_a_user_with_just_the_listed_permissions(server, client, world):
    client.execute_command(f"ACL SETUSER writer on >secret {PERMISSIONS}")
    address = f"redis://writer:secret@127.0.0.1:{server.port}/0"
    world.add(500)
    store = await followed(world, address)
    world.add(100)
    await drain(store, world, 500)
    await store.renew()
    client.flushall()
    with pytest.raises(StoreUnavailableError):
        await store.renew()
    await healed(store, world)
    await store.close()
    assert client.exists("liq:lease") == 0
    assert_exact(client, world)


@pytest.mark.parametrize("missing", PERMISSIONS.split("-@all ")[1].replace("+", "").split())
async def test_each_listed_permission_is_needed_or_its_lack_is_explained(server, client, world, missing):
    client.execute_command(f"ACL SETUSER writer on >secret {PERMISSIONS} -{missing}")
    world.add(50)
    client.hset("liq:totals:GONE", "x", "1")
    store = RedisStore(f"redis://writer:secret@127.0.0.1:{server.port}/0", world.path)
    try:
        await connected(store, world)
    except StoreFaultError as error:
        assert "docs/storage.md" in str(error), error  # noqa: PT017 - some are only needed later
    await store.close()


async def test_a_forbidden_key_pattern(server, client, world):
    client.execute_command(f"ACL SETUSER writer on >secret {PERMISSIONS.replace('liq:*', 'else:*')}")
    await refused(f"redis://writer:secret@127.0.0.1:{server.port}", world, "docs/storage.md")


async def test_a_schema_of_a_newer_version(server, client, world):
    client.hset("liq:meta", mapping={"schema": "2", "state": "ready"})
    await refused(server.address, world, "newer version")
    assert client.hgetall("liq:meta") == {"schema": "2", "state": "ready"}


async def test_a_database_that_does_not_exist(server, world):
    await refused(f"redis://127.0.0.1:{server.port}/99", world, "no database of that number")


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:1", "redis://127.0.0.1:port", "redis://u:se#cret@h:1", "redis://127.0.0.1:1?nonsense=1"],
)
async def test_an_address_that_is_none(world, address):
    await refused(address, world, "stores.redis.url")


async def test_a_cluster(tmp_path, world):
    bus = str(free_port())  # by default 10,000 above the other port, which may be more than there are
    server = new_server(tmp_path, "--cluster-enabled", "yes", "--cluster-port", bus).start()
    await refused(server.address, world, "single primary")
    server.kill()


async def test_nobody_there(tmp_path, world):
    server = new_server(tmp_path)
    for address in (server.address, f"unix://{server.socket}"):
        store = RedisStore(address, world.path)
        with pytest.raises(StoreUnavailableError):
            await store.connect(holder(world))
        await store.close()


async def test_a_unix_socket_and_a_database_number(server, world):
    world.add(10)
    store = await followed(world, f"unix://{server.socket}?db=3")
    with server.client(db=3) as client:
        assert_exact(client, world)
    await store.close()


@pytest.fixture
def certificate(tmp_path):
    """A certificate that signs itself, with its key beside it."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run([*command.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate


async def test_tls(tmp_path, world, certificate):
    key = certificate.with_name("key.pem")
    options = ("--tls-cert-file", certificate, "--tls-key-file", key, "--tls-auth-clients", "no")
    server = new_server(tmp_path)
    port = new_server(tmp_path).port
    server.start("--tls-port", port, *options)
    world.add(10)
    await refused(f"rediss://127.0.0.1:{port}", world, "not trusted")
    store = await followed(world, f"rediss://127.0.0.1:{port}?ssl_ca_certs={certificate}")
    with server.client() as client:
        assert_exact(client, world)
    await store.close()
    server.kill()
