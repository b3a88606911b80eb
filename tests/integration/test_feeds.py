"""The life of a connection, over real sockets."""

import asyncio
import itertools
import time

import msgspec
import pytest
from structlog.testing import capture_logs

from exporter.feeds import State
from tests.integration.scripted import Server, listening, until
from tests.wire import ALL, NAMED, NAMED_LIST, ToyExchange


@pytest.fixture
async def server():
    async with Server().running() as server:
        yield server


def named_exchange() -> ToyExchange:
    return ToyExchange((NAMED,), (NAMED_LIST,))


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def test_live_after_acks_and_a_control_message(server, tmp_path):
    server.pulsing = False
    async with listening(server, ToyExchange(), tmp_path) as run:
        await until(lambda: server.peers and server.peers[0].received == ["control|1"])
        await server.broadcast("liq|BTCUSDT|early")
        await until(lambda: run.sink.ids == ["early"])
        assert run.status.state is State.CONNECTING
        assert run.sink.changes == []
        server.pulsing = True
        await until(lambda: run.status.state is State.LIVE)
        assert run.sink.story == ["all up"]
        assert abs(run.sink.changes[0].time_ms - now_ms()) < 5000
        assert run.status.mark_prices == {}
        assert run.status.feeds["all"].since_ms > 0


async def test_no_ack_is_a_reconnect(server, tmp_path):
    server.silent_acks = True
    async with listening(server, ToyExchange(), tmp_path, connect_timeout=0.2) as run:
        await until(lambda: run.status.reconnects["ack_timeout"] >= 2)
        assert run.status.state is State.DOWN
        assert "not acknowledged" in run.status.reason
        assert run.sink.changes == []
        server.silent_acks = False
        await until(lambda: run.status.state is State.LIVE)
        assert run.status.reason == ""


async def test_a_refused_control_stream_is_a_reconnect(server, tmp_path):
    server.refused = {"1"}
    async with listening(server, ToyExchange(), tmp_path) as run:
        await until(lambda: run.status.reconnects["refused"] >= 2)
        assert run.status.reason == "subscription refused: unknown 1"


async def test_a_refused_batch_is_halved_and_the_culprit_dropped_with_one_line(server, tmp_path):
    server.lists["/instruments"] = ["A", "B", "C", "D", "E", "F"]
    server.refused = {"C"}
    with capture_logs() as lines:
        async with listening(server, named_exchange(), tmp_path) as run:
            await until(lambda: run.status.state is State.LIVE)
            assert sorted(name for peer in server.peers for name in peer.names) == ["A", "B", "D", "E", "F"]
            asked = sum("C" in frame for peer in server.peers for frame in peer.received)
            for peer in server.open_peers:
                peer.abort()
            await until(lambda: run.status.reconnects["closed"] == 2 and run.status.state is State.LIVE)
            assert sum("C" in frame for peer in server.peers for frame in peer.received) == asked
    assert [line["instrument"] for line in lines if line["event"] == "instrument refused"] == ["C"]


async def test_a_silent_control_stream_is_silent_and_then_a_reconnect(server, tmp_path):
    async with listening(server, ToyExchange(), tmp_path, silent_after=0.4) as run:
        await until(lambda: run.status.state is State.LIVE)
        stream = asyncio.create_task(stream_liquidations(server))
        server.pulsing = False
        await until(lambda: run.status.state is State.SILENT)
        assert server.peers[0].open
        up, down = run.sink.changes
        assert run.sink.story == ["all up", "all down silent"]
        assert down.time_ms == max(run.status.last_control_ms, up.time_ms) < run.status.last_message_ms
        await until(lambda: run.status.reconnects["silent"] >= 1)
        assert run.status.state is State.DOWN
        server.pulsing = True
        await until(lambda: run.status.state is State.LIVE)
        assert run.sink.story == ["all up", "all down silent", "all up"]
        stream.cancel()


async def stream_liquidations(server: Server) -> None:
    for number in itertools.count():
        await server.broadcast(f"liq|BTCUSDT|{number}")
        await asyncio.sleep(0.01)


async def test_silence_that_ends_in_time_keeps_the_socket(server, tmp_path):
    async with listening(server, ToyExchange(), tmp_path, silent_after=1) as run:
        await until(lambda: run.status.state is State.LIVE)
        server.pulsing = False
        await until(lambda: run.status.state is State.SILENT)
        server.pulsing = True
        await until(lambda: run.status.state is State.LIVE)
        assert run.sink.story == ["all up", "all down silent", "all up"]
        assert len(server.peers) == 1


