"""Clients that are slow, greedy, silent or foreign, and what they cannot keep others from."""

import asyncio
import resource
from contextlib import suppress

import pytest

from exporter.web import gate as gates
from exporter.web.connection import HEAD_BYTES
from tests.certificates import authority, signed
from tests.integration.guarded import PAGE, Guarded, guarded, trusting
from tests.integration.scripted import until

REQUEST = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
LARGE = b"x" * (8 << 20)
"""More than the kernel takes for somebody who does not read."""


@pytest.fixture
def quick(monkeypatch):
    """Every patience is short."""
    for name, seconds in {"HEADER_S": 0.3, "IDLE_S": 0.6, "WRITE_S": 0.3, "STUCK_S": 0.05, "SWEEP_S": 0.05}.items():
        monkeypatch.setattr(gates, name, seconds)


@pytest.fixture
async def connect():
    """Opens connections that are closed after the test."""
    writers = []

    async def opened(server, address="127.0.0.1", **more):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, local_addr=(address, 0), **more)
        writers.append(writer)
        return reader, writer

    yield opened
    for writer in writers:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def ended(reader):
    """Wait until the server has cut a connection; what came before is returned."""
    async with asyncio.timeout(20):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


def guests(server):
    return len(server.server._gate)


async def empty(server):
    await until(lambda: not guests(server))


async def test_a_request_that_does_not_come_is_not_waited_for(tmp_path, connect, quick):
    async with guarded(tmp_path) as server:
        for begun in (b"", b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: "):
            reader, writer = await connect(server)
            writer.write(begun)
            assert await ended(reader) == b""
        await empty(server)


async def test_a_request_that_comes_byte_by_byte_is_not_waited_for(tmp_path, connect, quick):
    async with guarded(tmp_path) as server:
        reader, writer = await connect(server)
        writer.write(REQUEST)
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        await reader.readuntil(PAGE)

        async def dribble():
            while True:
                writer.write(b"G")
                await asyncio.sleep(0.01)

        dribbling = asyncio.create_task(dribble())
        assert b"200 OK" not in await ended(reader)
        dribbling.cancel()
        await empty(server)


async def test_an_idle_connection_ends(tmp_path, connect, quick):
    async with guarded(tmp_path) as server:
        reader, writer = await connect(server)
        writer.write(REQUEST)
        assert (await ended(reader)).endswith(PAGE)


async def test_a_handshake_that_does_not_end_is_not_waited_for(tmp_path, connect, quick):
    ca = authority(tmp_path)
    pair = signed(tmp_path, "exporter", ca)
    tree = {"tls_server_config": {"cert_file": str(pair.cert), "key_file": str(pair.key)}}
    async with guarded(tmp_path, limits={"max_connections_per_address": 2}, **tree) as server:
        before = len(asyncio.all_tasks())
        for begun in (b"", b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\n\r\n"):
            reader, writer = await connect(server)
            writer.write(begun)
            assert b"200" not in await ended(reader)
            writer.close()
        for _ in range(5):
            await connect(server)
        await until(lambda: guests(server) == 2, within_s=20)
        assert (await server.get(context=trusting(ca)))[2] == PAGE
        await empty(server)
        await until(lambda: len(asyncio.all_tasks()) <= before)


async def stuck(connect, server):
    """A connection that has asked for a large page and takes nothing of it."""
    reader, writer = await connect(server, limit=1024)
    writer.write(REQUEST)
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


def large(server: Guarded):
    server.server._parts[0]._render = lambda _accept, _now: (LARGE, "text/plain")


async def test_an_answer_that_is_not_taken_is_given_up(tmp_path, connect, quick):
    async with guarded(tmp_path) as server:
        large(server)
        reader, writer = await stuck(connect, server)
        await empty(server)
        assert len(await ended(reader)) < len(LARGE)
        writer.close()


async def test_answers_that_are_not_taken_do_not_keep_others_from_theirs(tmp_path, connect, quick, monkeypatch):
    monkeypatch.setattr(gates, "ANSWERS", 2)
    monkeypatch.setattr(gates, "WRITE_S", 60)
    async with guarded(tmp_path) as server:
        large(server)
        for _ in range(2):
            await stuck(connect, server)
        assert server.server._gate._answers.locked()
        async with asyncio.timeout(20):
            assert (await server.get("/-/healthy"))[2] == b"ok\n"


async def test_who_has_waited_longest_makes_room(tmp_path, connect):
    async with guarded(tmp_path, limits={"max_connections": 3, "max_connections_per_address": 3}) as server:
        silent = [await connect(server, address) for address in ("127.0.0.2", "127.0.0.3", "127.0.0.3")]
        await until(lambda: guests(server) == 3)
        assert (await server.get())[2] == PAGE
        assert await ended(silent[0][0]) == b""
        silent[1][1].write(REQUEST)
        assert await silent[1][0].readline() == b"HTTP/1.1 200 OK\r\n", "only the longest has gone"


async def test_one_address_cannot_take_the_places_of_others(tmp_path, connect):
    async with guarded(tmp_path, limits={"max_connections": 10, "max_connections_per_address": 2}) as server:
        other = await connect(server, "127.0.0.2")
        greedy = [await connect(server, "127.0.0.3") for _ in range(5)]
        for reader, _ in greedy[:3]:
            assert await ended(reader) == b""
        assert guests(server) == 3
        for reader, writer in (other, greedy[-1]):
            writer.write(REQUEST)
            assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"


async def test_who_is_being_answered_is_not_cut_for_somebody_new(tmp_path, connect):
    async with guarded(tmp_path, limits={"max_connections": 1}) as server:
        reader, writer = await connect(server)
        writer.write(b"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"event: stats")
        refused, _ = await connect(server)
        assert await ended(refused) == b""
        await reader.readuntil(b"event: stats")


async def test_a_head_without_end_is_cut(tmp_path, connect):
    async with guarded(tmp_path) as server:
        reader, writer = await connect(server)
        writer.write(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * HEAD_BYTES)
        assert b"200" not in await ended(reader)
        for head in (
            b"GET /" + b"x" * 9000,
            b"GET / HTTP/1.1\r\nX: " + b"x" * 9000,
            b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 99,
        ):
            reader, writer = await connect(server)
            writer.write(head + b"\r\n\r\n")
            answer = await ended(reader)
            assert answer.startswith(b"HTTP/1.0 400 "), answer[:100]
            assert answer.endswith(b'{"error":"bad request","reason":"the request could not be read"}')
            assert b"Python" not in answer


async def test_bodies_are_not_wanted(tmp_path, connect):
    async with guarded(tmp_path) as server:
        for length, code in ((5000, b"413"), (10, b"405")):
            reader, writer = await connect(server)
            writer.write(b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\nx" % length)
            assert (await ended(reader)).startswith(b"HTTP/1.1 " + code), "and the rest is not waited for"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "SELF"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "http://[::1"}, 403),
    ],
)
async def test_another_sites_page_cannot_reload(tmp_path, headers, status):
    async with guarded(tmp_path) as server:
        own = {name: server.address if value == "SELF" else value for name, value in headers.items()}
        assert (await server.get("/-/reload", method="POST", headers=own))[0] == status


