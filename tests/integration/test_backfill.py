"""What a feed missed is asked for once it is live again: over real sockets and REST, with the toy exchange."""

import time

import pytest

from exporter.exchanges.base import Capability, Epoch, Feed, Span
from exporter.feeds.backfill import SLOW_MS
from exporter.feeds.search import MOST_FAILED
from exporter.feeds.status import Tally
from exporter.gaps import Outage
from exporter.model import FILLED
from tests.integration.scripted import Server, listening, until
from tests.wire import ALL, LIST, ToyExchange, ToyHistory


@pytest.fixture
async def server():
    async with Server().running() as running:
        running.lists["/instruments"] = ["DOGEUSDT", "BTCUSDT"]
        yield running


def exchange(*, hours=1.0, loose=False):
    toy = ToyExchange(requests=(LIST,))
    toy.capability = Capability((Epoch("2020-01-01", "full"),), "fill", "base", True, hours, "")
    toy.history = ToyHistory(loose=loose)
    return toy


def now_ms():
    return time.time_ns() // 1_000_000


def rows(*events):
    return {"rows": [list(event) for event in events]}


def fills(listener):
    return [change for change in listener.sink.changes if change.reason == FILLED]


async def break_off(server, listener):
    """Cut the socket and wait for the next one to be live; return the outage's bounds."""
    await until(lambda: listener.sink.story == ["all up"])
    server.peers[-1].abort()
    await until(lambda: listener.sink.story[:3] == ["all up", "all down closed", "all up"])
    down, up = listener.sink.changes[1:3]
    return down.time_ms, up.time_ms


async def test_an_outage_is_filled_main_coins_first(server, tmp_path):
    at = now_ms()
    server.past = {
        "/past/BTCUSDT": [rows(("BTCUSDT", "b", at))],
        "/past/DOGEUSDT": [rows(("DOGEUSDT", "d", at), ("DOGEUSDT", "old", at - 3_000_000))],
    }
    async with listening(server, exchange(), tmp_path, backoff_max=0.2) as listener:
        await until(lambda: "BTCUSDT" in listener.sink.known)
        down_ms, _ = await break_off(server, listener)
        await until(lambda: fills(listener), within_s=20)
        assert listener.sink.filled == ["b", "d"], "and nothing from outside the span"
        assert [call for call in server.calls if "past" in call] == ["/past/BTCUSDT", "/past/DOGEUSDT"]
        assert fills(listener)[0].time_ms == down_ms
        assert (listener.status.backfill.waiting, listener.status.backfill.requests) == (0, 0)


async def test_what_the_socket_delivered_is_not_filled_again(server, tmp_path):
    async with listening(server, exchange(loose=True), tmp_path) as listener:
        await until(lambda: listener.sink.story == ["all up"] and "BTCUSDT" in listener.sink.known)
        await server.broadcast("liq|BTCUSDT|1")
        await server.broadcast("liq|BTCUSDT|2")
        await until(lambda: len(listener.sink.events) == 2)
        first, second = (event.time_ms for event in listener.sink.events)
        twins = [("BTCUSDT", "x", first), ("BTCUSDT", "y", second), ("BTCUSDT", "z", second)]
        server.past = {"/past/BTCUSDT": [rows(*twins)], "/past/DOGEUSDT": [rows()]}
        await break_off(server, listener)
        await until(lambda: fills(listener), within_s=20)
        assert len(listener.sink.filled) == 1


async def test_pages_are_followed_and_failures_repeated(server, tmp_path):
    at = now_ms()
    server.past = {
        "/past/BTCUSDT": [503, rows(("BTCUSDT", "1", at)) | {"next": ["/past/BTCUSDT?page=2"]}],
        "/past/BTCUSDT?page=2": [rows(("BTCUSDT", "2", at))],
        "/past/DOGEUSDT": [rows()],
    }
    async with listening(server, exchange(), tmp_path) as listener:
        await until(lambda: "BTCUSDT" in listener.sink.known)
        await break_off(server, listener)
        await until(lambda: fills(listener), within_s=20)
        assert listener.sink.filled == ["1", "2"]


async def test_a_call_that_keeps_failing_leaves_the_gap(server, tmp_path):
    server.past = {"/past/BTCUSDT": [rows(("BTCUSDT", "1", now_ms()))], "/past/DOGEUSDT": [404]}
    async with listening(server, exchange(), tmp_path) as listener:
        await until(lambda: "BTCUSDT" in listener.sink.known)
        await break_off(server, listener)
        await until(lambda: "404" in listener.status.backfill.last_error, within_s=20)
        assert listener.sink.filled == ["1"], "what there is is taken all the same"
        assert not fills(listener)


