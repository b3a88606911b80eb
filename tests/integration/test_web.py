"""The HTTP server over real sockets, asked as Prometheus, a browser, a program and an intruder would ask it."""

import asyncio
import gzip
import json
import re
import socket
import sqlite3
import threading
import time
from contextlib import asynccontextmanager

import aiohttp
import msgspec
import pytest

from exporter.broadcast import Broadcast
from exporter.config import ConfigError
from exporter.errors import UserError
from exporter.feeds.status import State
from exporter.model import FeedChange, Liquidation, Record
from exporter.stats import CumulativeStats
from exporter.web import WebError, WebServer
from exporter.web.reader import BACKLOG
from exporter.web.stream import STALLED_S
from tests.events import liquidation
from tests.integration.scripted import until
from tests.unit.metrics.filled import signalled
from tests.unit.web.views import make_view, now_ms

METRICS = b"# HELP liquidation_events_total x\n" * 100


class Exporter:
    """A running server, its view, and a client."""

    def __init__(self, view, render=None) -> None:
        self.view = view
        self.broadcast = Broadcast()
        self.scrapes = []
        self.refusal = UserError("not today")
        self.reloads: list[str] | Exception = ["binance (restarted)"]
        self.server = WebServer(view, self.broadcast, render or self.render, self.reload, self.backfill)
        self.client = aiohttp.ClientSession(auto_decompress=False, skip_auto_headers=["Accept-Encoding"])
        self.address = ""

    def render(self, accept, time_ms):
        self.scrapes.append((accept, time_ms, threading.current_thread()))
        return METRICS, "text/plain; version=0.0.4; charset=utf-8"

    async def reload(self):
        if isinstance(self.reloads, Exception):
            raise self.reloads
        return self.reloads

    def backfill(self, *asked):
        raise self.refusal

    async def get(self, path, status=200, **headers):
        async with self.client.get(self.address + path, headers=headers) as answer:
            assert answer.status == status, await answer.text()
            return answer, await answer.read()

    async def json(self, path, status=200):
        answer, body = await self.get(path, status)
        assert answer.headers["Content-Type"] == "application/json"
        return json.loads(body)

    def publish(self, *events):
        self.broadcast.publish([Record(seq, event.time_ms, event) for seq, event in enumerate(events, 1)])

    @asynccontextmanager
    async def stream(self, query=""):
        async with self.client.get(f"{self.address}/api/v1/stream{query}") as answer:
            assert answer.status == 200, await answer.text()
            yield Messages(answer)


class Messages:
    """Reads server-sent events."""

    def __init__(self, answer) -> None:
        self.answer = answer

    async def next(self, kind):
        while True:
            block = await self.answer.content.readuntil(b"\n\n")
            fields = dict(line.split(": ", 1) for line in block.decode().strip().split("\n"))
            if fields.get("event") == kind:
                return json.loads(fields["data"])


@asynccontextmanager
async def running(view, render=None):
    exporter = Exporter(view, render)
    exporter.address = await exporter.server.start()
    try:
        yield exporter
    finally:
        await exporter.server.stop()
        await exporter.client.close()


def recent(number=0, **fields):
    """A liquidation of `number` seconds ago."""
    time_ms = now_ms() - number * 1000
    return liquidation(number, time_ms=time_ms, received_ms=time_ms + 50, **fields)


@pytest.fixture
async def exporter():
    events = [
        recent(7200, base="ETH", exchange="bybit", side="short", notional_usd=1000.0),
        recent(200, notional_usd=5000.0),
        recent(100, side="short", notional_usd=2500.0),
    ]
    async with running(make_view(events)) as exporter:
        yield exporter


async def test_a_scrape_is_rendered_off_the_loop_as_the_client_accepts(exporter):
    answer, body = await exporter.get("/metrics", Accept="application/openmetrics-text")
    assert body == METRICS
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "Content-Encoding" not in answer.headers
    [(accept, time_ms, thread)] = exporter.scrapes
    assert accept == "application/openmetrics-text"
    assert abs(time_ms - now_ms()) < 60_000
    assert thread is not threading.main_thread()


