"""Commands that ask a running exporter: real processes against the real web server."""

import asyncio
import json
import os
import pty
import signal
import sys

import msgspec
import pytest
from aiohttp import web

from exporter.feeds.status import State
from exporter.model import Liquidation
from tests.events import liquidation
from tests.integration.serving import EXCHANGES, ROOT, command, listening, now_ms, serving, started


@pytest.fixture
async def exporter():
    async with serving() as exporter:
        yield exporter


def event(number: int, **fields) -> Liquidation:
    """An event of this very minute."""
    time_ms = now_ms() - 1000 + number
    return liquidation(number, **{"time_ms": time_ms, "received_ms": time_ms + 5} | fields)


def squeezed(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


async def test_stats_shows_what_the_exporter_counts(exporter, tmp_path):
    exporter.add(event(1), event(2, exchange="bybit", side="short", base_quantity=0.5, notional_usd=25_000.0))
    result = await command("stats", "--base", "btcusdt", "--url", exporter.url, cwd=tmp_path)
    lines = squeezed(result.out)
    assert (result.status, result.err) == (0, "")
    assert lines[0] == "BTC liquidations, all time"
    assert lines[1] == "2 events $30,000.00 0.6 BTC"
    assert "Feeds: 2 of 2 live" in lines
    assert any(line.startswith("last 24h 2 $30K $5K $25K 16.7% $25K BULLISH bybit 83.3%") for line in lines)


async def test_stats_of_a_window_has_no_other_windows(exporter, tmp_path):
    exporter.add(event(1))
    result = await command("stats", "--window", "4h", "--url", exporter.url, cwd=tmp_path)
    assert squeezed(result.out)[0] == "Liquidations of all coins, last 4h"
    assert "Windows" not in result.out


async def test_stats_as_json_are_the_exporters_own(exporter, tmp_path):
    exporter.add(event(1), event(2))
    result = await command("stats", "--json", "--base", "BTC", "--url", exporter.url, cwd=tmp_path)
    assert result.out.count("\n") == 1
    answer = json.loads(result.out)
    assert (answer["base"], answer["window"], answer["total"]["events"]) == ("BTC", None, 2)
    assert set(answer["exchanges"]) == set(EXCHANGES)


async def test_a_feed_that_is_down_is_named_beside_the_figures(exporter, tmp_path):
    feed = next(iter(exporter.statuses["bybit"].feeds.values()))
    feed.connections[0], feed.reason = State.BLOCKED, "HTTP 403"
    result = await command("stats", "--url", exporter.url, cwd=tmp_path)
    assert "Feeds: 1 of 2 live · bybit blocked (HTTP 403)" in squeezed(result.out)


async def test_watch_as_json_goes_on_until_it_is_interrupted(exporter, tmp_path):
    async with started("stats", "--watch", "--json", "--url", exporter.url, cwd=tmp_path) as process:
        assert json.loads(await process.line())["total"]["events"] == 0
        exporter.add(event(1))
        while json.loads(await process.line())["total"]["events"] == 0:
            pass
        result = await process.end(signal.SIGINT)
    assert (result.status, result.err) == (130, "")


async def read_until(terminal: int, text: str) -> str:
    """Read from a terminal until a text has come."""
    shown = ""
    while text not in shown:
        chunk = await asyncio.wait_for(asyncio.to_thread(os.read, terminal, 65536), 20)
        shown += chunk.decode(errors="replace")
    return shown


async def test_watch_refreshes_a_terminal_in_place_and_outlives_the_exporter(exporter, tmp_path):
    exporter.add(event(1))
    terminal, inside = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "exporter", "stats", "--watch", "--url", exporter.url),
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100", "LINES": "50"},
        stdin=inside,
        stdout=inside,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(inside)
    try:
        assert "\x1b[?1049h" in await read_until(terminal, "1 events")
        exporter.add(event(2))
        await read_until(terminal, "2 events")
        await exporter.stop()
        await read_until(terminal, "These figures are old")
        await exporter.start()
        exporter.add(event(3))
        await read_until(terminal, "3 events")
        process.send_signal(signal.SIGINT)
        await read_until(terminal, "\x1b[?1049l")
        assert (await process.communicate())[1] == b""
        assert process.returncode == 130
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(terminal)


