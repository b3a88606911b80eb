"""Instruments from REST and from the cache, and what a per-symbol feed makes of them."""

import asyncio

import aiohttp
import pytest

from exporter.exchanges.base import InstrumentRequest, ParseError
from exporter.feeds import State
from exporter.feeds.rest import InstrumentClient, RestClient
from tests.integration.scripted import Server, listening, until
from tests.wire import ALL, LIST, NAMED, NAMED_LIST, ToyExchange

FAST = {"instruments_refresh": 0.1}


@pytest.fixture
async def server():
    async with Server().running() as server:
        yield server


def named_exchange() -> ToyExchange:
    return ToyExchange((NAMED,), (NAMED_LIST,))


def subscribed(server: Server) -> list[str]:
    return sorted(name for peer in server.open_peers for name in peer.names)


async def test_every_page_is_fetched_and_every_instrument_subscribed(server, tmp_path):
    server.lists["/instruments"] = (["A", "B", "C"], "/instruments?page=%3D2")
    server.lists["/instruments?page=%3D2"] = ["D", "E", "F"]
    async with listening(server, named_exchange(), tmp_path) as run:
        await until(lambda: run.status.state is State.LIVE)
        assert subscribed(server) == ["A", "B", "C", "D", "E", "F"]
        assert [len(peer.names) for peer in server.peers] in ([4, 2], [2, 4])
        assert sorted(run.sink.known) == ["A", "B", "C", "D", "E", "F"]
        assert run.status.feeds["named"].instruments == 6
        assert run.sink.story == ["named up"]
        await until(lambda: run.status.instruments_ms)


async def test_a_feed_without_instruments_waits_and_says_why(server, tmp_path):
    server.lists["/instruments"] = 451
    async with listening(server, named_exchange(), tmp_path) as run:
        assert run.status.state is State.CONNECTING
        await until(lambda: run.status.state is State.BLOCKED)
        assert run.status.reason == "instruments: HTTP 451: refused for this location"
        await until(lambda: run.status.instruments_error == "HTTP 451: refused for this location")
        server.lists["/instruments"] = 502
        await until(lambda: run.status.state is State.DOWN)
        assert server.peers == []
        server.lists["/instruments"] = ["A"]
        await until(lambda: run.status.state is State.LIVE)
        await until(lambda: run.status.instruments_error == "")


async def test_a_listing_without_instruments_is_a_failure(server, tmp_path):
    server.lists["/instruments"] = []
    async with listening(server, named_exchange(), tmp_path) as run:
        await until(lambda: run.status.state is State.DOWN)
        assert run.status.reason == "instruments: the exchange lists no instruments"
        await until(lambda: len(server.calls) > 2)


async def test_rest_does_not_matter_to_an_all_symbols_feed(server, tmp_path):
    server.lists["/instruments"] = 500
    async with listening(server, ToyExchange((ALL,), (LIST,)), tmp_path) as run:
        await until(lambda: run.status.state is State.LIVE)
        await until(lambda: run.status.instruments_error == "HTTP 500: internal server error")
        assert run.sink.story == ["all up"]


async def test_a_new_symbol_is_subscribed_on_the_open_socket(server, tmp_path):
    server.lists["/instruments"] = ["A", "B"]
    async with listening(server, named_exchange(), tmp_path, **FAST) as run:
        await until(lambda: run.status.state is State.LIVE)
        server.lists["/instruments"] = ["B", "C"]
        await until(lambda: subscribed(server) == ["A", "B", "C"])
        assert server.peers[0].received[-1] == "sub|3|C"
        assert len(server.peers) == 1
        assert run.sink.story == ["named up"]
        assert run.status.feeds["named"].instruments == 2


async def test_new_symbols_beyond_the_room_get_a_connection_and_no_gap(server, tmp_path):
    server.lists["/instruments"] = ["A", "B", "C"]
    async with listening(server, named_exchange(), tmp_path, **FAST) as run:
        await until(lambda: run.status.state is State.LIVE)
        server.lists["/instruments"] = ["A", "B", "C", "D", "E", "F"]
        await until(lambda: len(run.status.feeds["named"].connections) == 2)
        await until(lambda: subscribed(server) == ["A", "B", "C", "D", "E", "F"])
        assert run.status.state is State.LIVE
        assert run.sink.story == ["named up"]