async def test_methods(tmp_path):
    async with guarded(tmp_path) as server:
        status, headers, body = await server.get(method="HEAD", headers={"Accept-Encoding": "identity"})
        assert (status, body, int(headers["Content-Length"])) == (200, b"", len(PAGE))
        for path, allowed in (("/metrics", "GET, HEAD"), ("/-/reload", "POST"), ("/api/v1/stream", "GET")):
            status, headers, body = await server.get(path, method="OPTIONS", headers={"Origin": "http://evil.example"})
            assert (status, headers["Allow"], body) == (204, allowed, b"")
            assert not [name for name in headers if name.startswith("Access-Control")], (
                "other sites' pages read nothing"
            )
        for method, refused in (("DELETE", 405), ("TRACE", 405), ("PROPFIND", 405), ("BREW", 400)):
            assert (await server.get(method=method))[0] == refused


async def test_a_storm_of_scrapes_is_answered_at_a_pace(tmp_path):
    rendered = []

    async with guarded(tmp_path) as server:

        def render(accept, _now):
            rendered.append(accept)
            return PAGE, "text/plain"

        server.server._parts[0]._render = render
        answers = await asyncio.gather(*(server.get() for _ in range(100)))
        assert {body for _, _, body in answers} == {PAGE}
        assert len(rendered) < 100


async def test_no_page_is_older_than_the_request_for_it(tmp_path):
    count = 0

    def render(_accept, _now):
        return b"%d" % count, "text/plain"

    async with guarded(tmp_path) as server:
        server.server._parts[0]._render = render
        for count in range(50):
            assert int((await server.get())[2]) == count


def test_connections_leave_files_for_the_rest(monkeypatch):
    limits = [(1024, 4096)]
    monkeypatch.setattr(resource, "getrlimit", lambda _which: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _which, new: limits.append(new))
    assert gates.affordable(512) == 512
    assert gates.affordable(2000) == 2000
    assert limits[-1] == (2256, 4096)
    assert gates.affordable(10_000) == 4096 - gates.FILES_KEPT
    limits.append((resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert gates.affordable(10_000) == 10_000