async def test_a_scrape_is_compressed_when_asked_for(exporter):
    answer, body = await exporter.get("/metrics", **{"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body) == METRICS


async def test_scrapes_run_one_at_a_time():
    inside = threading.Semaphore(1)

    def render(_accept, _time_ms):
        assert inside.acquire(blocking=False)
        time.sleep(0.001)
        inside.release()
        return METRICS, "text/plain"

    async with running(make_view(), render) as exporter:
        await asyncio.gather(*(exporter.get("/metrics") for _ in range(30)))


async def test_a_scrape_that_fails_is_an_error_without_a_trace():
    def render(_accept, _time_ms):
        raise RuntimeError("broken at /secret/place")

    async with running(make_view(), render) as exporter:
        problem = await exporter.json("/metrics", 500)
        assert problem["error"] == "internal error"
        assert "secret" not in json.dumps(problem)
        assert (await exporter.get("/-/healthy"))[1] == b"ok\n"


async def test_ready_follows_journal_and_feeds(exporter):
    ready = await exporter.json("/-/ready")
    assert ready["ready"]
    assert ready["exchanges"]["bybit"] == {"state": "live", "reason": "", "ready": True}
    exporter.view.journal.up = False
    exporter.view.journal.error = "disk full"
    failing = await exporter.json("/-/ready", 503)
    assert not failing["ready"]
    assert failing["journal"]["error"] == "disk full"


async def test_not_ready_before_the_first_answer_of_an_exchange():
    async with running(make_view(state=None)) as exporter:
        assert (await exporter.json("/-/ready", 503))["reason"] == "no exchange has answered yet"


async def test_reload_tells_what_was_applied_or_what_is_wrong(exporter):
    async with exporter.client.post(exporter.address + "/-/reload") as answer:
        assert (answer.status, await answer.json()) == (200, {"applied": ["binance (restarted)"]})
    exporter.reloads = ConfigError("/etc/liq/config.yaml: unknown key 'wbe'")
    async with exporter.client.post(exporter.address + "/-/reload") as answer:
        reason = "config.yaml: unknown key 'wbe'"
        assert (answer.status, await answer.json()) == (400, {"error": "bad configuration", "reason": reason})


async def test_stats_are_the_ledgers(exporter):
    for query, base, window in (
        ("", None, None),
        ("?base=BTC&window=1h", "BTC", "1h"),
        ("?symbol=ETHUSDT", "ETH", None),
    ):
        answer, body = await exporter.get(f"/api/v1/stats{query}")
        shown = msgspec.json.decode(body, type=CumulativeStats)
        expected = exporter.view.stats(base, window, json.loads(body)["now_ms"])
        assert shown == expected
        assert expected.total.events > 0
        assert answer.headers["Cache-Control"] == "no-store"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", json.loads(body)["last"])


async def test_bases_come_with_the_largest_first(exporter):
    answer = await exporter.json("/api/v1/bases?window=24h")
    assert [each["base"] for each in answer["bases"][:2]] == ["BTC", "ETH"]
    assert answer["bases"][0] == {
        "base": "BTC",
        "events": 2,
        "usd": 7500.0,
        "long_usd": 5000.0,
        "short_usd": 2500.0,
        "largest_usd": 5000.0,
    }
    assert answer["main"][0] == "BTC"
    assert len((await exporter.json("/api/v1/bases?limit=1"))["bases"]) == 1


async def test_minutes_end_with_the_running_one(exporter):
    answer = await exporter.json("/api/v1/minutes?base=BTC&minutes=60")
    assert answer["base"] == "BTC"
    assert answer["since_ms"] % 60_000 == 0
    assert 0 <= answer["now_ms"] - answer["since_ms"] - 59 * 60_000 < 60_000
    for side, usd in (("long", 5000.0), ("short", 2500.0)):
        assert len(answer[side]["usd"]) == len(answer[side]["events"]) == 60
        assert sum(answer[side]["usd"]) == usd
        assert sum(answer[side]["events"]) == 1


async def test_levels_are_by_rising_price_and_add_up_to_the_totals(exporter):
    prices = [50_000.0, 51_000.0, 49_000.0, 49_001.0, 50_500.0]
    for number, price in enumerate(prices, 100):
        exporter.view.levels.apply(liquidation(number, price=price, base_quantity=1.0, notional_usd=price))
    answer = await exporter.json("/api/v1/levels?symbol=BTCUSDT&side=long")
    assert (answer["base"], answer["ratio"], list(answer["sides"])) == ("BTC", 1.001, ["long"])
    long = answer["sides"]["long"]
    edges = [level["from_usd"] for level in long["levels"]]
    assert edges == sorted(edges)
    assert long["known"] == len(edges) == 4
    assert long["usd"] == sum(level["usd"] for level in long["levels"]) == 5000.0 + sum(prices)
    assert long["base_quantity"] == 5.1
    lowest = long["levels"][0]
    assert lowest["from_usd"] <= prices[2] < prices[3] < lowest["to_usd"] == pytest.approx(lowest["from_usd"] * 1.001)
    assert (lowest["base_quantity"], lowest["usd"]) == (2.0, 98_001.0)


async def test_levels_that_are_limited_are_the_largest(exporter):
    for number, price in enumerate((40_000.0, 60_000.0, 70_000.0), 100):
        exporter.view.levels.apply(liquidation(number, price=price, base_quantity=1.0, notional_usd=price))
    answer = await exporter.json("/api/v1/levels?base=BTC&limit=2")
    assert set(answer["sides"]) == {"long", "short"}
    long = answer["sides"]["long"]
    assert [level["usd"] for level in long["levels"]] == [60_000.0, 70_000.0]
    assert (long["known"], long["usd"]) == (4, 175_000.0)


async def test_cascades_are_what_the_signals_say_now_and_said_last(exporter):
    signalled(exporter.view)
    exporter.view.signals.present = msgspec.structs.replace(exporter.view.signals.present, now_ms=now_ms())
    answer = await exporter.json("/api/v1/cascades")
    first = answer["sides"][0]
    assert (first["base"], first["side"], first["level_name"], first["score"]) == ("BTC", "long", "warning", 55.5)
    assert first["contributions"]["self_excitation"] == 1.25
    assert first["episode"]["usd"] == 2_345_678.5
    assert [(each["base"], each["level"]) for each in answer["market"]] == [("*", 3), ("*", 0)]
    unknown = next(each for each in answer["sides"] if (each["base"], each["side"]) == ("WIF", "long"))
    assert (unknown["score"], unknown["level"], unknown["contributions"]) == (None, -1, {})
    assert [each["state"] for each in answer["episodes"]] == ["open", "open", "closed"]


async def test_cascades_can_be_filtered(exporter):
    signalled(exporter.view)
    exporter.view.signals.present = msgspec.structs.replace(exporter.view.signals.present, now_ms=now_ms())
    of_eth = await exporter.json("/api/v1/cascades?base=ETHUSDT")
    assert {each["base"] for each in of_eth["sides"] + of_eth["episodes"]} == {"ETH"}
    high = await exporter.json("/api/v1/cascades?level=warning&side=long&state=open&limit=1")
    assert [(each["base"], each["side"]) for each in high["sides"]] == [("BTC", "long")]
    assert len(high["episodes"]) == high["limit"] == 1


async def test_what_the_signals_said_long_ago_is_not_shown_as_of_now(exporter):
    signalled(exporter.view)
    exporter.view.signals.present = msgspec.structs.replace(exporter.view.signals.present, now_ms=now_ms() - 120_000)
    answer = await exporter.json("/api/v1/cascades")
    assert {each["score"] for each in answer["sides"]} == {None}
    assert {each["level"] for each in answer["sides"]} == {-1, 1, 2}, "a level is held, calm becomes unknown"


async def test_exchanges_are_described_in_full(exporter):
    status = exporter.view.exchanges["bybit"]
    status.feeds["linear"].connections = {0: State.LIVE, 1: State.DOWN}
    status.feeds["linear"].reason = "connection refused"
    status.reconnects["refused"] = 3
    status.pending_events = 2
    now = now_ms()
    exporter.view.gaps.apply_all(
        [FeedChange(now - 30_000, "bybit", "linear", False, "x"), FeedChange(now - 20_000, "bybit", "linear", True)]
    )
    answer = await exporter.json("/api/v1/exchanges")
    binance, bybit = answer["exchanges"]
    assert binance["capability"]["epochs"][-1]["completeness"] == binance["completeness"] == "sampled_1s"
    assert (bybit["state"], bybit["reason"]) == ("down", "connection refused")
    assert bybit["feeds"][0]["connections"] == {"0": "live", "1": "down"}
    assert bybit["counters"]["reconnects"] == {"refused": 3}
    assert bybit["pending_events"] == 2
    assert bybit["gap_seconds"] == 10.0
    assert [gap["until_ms"] - gap["since_ms"] for gap in bybit["gaps"]] == [10_000]


async def test_events_are_asked_of_the_journal_and_sent_in_the_interchange_form(exporter):
    query = "limit=2&base=btcusdt&side=long&exchange=binance&min_usd=1000"
    answer = await exporter.json(f"/api/v1/events?{query}")
    filters = {"base": "BTC", "side": "long", "exchange": "binance", "min_usd": 1000.0}
    assert exporter.view.newest.asked == [(filters, 2)]
    events = msgspec.convert(answer["events"], list[Liquidation])
    assert events == exporter.view.newest.events[:0:-1]
    await exporter.json("/api/v1/events")
    assert exporter.view.newest.asked[-1] == ({}, 100)


async def test_a_journal_that_cannot_be_read_is_said_to_be(exporter):
    exporter.view.newest.error = sqlite3.OperationalError("unable to open /var/lib/liq/journal.db")
    problem = await exporter.json("/api/v1/events", 503)
    assert "unable to open journal.db" in problem["reason"]


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/api/v1/stats?base=NOPE", 404, "'NOPE'"),
        ("/api/v1/stats?window=2h", 400, "1h, 4h, 12h, 24h"),
        ("/api/v1/stats?bas=BTC", 400, "known here: base, symbol, window"),
        ("/api/v1/events?limit=1001", 400, "from 1 to 1000"),
        ("/api/v1/events?side=buy", 400, "long, short"),
        ("/api/v1/events?exchange=ftx", 400, "binance, bybit"),
        ("/api/v1/events?min_usd=nan", 400, "min_usd"),
        ("/api/v1/events?base=NOPE", 404, "'NOPE'"),
        ("/api/v1/minutes?minutes=1441", 400, "from 1 to 1440"),
        ("/api/v1/levels", 400, "base is missing"),
        ("/api/v1/levels?base=BTC&limit=5001", 400, "from 1 to 5000"),
        ("/api/v1/levels?base=BTC&side=buy", 400, "long, short"),
        ("/api/v1/levels?base=NOPE", 404, "'NOPE'"),
        ("/api/v1/cascades?level=high", 400, "watch, warning, critical"),
        ("/api/v1/cascades?state=over", 400, "open, closed"),
        ("/api/v1/cascades?limit=201", 400, "from 1 to 200"),
        ("/api/v1/cascades?base=NOPE", 404, "'NOPE'"),
        ("/api/v1/exchanges?x=1", 400, "there are none here"),
        ("/api/v1/stream?min_usd=-1", 400, "min_usd"),
        ("/api/v1/stream?base=%3Cscript%3E", 400, "not a coin"),
        ("/api/v2/stats", 404, "nothing at this path"),
        ("/static/..%2f..%2fserver.py", 404, "no such file"),
        ("/static/../server.py", 404, "nothing at this path"),
        ("/-/reload", 405, "use POST"),
    ],
)
async def test_what_is_wrong_is_told_as_json(exporter, path, status, reason):
    problem = await exporter.json(path, status)
    assert set(problem) == {"error", "reason"}
    assert reason in problem["reason"]