async def test_events_come_newest_last(exporter, tmp_path):
    exporter.add(*(event(number, notional_usd=1000.0 * number) for number in range(1, 6)))
    result = await command("events", "--limit", "3", "--url", exporter.url, cwd=tmp_path)
    header, *lines = squeezed(result.out)
    assert header == "Time (UTC) Exchange Instrument Side Price Amount USD"
    assert [line.rpartition(" ")[2] for line in lines] == ["$3,000", "$4,000", "$5,000"]


async def test_events_as_json_are_an_event_file(exporter, tmp_path):
    events = [event(number) for number in range(3)]
    exporter.add(*events)
    result = await command("events", "--json", "--url", exporter.url, cwd=tmp_path)
    assert [msgspec.json.decode(line, type=Liquidation) for line in result.out.splitlines()] == events


async def test_events_are_filtered(exporter, tmp_path):
    wanted = event(9, exchange="bybit", side="short", base="ETH", notional_usd=300_000.0)
    exporter.add(
        wanted,
        event(1, exchange="bybit", side="short", base="ETH", notional_usd=200_000.0),
        event(2, exchange="bybit", side="short", notional_usd=300_000.0),
        event(3, exchange="bybit", base="ETH", notional_usd=300_000.0),
        event(4, side="short", base="ETH", notional_usd=300_000.0),
    )
    filters = ("--base", "ETH", "--side", "short", "--exchange", "bybit", "--min-usd", "250k")
    result = await command("events", "--json", *filters, "--url", exporter.url, cwd=tmp_path)
    assert [json.loads(line)["id"] for line in result.out.splitlines()] == [wanted.id]


async def test_no_events_are_said(exporter, tmp_path):
    result = await command("events", "--side", "long", "--url", exporter.url, cwd=tmp_path)
    assert (result.status, result.err) == (0, "no liquidations of this kind yet\n")


async def test_follow_shows_every_event_once_across_a_restart(exporter, tmp_path):
    exporter.add(event(0), event(1), event(2))
    flags = ("events", "--follow", "--limit", "2", "--json", "--url", exporter.url)
    async with started(*flags, cwd=tmp_path) as process:
        seen = [await process.line(), await process.line()]
        exporter.add(event(3))
        seen.append(await process.line())
        await exporter.stop()
        assert "the stream has ended; trying again" in await process.complaint_line()
        exporter.add(event(4), event(5))
        await exporter.start()
        seen += [await process.line(), await process.line()]
        assert await process.complaint_line() == "connected again"
        exporter.add(event(6))
        seen.append(await process.line())
        result = await process.end(signal.SIGINT)
    assert [json.loads(line)["id"] for line in seen] == [f"id-{number}" for number in range(1, 7)]
    assert (result.status, result.out, result.err) == (130, "", "")


async def test_follow_of_a_coin_that_has_not_come_yet_waits_for_it(exporter, tmp_path):
    async with started("events", "--follow", "--base", "NEW", "--url", exporter.url, cwd=tmp_path) as process:
        await process.line()
        exporter.add(event(1), event(2, base="NEW"))
        assert "NEW" in await process.line()


async def test_follow_says_how_many_events_it_was_too_slow_for(tmp_path):
    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'event: lost\ndata: {"events":7}\n\n: heartbeat\n\nevent: stats\ndata: {}\n\n')
        await response.write(b"event: liquidation\ndata: %b\n\n" % msgspec.json.encode(event(1)))
        await asyncio.sleep(30)
        return response

    async def newest(_request: web.Request) -> web.Response:
        return web.json_response({"now": None, "now_ms": 0, "limit": 1, "events": []})

    async with (
        listening(stream=stream, events=newest) as url,
        started("events", "--follow", "--json", "--url", url, cwd=tmp_path) as process,
    ):
        assert json.loads(await process.line())["id"] == "id-1"
        assert (await process.complaint_line()).startswith("7 events were left out")