@pytest.mark.parametrize("status", [403, 451])
async def test_blocked_and_recovered(server, tmp_path, status):
    server.refuse_handshake = status
    with capture_logs() as lines:
        async with listening(server, ToyExchange(), tmp_path) as run:
            await until(lambda: server.handshakes >= 4)
            assert run.status.state is State.BLOCKED
            assert run.status.reason == f"HTTP {status}: refused for this location"
            assert run.status.reconnects["blocked"] >= 3
            server.refuse_handshake = 0
            await until(lambda: run.status.state is State.LIVE)
    events = [line["event"] for line in lines if line["event"].startswith("feed")]
    assert events == ["feed blocked", "feed live"]


async def test_down_says_why_when_nobody_listens(tmp_path):
    async with Server().running() as gone:
        pass
    with capture_logs() as lines:
        async with listening(gone, ToyExchange(), tmp_path) as run:
            await until(lambda: run.status.reconnects["unreachable"] >= 2)
            assert (run.status.state, run.status.reason) == (State.DOWN, "connection refused")
    (line,) = [line for line in lines if line["event"] == "feed down"]
    assert (line["exchange"], line["feed"], line["connection"]) == ("toy", "all", 0)
    assert line["retry_in_s"] <= 0.1


@pytest.mark.parametrize("junk", ["?", "unknown"])
async def test_a_flood_is_cut_within_5_s_and_backed_off(server, tmp_path, junk):
    server.greeting = [junk] * 60
    async with listening(server, ToyExchange(), tmp_path, junk_per_second=50) as run:
        await until(lambda: server.peers)
        await until(lambda: not server.peers[0].open, within_s=5)
        await until(lambda: run.status.reconnects["flood"] >= 3)
        assert run.status.frames >= 3 * 51
        assert (run.status.parse_errors if junk == "?" else run.status.unknown_frames) >= 3 * 51
        assert {frame for _, frame in run.sink.samples} == {junk.encode()}
        server.greeting = []
        await until(lambda: run.status.state is State.LIVE)


async def test_a_few_unusable_frames_do_no_harm(server, tmp_path):
    async with listening(server, ToyExchange(), tmp_path) as run:
        await until(lambda: run.status.state is State.LIVE)
        for frame in ("?", "unknown", "known", "liq|BTCUSDT|1"):
            await server.broadcast(frame)
        await until(lambda: run.sink.ids == ["1"])
        assert (run.status.parse_errors, run.status.unknown_frames) == (1, 1)
        assert len(server.peers) == 1


async def test_an_oversized_frame_is_a_reconnect(server, tmp_path):
    async with listening(server, ToyExchange(), tmp_path) as run:
        await until(lambda: run.status.state is State.LIVE)
        await server.broadcast("x" * (4 * 2**20 + 1))
        await until(lambda: run.status.reconnects["oversized"] == 1)
        await until(lambda: run.status.state is State.LIVE)
        assert run.sink.story == ["all up", "all down oversized", "all up"]


async def test_a_defect_of_the_parser_is_logged_and_outlived(server, tmp_path):
    with capture_logs() as lines:
        async with listening(server, ToyExchange(), tmp_path) as run:
            await until(lambda: run.status.state is State.LIVE)
            await server.broadcast("defect")
            await until(lambda: run.status.reconnects["error"] == 1)
            await until(lambda: run.status.state is State.LIVE)
            assert not run.task.done()
    (line,) = [line for line in lines if line["event"] == "feed defect"]
    assert isinstance(line["exc_info"], KeyError)


async def test_an_abort_is_down_since_the_last_message_and_live_again(server, tmp_path):
    async with listening(server, ToyExchange(), tmp_path) as run:
        await until(lambda: run.status.state is State.LIVE)
        server.pulsing = False
        await server.broadcast("liq|BTCUSDT|last")
        await until(lambda: run.sink.ids == ["last"])
        proof, started = run.status.last_message_ms, now_ms()
        await asyncio.sleep(0.05)
        server.peers[0].abort()
        await until(lambda: run.status.reconnects["closed"] == 1)
        server.pulsing = True
        await until(lambda: len(run.sink.changes) == 3)
        first, down, again = run.sink.changes
        assert (down.up, down.time_ms, down.reason) == (False, max(proof, first.time_ms), "closed")
        assert again.up
        assert again.time_ms >= started + 50