async def test_what_is_not_http_is_refused_and_no_news(exporter, caplog):
    for junk in (b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\nBad Header\r\n\r\n", b"GET /" + b"a" * 9000):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(exporter.address.rpartition(":")[2]))
        writer.write(junk)
        writer.write_eof()
        assert b"Traceback" not in await reader.read()
        writer.close()
    assert not caplog.records
    assert (await exporter.get("/-/healthy"))[1] == b"ok\n"


async def test_everything_else_is_read_only(exporter):
    for path in ("/", "/metrics", "/api/v1/stats", "/api/v1/events", "/-/ready"):
        async with exporter.client.post(exporter.address + path, data=b"x") as answer:
            assert answer.status == 405
            assert answer.headers["Allow"] == "GET, HEAD"


async def test_the_page_and_its_files_are_served_with_safe_headers(exporter):
    answer, body = await exporter.get("/")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    for path in re.findall(rb'"(/static/[^"]+)"', body):
        file, content = await exporter.get(path.decode(), **{"Accept-Encoding": "gzip"})
        assert file.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(content)
    for path, status in (("/", 200), ("/metrics", 200), ("/nowhere", 404), ("/api/v1/stats", 200)):
        answer, _ = await exporter.get(path, status)
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "aiohttp" not in answer.headers["Server"]


async def test_a_file_that_the_browser_has_is_not_sent_again(exporter):
    answer, _ = await exporter.get("/static/page.js")
    _, body = await exporter.get("/static/page.js", 304, **{"If-None-Match": answer.headers["ETag"]})
    assert body == b""


async def test_the_stream_sends_figures_at_once_and_every_second(exporter):
    async with exporter.stream("?stats=BTC&window=1h") as messages:
        first = await messages.next("stats")
        assert first["stats"]["base"] == "BTC"
        assert first["stats"]["window"] == "1h"
        assert first["windows"]["all"]["total"]["events"] == 2
        exporter.view.ledger.apply(9, recent())
        second = await messages.next("stats")
        while second["windows"]["all"]["total"]["events"] == 2:
            second = await messages.next("stats")
        assert second["process"]["now_ms"] > first["process"]["now_ms"]


async def test_the_stream_sends_what_the_filters_let_through(exporter):
    query = "?base=BTCUSDT&side=long&exchange=binance&min_usd=1000"
    async with exporter.stream(query) as messages, exporter.stream() as everything:
        await messages.next("stats")
        await everything.next("stats")
        wanted = recent(id="wanted", notional_usd=1000.0)
        others = [
            recent(id="a", base="ETH"),
            recent(id="b", side="short"),
            recent(id="c", exchange="bybit"),
            recent(id="d", notional_usd=999.0),
        ]
        exporter.publish(*others, wanted)
        assert msgspec.convert(await messages.next("liquidation"), Liquidation) == wanted
        assert [(await everything.next("liquidation"))["id"] for _ in range(5)] == ["a", "b", "c", "d", "wanted"]


async def test_a_coin_that_is_not_known_yet_can_be_waited_for(exporter):
    async with exporter.stream("?base=newcoin") as messages:
        await messages.next("stats")
        exporter.publish(recent(base="NEWCOIN"))
        assert (await messages.next("liquidation"))["base"] == "NEWCOIN"


async def test_what_nobody_listens_to_is_dropped(exporter):
    exporter.publish(recent(id="early"))
    async with exporter.stream("?side=short") as messages:
        await messages.next("stats")
        exporter.broadcast.publish([Record(1, 1, FeedChange(1, "bybit", "linear", False))])
        exporter.publish(recent(id="long"), recent(id="short", side="short"))
        assert (await messages.next("liquidation"))["id"] == "short"


async def test_figures_that_fail_once_come_again(exporter, monkeypatch):
    async with exporter.stream() as messages:
        await messages.next("stats")
        failed = threading.Event()

        def broken(*_arguments):
            failed.set()
            raise RuntimeError("broken")

        with monkeypatch.context() as patch:
            patch.setattr(exporter.view, "stats", broken)
            await until(failed.is_set)
        assert await messages.next("stats")


async def test_streams_are_limited_and_a_place_becomes_free(exporter):
    streams = [exporter.stream() for _ in range(exporter.view.config.web.max_streams)]
    for stream in streams:
        await (await stream.__aenter__()).next("stats")
    problem = await exporter.json("/api/v1/stream", 503)
    assert problem["error"] == "too many streams"
    for stream in streams:
        await stream.__aexit__(None, None, None)
    await until(lambda: not exporter.server._hub._readers)
    async with exporter.stream() as messages:
        await messages.next("stats")


async def stuck_reader(exporter):
    """Open a stream on a socket that then takes nothing, and publish until the server has bytes it cannot send."""
    known = set(exporter.server._hub._readers)
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", int(exporter.address.rpartition(":")[2]), limit=1024, family=socket.AF_INET
    )
    writer.write(b"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    [inside] = exporter.server._hub._readers - known
    large = [recent(number, instrument="X" * 2000) for number in range(500)]
    while not inside._transport.get_write_buffer_size():
        exporter.publish(*large)
        await asyncio.sleep(0.01)
    return inside, writer


async def test_a_reader_that_takes_nothing_holds_little_and_is_cut(exporter, monkeypatch):
    monkeypatch.setattr("exporter.web.stream.STALLED_S", 0.5)
    inside, writer = await stuck_reader(exporter)
    exporter.publish(*(recent(number) for number in range(2000)))
    await asyncio.sleep(0)
    assert len(inside._events) <= BACKLOG
    await until(lambda: not inside._transport.get_write_buffer_size())
    await until(lambda: not exporter.server._hub._readers)
    writer.close()


async def test_streams_end_when_the_server_stops(exporter):
    async with exporter.stream() as messages:
        await messages.next("stats")
        _, writer = await stuck_reader(exporter)
        hub = exporter.server._hub
        await hub.stop()
        await until(lambda: not hub._readers, within_s=STALLED_S / 2)
        async with asyncio.timeout(STALLED_S / 2):
            await messages.answer.content.read()
        assert messages.answer.content.at_eof()
        writer.close()


async def test_a_port_in_use_is_one_clear_line(exporter):
    port = exporter.address.rpartition(":")[2]
    with pytest.raises(WebError) as caught:
        await WebServer(
            make_view(listen=f"127.0.0.1:{port}"), Broadcast(), exporter.render, exporter.reload, exporter.backfill
        ).start()
    assert str(caught.value) == (
        f"web.listen-address 127.0.0.1:{port} is in use; stop the other program or choose another with "
        "--web.listen-address"
    )


@pytest.mark.parametrize(
    ("listen", "words"), [("192.0.2.1:0", "not an address of this machine"), ("no-such-host.invalid:0", "not known")]
)
async def test_an_address_that_cannot_be_used_is_one_clear_line(listen, words):
    server = WebServer(make_view(listen=listen), Broadcast(), lambda _accept, _now: (b"", ""), None, None)
    with pytest.raises(WebError, match=words) as caught:
        await server.start()
    assert "\n" not in str(caught.value)
    await server.stop()


async def test_all_interfaces_are_the_default_and_the_address_can_be_opened():
    async with running(make_view(listen=":0")) as exporter:
        assert exporter.address.startswith("http://localhost:")


@pytest.mark.parametrize(
    ("query", "status", "reason"),
    [
        ("", 400, "exchange and since_ms are needed"),
        ("?exchange=okx", 400, "exchange and since_ms are needed"),
        ("?exchange=mtgox&since_ms=1", 400, "exchange 'mtgox' is not known; it is one of binance"),
        ("?exchange=okx&since_ms=soon", 400, "since_ms 'soon' is not a time in Unix milliseconds"),
        ("?exchange=okx&since_ms=1", 409, "not today"),
    ],
)
async def test_what_cannot_be_asked_of_the_past_is_refused(exporter, query, status, reason):
    async with exporter.client.post(f"{exporter.address}/-/backfill{query}") as answer:
        assert answer.status == status
        assert reason in (await answer.json())["reason"]