async def test_follow_ends_quietly_when_nobody_reads(exporter, tmp_path):
    async with started("events", "--follow", "--url", exporter.url, cwd=tmp_path) as process:
        await process.line()
        process.out._transport.close()
        exporter.add(event(1))
        exporter.add(event(2))
        status = await asyncio.wait_for(process._process.wait(), 20)
        assert (status, await process.err.read()) == (141, b"")


async def test_exchanges_show_state_and_capability(exporter, tmp_path):
    result = await command("exchanges", "--url", exporter.url, cwd=tmp_path)
    lines = squeezed(result.out)
    assert any(line.startswith("bybit live 2 of 2 ") for line in lines)
    assert any(line.startswith("binance sample: 1/s per symbol 2021-04-27 fill") for line in lines)
    as_json = await command("exchanges", "--json", "--url", exporter.url, cwd=tmp_path)
    assert {each["exchange"]: each["state"] for each in json.loads(as_json.out)["exchanges"]} == {
        "binance": "live",
        "bybit": "live",
    }


async def test_exchanges_are_known_without_an_exporter(exporter, tmp_path):
    await exporter.stop()
    result = await command("exchanges", "--url", exporter.url, cwd=tmp_path)
    assert result.status == 0
    assert result.out.startswith(f"State: not running (no exporter answers at {exporter.url})")
    assert any(line.startswith("bybit every one 2025-02-20 bankruptcy") for line in squeezed(result.out))
    as_json = await command("exchanges", "--json", "--url", exporter.url, cwd=tmp_path)
    assert {each["state"] for each in json.loads(as_json.out)["exchanges"]} == {"not running"}


@pytest.mark.parametrize("name", ["stats", "events"])
async def test_nothing_answers(exporter, tmp_path, name):
    await exporter.stop()
    for flags in ((), ("--json",), ("--watch",) if name == "stats" else ("--follow",)):
        complaint = (await command(name, *flags, "--url", exporter.url, cwd=tmp_path)).complaint
        assert complaint == (
            f"no exporter answers at {exporter.url} (connection refused); start one with `make run` or `make demo`, "
            "or name its address with --url"
        )


async def test_the_address_comes_from_flag_environment_or_configuration(exporter, tmp_path):
    exporter.add(event(1))
    elsewhere = "http://127.0.0.1:9"
    for flags, env in (
        (("--url", exporter.url), {"LIQ_URL": elsewhere}),
        (("--web.listen-address", "127.0.0.1:9"), {"LIQ_URL": exporter.url}),
        (("--web.listen-address", f":{exporter.port}"), {}),
        (("--web.listen-address", f"0.0.0.0:{exporter.port}"), {}),
    ):
        result = await command("stats", "--json", *flags, cwd=tmp_path, env=env)
        assert json.loads(result.out)["total"]["events"] == 1


async def test_a_coin_that_the_exporter_does_not_know(exporter, tmp_path):
    complaint = (await command("stats", "--base", "NOPE", "--url", exporter.url, cwd=tmp_path)).complaint
    assert "no liquidation of 'NOPE' has been seen" in complaint


@pytest.mark.parametrize("answer", [b"<html>", b"{}", b"\xff"])
@pytest.mark.parametrize("status", [200, 404])
async def test_another_server_is_told_from_an_exporter(tmp_path, answer, status):
    async def handle(_request: web.Request) -> web.Response:
        return web.Response(body=answer, status=status)

    async with listening(stats=handle, events=handle, exchanges=handle) as url:
        for flags in (("stats",), ("stats", "--json"), ("events", "--json"), ("exchanges",), ("exchanges", "--json")):
            complaint = (await command(*flags, "--url", url, cwd=tmp_path)).complaint
            assert complaint.startswith(url)
            assert "like this exporter" in complaint


@pytest.mark.parametrize(
    "url", ["localhost:10110", "ftp://a/", "http://", "http://[::1", "http://me:hunter2@:1/", "http://a:99999"]
)
async def test_what_is_not_an_address_is_told_without_its_password(tmp_path, url):
    complaint = (await command("stats", "--url", url, cwd=tmp_path)).complaint
    assert "is not an address; write for example http://127.0.0.1:10110" in complaint
    assert "hunter2" not in complaint