async def test_a_heartbeat_is_answered_and_pings_are_sent(server, tmp_path):
    feed = msgspec.structs.replace(ALL, ping="ping", ping_every_s=0.1)
    async with listening(server, ToyExchange((feed,)), tmp_path) as run:
        await until(lambda: run.status.state is State.LIVE)
        await server.broadcast("beat|I am here")
        await until(lambda: "I am here" in server.peers[0].received)
        await until(lambda: server.peers[0].received.count("ping") >= 3)


async def test_rotation_overlaps_and_loses_nothing(server, tmp_path):
    server.max_life_s = 2.0
    feed = msgspec.structs.replace(ALL, max_life_s=2.0)
    sent = []
    async with listening(server, ToyExchange((feed,)), tmp_path) as run:
        await until(lambda: run.status.state is State.LIVE)
        for number in itertools.count():
            await server.broadcast(f"liq|BTCUSDT|{number}")
            sent.append(str(number))
            await asyncio.sleep(0.002)
            if run.status.reconnects["rotation"] >= 2:
                break
        await until(lambda: sent[-1] in run.sink.ids)
        assert set(run.sink.ids) == set(sent)
        assert len(run.sink.ids) > len(sent)
        assert run.sink.story == ["all up"]
        assert set(run.status.reconnects) == {"rotation"}


async def test_a_failed_rotation_keeps_the_first_socket(server, tmp_path):
    feed = msgspec.structs.replace(ALL, max_life_s=1.0)
    async with listening(server, ToyExchange((feed,)), tmp_path) as run:
        await until(lambda: run.status.state is State.LIVE)
        server.refuse_handshake = 503
        await until(lambda: run.status.reconnects["http_status"] >= 2)
        assert server.open_peers == server.peers[:1]
        server.refuse_handshake = 0
        await until(lambda: run.status.reconnects["rotation"] >= 1)
        await until(lambda: not server.peers[0].open)
        assert run.sink.story == ["all up"]


async def test_a_stop_during_a_rotation_closes_both_sockets(server, tmp_path):
    feed = msgspec.structs.replace(ALL, max_life_s=0.5)
    async with listening(server, ToyExchange((feed,)), tmp_path) as run:
        await until(lambda: len(server.open_peers) == 2)
        async with asyncio.timeout(2):
            await run.stop()
        assert [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("toy")] == []
        await until(lambda: not server.open_peers)


async def test_a_socket_cut_before_its_rotation_is_an_ordinary_reconnect(server, tmp_path):
    server.max_life_s = 0.5
    feed = msgspec.structs.replace(ALL, max_life_s=60.0)
    async with listening(server, ToyExchange((feed,)), tmp_path) as run:
        await until(lambda: run.status.reconnects["closed"] >= 1)
        assert run.status.reason == "closed by the exchange: 1001 over"
        await until(lambda: run.sink.story[:3] == ["all up", "all down closed", "all up"])


async def test_a_clean_stop_closes_the_sockets_and_says_so(server, tmp_path):
    server.lists["/instruments"] = ["A"]
    exchange = ToyExchange((ALL, NAMED), (NAMED_LIST,))
    async with listening(server, exchange, tmp_path) as run:
        await until(lambda: len(run.sink.changes) == 2)
        async with asyncio.timeout(2):
            await run.stop()
        await until(lambda: not server.open_peers)
        assert sorted(run.sink.story[2:]) == ["all down stopped", "named down stopped"]
        assert run.task.cancelled()


async def test_a_stop_keeps_what_was_sent_before(server, tmp_path):
    async with listening(server, ToyExchange(), tmp_path) as run:
        await until(lambda: run.status.state is State.LIVE)
        for number in range(500):
            await server.broadcast(f"liq|BTCUSDT|{number}")
        await run.stop()
        assert run.sink.ids == [str(number) for number in range(500)]


async def test_a_stop_does_not_wait_for_a_peer_that_is_stuck(server, tmp_path):
    async with listening(server, ToyExchange(), tmp_path) as run:
        await until(lambda: run.status.state is State.LIVE)
        transport = server.peers[0]._request.transport
        transport.pause_reading()
        async with asyncio.timeout(2):
            await run.stop()
        assert run.sink.story == ["all up", "all down stopped"]
        transport.abort()


async def test_a_stop_during_the_back_off_reports_nothing_twice(server, tmp_path):
    server.refuse_handshake = 503
    async with listening(server, ToyExchange(), tmp_path, backoff_max=60) as run:
        await until(lambda: run.status.state is State.DOWN)
        async with asyncio.timeout(2):
            await run.stop()
        assert run.sink.changes == []