async def test_a_feed_is_up_only_while_all_connections_are(server, tmp_path):
    server.lists["/instruments"] = ["A", "B", "C", "D", "E"]
    async with listening(server, named_exchange(), tmp_path) as run:
        await until(lambda: run.status.state is State.LIVE)
        server.refuse_handshake = 503
        server.peers[1].abort()
        await until(lambda: run.status.state is State.DOWN)
        assert sorted(run.status.feeds["named"].connections.values()) == [State.DOWN, State.LIVE]
        assert run.sink.story == ["named up", "named down closed"]
        server.refuse_handshake = 0
        await until(lambda: run.sink.story == ["named up", "named down closed", "named up"])


async def test_a_refused_instrument_is_tried_again_after_a_refresh(server, tmp_path):
    server.lists["/instruments"] = ["A", "B"]
    server.refused = {"B"}
    async with listening(server, named_exchange(), tmp_path, **FAST) as run:
        await until(lambda: run.status.state is State.LIVE)
        assert subscribed(server) == ["A"]
        server.refused = set()
        await until(lambda: subscribed(server) == ["A", "B"])
        assert len(server.peers) == 1


async def test_a_restart_without_rest_uses_the_cache(server, tmp_path):
    server.lists["/instruments"] = ["A", "B"]
    async with listening(server, named_exchange(), tmp_path) as run:
        await until(lambda: run.status.instruments_ms)
    server.lists["/instruments"] = 503
    async with listening(server, named_exchange(), tmp_path) as run:
        await until(lambda: run.status.state is State.LIVE)
        assert run.sink.known == ["A", "B"]
        assert subscribed(server) == ["A", "B"]
        await until(lambda: run.status.instruments_error)
        assert run.status.state is State.LIVE


async def test_one_failing_call_does_not_spoil_the_others(server, tmp_path):
    more = InstrumentRequest("rest", "/more", "named")
    server.lists |= {"/instruments": ["A"], "/more": 500}
    async with listening(server, ToyExchange((NAMED,), (NAMED_LIST, more)), tmp_path) as run:
        await until(lambda: run.status.state is State.LIVE)
        await until(lambda: server.calls.count("/more") > 3)
        assert server.calls.count("/instruments") == 1
        assert run.status.instruments_error == "HTTP 500: internal server error"
        server.lists["/more"] = ["B"]
        await until(lambda: subscribed(server) == ["A", "B"])
        assert run.sink.known == ["A", "B"]


async def test_an_unknown_instrument_brings_a_refresh_forward(server, tmp_path):
    server.lists["/instruments"] = ["A"]
    async with listening(server, named_exchange(), tmp_path) as run:
        run.feeds._refresher._earliest_s = 0.05
        await until(lambda: run.status.instruments_ms)
        server.lists["/instruments"] = ["A", "B"]
        for _ in range(100):
            run.feeds.refresh_soon()
        await until(lambda: subscribed(server) == ["A", "B"])
        assert len(server.calls) == 2


async def test_an_unknown_instrument_brings_one_refresh_a_minute(server, tmp_path):
    server.lists["/instruments"] = ["A"]
    async with listening(server, named_exchange(), tmp_path) as run:
        await until(lambda: run.status.instruments_ms)
        run.feeds.refresh_soon()
        server.peers[0].abort()
        await until(lambda: run.sink.story[-2:] == ["named down closed", "named up"])
        assert len(server.calls) == 1


async def test_endless_pages_and_oversized_answers_are_refused(server, monkeypatch):
    async with aiohttp.ClientSession() as session:
        client = InstrumentClient(RestClient(session, server.endpoints, 5), named_exchange())
        server.lists["/instruments"] = (["A"], "/instruments")
        with pytest.raises(ParseError, match="pages"):
            await client.fetch(NAMED_LIST)
        monkeypatch.setattr("exporter.feeds.rest.MAX_BODY_BYTES", 2**20)
        server.lists["/instruments"] = ["A" * 1000] * 2000
        with pytest.raises(ParseError, match="above 1 MiB"):
            await client.fetch(NAMED_LIST)


async def test_a_defect_in_reading_instruments_is_outlived(server, tmp_path):
    class Defect(ToyExchange):
        def parse_instruments(self, request, body):
            raise KeyError("a defect")

    server.lists["/instruments"] = ["A"]
    async with listening(server, Defect((ALL,), (LIST,)), tmp_path) as run:
        await until(lambda: len(server.calls) > 2)
        await until(lambda: run.status.state is State.LIVE)
        assert run.status.instruments_error == "unexpected KeyError: 'a defect'"
        await asyncio.sleep(0)
        assert not run.task.done()