async def test_only_the_documented_depth_is_filled(server, tmp_path):
    now = now_ms()
    server.past = {"/past/BTCUSDT": [rows(("BTCUSDT", "1", now - 60_000))], "/past/DOGEUSDT": [rows()]}
    earlier = [Outage("all", now - 7_200_000, now - 30_000, "stopped"), Outage("gone", 0, now, "closed")]
    async with listening(server, exchange(), tmp_path, earlier) as listener:
        await until(lambda: fills(listener), within_s=20)
        assert fills(listener)[0].time_ms == pytest.approx(now - 3_600_000, abs=20_000)


async def test_what_is_older_than_ids_are_kept_stays_missing(server, tmp_path):
    now = now_ms()
    at = now - 60_000
    server.past = {"/past/BTCUSDT": [rows(("BTCUSDT", "old", now - 1_500_000), ("BTCUSDT", "1", at))]}
    server.past["/past/DOGEUSDT"] = [rows()]
    earlier = [Outage("all", now - 1_800_000, now - 30_000, "stopped")]
    async with listening(server, exchange(), tmp_path, earlier, keep_ms=600_000 + SLOW_MS) as listener:
        await until(lambda: fills(listener), within_s=20)
        assert listener.sink.filled == ["1"]
        assert fills(listener)[0].time_ms == pytest.approx(now - 600_000, abs=20_000), "the gap keeps its beginning"


async def test_an_exchange_that_answers_nothing_is_given_up(server, tmp_path):
    server.lists["/instruments"] = [f"COIN{number}USDT" for number in range(20)]
    server.past = {f"/past/COIN{number}USDT": [404] for number in range(20)}
    async with listening(server, exchange(), tmp_path) as listener:
        await until(lambda: listener.sink.known)
        await break_off(server, listener)
        await until(lambda: "given up: HTTP 404" in listener.status.backfill.last_error, within_s=20)
        assert len({call for call in server.calls if "past" in call}) == MOST_FAILED
        assert not fills(listener)


async def test_an_outage_waits_for_the_instruments(server, tmp_path):
    server.lists["/instruments"] = 503
    server.past = {"/past/BTCUSDT": [rows(("BTCUSDT", "1", now_ms() - 1000))]}
    async with listening(server, exchange(), tmp_path, [Outage("all", now_ms() - 5000, None, "stopped")]) as listener:
        await until(lambda: listener.sink.story == ["all up"])
        server.lists["/instruments"] = ["BTCUSDT"]
        await until(lambda: fills(listener), within_s=20)
        assert listener.sink.filled == ["1"]


async def test_a_span_is_asked_for_by_hand_beside_the_outages(server, tmp_path):
    now = now_ms()
    server.past = {"/past/BTCUSDT": [rows(("BTCUSDT", "1", now - 5000), ("BTCUSDT", "out", now - 50_000))]}
    server.past["/past/DOGEUSDT"] = [rows(), 404]
    ended = Outage("all", now - 20_000, now - 4000, "closed")
    async with listening(server, exchange(), tmp_path) as listener:
        await until(lambda: listener.sink.known)
        tally = Tally()
        await listener.feeds.by_hand(Span(now - 10_000, now - 1000), tally, lambda: [ended])
        assert (tally.found, tally.recorded, tally.missing) == (1, 1, [])
        assert [change.time_ms for change in fills(listener)] == [now - 10_000], "what was before is still missing"
        again = Tally()
        await listener.feeds.by_hand(Span(now - 10_000, now - 1000), again, lambda: [ended])
        assert (again.found, again.recorded, len(again.missing)) == (1, 0, 1)
        assert len(fills(listener)) == 1, "what was not answered fills nothing"


async def test_an_outage_that_began_in_an_earlier_run_ends_with_the_first_connection(server, tmp_path):
    since = now_ms() - 600_000
    server.past = {"/past/BTCUSDT": [rows(("BTCUSDT", "1", since + 5))], "/past/DOGEUSDT": [rows()]}
    async with listening(server, exchange(), tmp_path, [Outage("all", since, None, "stopped")]) as listener:
        await until(lambda: fills(listener), within_s=20)
        assert listener.sink.filled == ["1"]
        assert fills(listener)[0].time_ms == since


async def test_an_exchange_without_a_past_is_not_asked(server, tmp_path):
    async with listening(server, ToyExchange(requests=(LIST,)), tmp_path, [Outage("all", 1, None, "x")]) as listener:
        await break_off(server, listener)
        assert not [call for call in server.calls if "past" in call]


async def test_headers_go_with_the_handshake_and_heartbeats_can_be_the_pulse(server, tmp_path):
    server.pulsing = False
    feed = Feed(name="all", path="/ws/all", headers=(("X-Wanted", "yes"),))
    server.greeting = [f"beat|hello|{now_ms()}"]
    async with listening(server, ToyExchange(feeds=(feed,)), tmp_path) as listener:
        await until(lambda: listener.sink.story == ["all up"])
        assert server.headers["X-Wanted"] == "yes"
        await until(lambda: "hello" in server.peers[0].received)
    assert ALL.headers == ()
