"""What `check` says about sources that are right, wrong, late, elsewhere and not there."""

import json
import sqlite3
from contextlib import closing

import pytest
from aiohttp import web

from exporter.access import Access
from exporter.check import Difference, Verdict, check, runner
from exporter.check.metrics import MetricsSource
from exporter.check.redis import RedisSource
from exporter.check.source import Unconfigured
from exporter.check.timescale import TimescaleSource
from exporter.config import Config
from exporter.model import FeedChange
from tests.history import History, eventually, following
from tests.integration.metrics_page import MetricsPage
from tests.integration.serving import command
from tests.journals import Grown
from tests.redis_server import new_server
from tests.redis_world import World, followed

CONFIG = Config()


@pytest.fixture
def world(tmp_path):
    """A journal with a checkpoint and a tail behind it."""
    world = World(tmp_path / "journal.db")
    world.add(300, repeat=20, feed_change=True)
    world.checkpoint()
    world.add(50, feed_change=True)
    yield world
    world.database.close()


@pytest.fixture
def redis_server(tmp_path):
    server = new_server(tmp_path).start()
    yield server
    server.stop()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(runner, "PATIENCE_S", 0.5)
    monkeypatch.setattr(runner, "PAUSE_S", 0.05)


NOT_RUNNING = MetricsSource(Access("http://127.0.0.1:9"), demanded=False)


async def reports(world, *sources):
    """Check; the reports by source, after the journal's own, which must be equal."""
    report = await check(world.path, CONFIG, sources)
    journal, *others = report.sources
    assert (journal.source, journal.verdict) == ("journal", Verdict.EQUAL)
    return report, {each.source: each for each in others}


async def test_the_journal_alone_is_compared_with_itself(world):
    report, found = await reports(world, Unconfigured("redis"), NOT_RUNNING)
    assert report.equal
    assert report.journal == world.database.uuid
    journal = report.sources[0]
    assert journal.tables == ("coins", "levels", "events")
    assert (journal.seq, journal.events) == (world.last_seq, len(world.events()))
    assert found["redis"].verdict is Verdict.NOT_CONFIGURED
    assert found["metrics"].verdict is Verdict.NOT_RUNNING


@pytest.mark.parametrize(
    ("damage", "table", "figure"),
    [
        ("UPDATE totals SET events = events + 1 WHERE exchange = 'bybit' AND base = 'BTC'", "coins", "events"),
        ("UPDATE events SET notional_usd = notional_usd * 1.00001 WHERE seq = 10", "events", "usd"),
        ("UPDATE events SET side = iif(side = 'long', 'short', 'long') WHERE seq = 10", "events", "events"),
        ("DELETE FROM levels WHERE base = 'BTC' AND side = 'long'", "levels", "usd"),
    ],
)
async def test_a_journal_that_contradicts_itself_is_found_out(world, damage, table, figure):
    with closing(sqlite3.connect(world.path)) as db, db:
        assert db.execute(damage).rowcount
    report = await check(world.path, CONFIG, [])
    assert not report.equal
    assert (table, figure) in {(each.table, each.figure) for each in report.sources[0].differences}


async def test_what_is_pruned_is_no_difference(world):
    assert world.database.prune(1 << 60, 0, world.records[99].seq)
    report, _ = await reports(world)
    assert report.equal
    gone = 100 - sum(isinstance(record.entry, FeedChange) for record in world.records[:100])
    assert report.sources[0].reason == f"{gone} old events are not in it, their sums are"


async def test_the_events_of_a_journal_with_too_many_are_not_added_up(world):
    with closing(sqlite3.connect(world.path)) as db, db:
        db.execute("UPDATE events SET notional_usd = notional_usd * 2 WHERE seq = 10")
    held = world.records[-1].seq - world.records[0].seq + 1
    assert not (await check(world.path, CONFIG, [], most_events=held)).equal
    report = await check(world.path, CONFIG, [], most_events=held - 1)
    assert report.equal
    assert report.sources[0].tables == ("coins", "levels")


async def test_redis_that_has_everything_is_equal(world, redis_server):
    await (await followed(world, redis_server.address)).close()
    report, found = await reports(world, RedisSource(redis_server.address), NOT_RUNNING)
    assert report.equal
    assert (found["redis"].verdict, found["redis"].seq) == (Verdict.EQUAL, world.last_seq)
    assert found["redis"].tables == ("totals", "levels", "exchanges")


async def test_every_figure_that_differs_in_redis_is_named(world, redis_server):
    await (await followed(world, redis_server.address)).close()
    with redis_server.client() as client:
        events = int(client.hget("liq:totals:BTC", "bybit:short:events"))
        client.hset("liq:totals:BTC", "bybit:short:events", events + 1)
        client.hset("liq:totals:NEW", "binance:long:usd", "12.5")
        client.sadd("liq:exchanges", "ftx")
        client.delete("liq:levels:ETH:long")
    report, found = await reports(world, RedisSource(redis_server.address), NOT_RUNNING)
    assert not report.equal
    assert found["redis"].verdict is Verdict.DIFFERS
    totals = [each for each in found["redis"].differences if each.table != "levels"]
    assert totals == [
        Difference("totals", "binance", "NEW", "long", "usd", 0.0, 12.5),
        Difference("totals", "bybit", "BTC", "short", "events", events, events + 1),
        Difference("exchanges", "ftx", "*", "*", "listed", 0.0, 1.0),
    ]
    levels = [each for each in found["redis"].differences if each.table == "levels"]
    assert [(each.base, each.side, each.figure, each.found) for each in levels] == [
        ("ETH", "long", "base_quantity", 0.0),
        ("ETH", "long", "usd", 0.0),
    ]


async def test_a_difference_within_rounding_is_none_and_one_beyond_it_is_one(world, redis_server):
    await (await followed(world, redis_server.address)).close()
    with redis_server.client() as client:
        usd = float(client.hget("liq:totals:BTC", "binance:long:usd"))
        client.hset("liq:totals:BTC", "binance:long:usd", repr(usd * (1 + 5e-10)))
        assert (await reports(world, RedisSource(redis_server.address), NOT_RUNNING))[0].equal
        client.hset("liq:totals:BTC", "binance:long:usd", repr(usd * (1 + 2e-9)))
        assert not (await reports(world, RedisSource(redis_server.address), NOT_RUNNING))[0].equal


async def test_redis_that_lags_is_behind_and_not_equal(world, redis_server):
    await (await followed(world, redis_server.address)).close()
    seq = world.last_seq
    world.add(10)
    report, found = await reports(world, RedisSource(redis_server.address), NOT_RUNNING)
    assert not report.equal
    assert found["redis"].verdict is Verdict.BEHIND
    assert f"{seq:,}" in found["redis"].reason
    world.checkpoint()
    world.add(1)
    _, found = await reports(world, RedisSource(redis_server.address), NOT_RUNNING)
    assert found["redis"].verdict is Verdict.BEHIND
    assert f"the journal at {world.last_seq:,}" in found["redis"].reason


async def test_redis_that_is_seen_to_follow_is_equal_as_of_its_own_record(world, redis_server, monkeypatch):
    store = await followed(world, redis_server.address)
    source = RedisSource(redis_server.address)
    read = source.read
    monkeypatch.setattr(runner, "PAUSE_S", 0.0)

    async def read_and_go_on(journal):
        reading = await read(journal)
        await store.write(world.add(5))
        world.add(3)
        return reading

    async def write_all(journal):
        await store.write(world.database.read(store._contents.seq, 100))
        return await read_and_go_on(journal)

    source.read = write_all
    world.add(1)
    report, found = await reports(world, source, NOT_RUNNING)
    assert report.equal
    assert found["redis"].seq < world.last_seq
    await store.close()


async def test_redis_of_another_journal_flushed_or_rewritten_is_said_to_be(world, redis_server, tmp_path):
    other = World(tmp_path / "other.db")
    other.add(5)
    await (await followed(other, redis_server.address)).close()
    source = RedisSource(redis_server.address)
    _, found = await reports(world, source, NOT_RUNNING)
    assert (found["redis"].verdict, other.database.uuid in found["redis"].reason) == (Verdict.STRANGE, True)
    with redis_server.client() as client:
        client.hset("liq:meta", mapping={"journal": world.database.uuid, "state": "rewriting"})
        _, found = await reports(world, source, NOT_RUNNING)
        assert (found["redis"].verdict, found["redis"].reason) == (Verdict.BEHIND, "it is being rewritten")
        client.flushall()
    report, found = await reports(world, source, NOT_RUNNING)
    assert (found["redis"].verdict, report.equal) == (Verdict.BEHIND, False)
    other.database.close()


@pytest.mark.parametrize("address", ["redis://127.0.0.1:9/0", "redis://127.0.0.1:x", "nonsense"])
async def test_redis_that_cannot_be_reached_is_a_failure_with_a_reason(world, address, impatient):
    report, found = await reports(world, RedisSource(address))
    assert not report.equal
    assert found["redis"].verdict is Verdict.UNREACHABLE
    assert found["redis"].reason


async def test_metrics_are_compared_as_of_the_events_that_they_count(world):
    async with MetricsPage(world) as metrics:
        report, found = await reports(world, metrics.source())
        assert report.equal
        assert (found["metrics"].verdict, found["metrics"].events) == (Verdict.EQUAL, len(world.events()))
        assert found["metrics"].tables == ("coins", "exchanges")
        metrics.between = lambda: world.add(3)
        report, found = await reports(world, metrics.source())
        assert report.equal
        assert found["metrics"].events < len(world.events())


async def test_metrics_that_show_too_much_differ(world):
    world.ledger.cells["bybit", "BTC", "short"].usd += 1.0
    async with MetricsPage(world) as metrics:
        report, found = await reports(world, metrics.source())
    assert not report.equal
    assert found["metrics"].verdict is Verdict.DIFFERS
    (difference,) = found["metrics"].differences
    assert (difference.table, difference.base, difference.figure) == ("coins", "BTC", "usd")


async def test_metrics_that_never_come_to_rest_are_said_to_move(world, impatient):
    async with MetricsPage(world) as metrics:
        world.ledger.cells["bybit", "BTC", "short"].usd += 1.0
        metrics.between = lambda: world.add(1)
        report, found = await reports(world, metrics.source())
    assert not report.equal
    assert found["metrics"].verdict is Verdict.MOVING
    assert "while it was read" in found["metrics"].reason


async def something_else(_request):
    return web.Response(text="<html>")


async def test_an_exporter_that_was_named_must_answer_and_must_be_one(world, impatient):
    _, found = await reports(world, MetricsSource(Access("http://127.0.0.1:9"), demanded=True))
    assert found["metrics"].verdict is Verdict.UNREACHABLE
    app = web.Application()
    app.router.add_get("/metrics", something_else)
    other = web.AppRunner(app)
    await other.setup()
    await web.TCPSite(other, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{other.addresses[0][1]}"
    _, found = await reports(world, MetricsSource(Access(url), demanded=False))
    assert found["metrics"].verdict is Verdict.UNREACHABLE
    assert "not answer like this exporter" in found["metrics"].reason
    await other.cleanup()


@pytest.fixture
def history(server):
    """An empty database, on each kind of server in turn."""
    return History(server, server.new_database())


@pytest.fixture
def grown(tmp_path):
    journal = Grown(tmp_path / "grown.db")
    yield journal
    journal.database.close()


async def test_a_database_that_has_everything_is_equal_in_every_table_and_view(grown, history):
    grown.add(500, repeat=20)
    grown.checkpoint()
    grown.add(50, oldest_ms=60_000)
    async with following(history.store(grown), grown) as store:
        await store.renew()
        await eventually(history.is_refreshed, "late events in the aggregates")
    report, found = await reports(grown, TimescaleSource(history.address), NOT_RUNNING)
    assert report.equal
    timescale = found["timescale"]
    assert (timescale.verdict, timescale.seq, timescale.events) == (Verdict.EQUAL, grown.last_seq, 550)
    aggregates = {"liquidation_totals", "liquidations_1m", "liquidations_1h", "liquidations_1d"}
    assert set(timescale.tables) == {"liquidations", "liquidation_levels", *aggregates}


async def test_of_a_database_with_too_many_events_only_the_totals_are_read(grown, history):
    grown.add(30, oldest_ms=60_000)
    async with following(history.store(grown), grown):
        pass
    report, found = await reports(grown, TimescaleSource(history.address, most_events=29), NOT_RUNNING)
    assert report.equal
    assert (found["timescale"].tables, found["timescale"].events) == (("liquidation_totals",), 30)
    _, found = await reports(grown, TimescaleSource(history.address, most_events=30), NOT_RUNNING)
    assert "liquidations" in found["timescale"].tables


async def test_every_figure_that_differs_in_the_database_is_named(grown, history):
    grown.add(200, oldest_ms=60_000)
    async with following(history.store(grown), grown):
        pass
    await history.fetch("UPDATE liquidations SET notional_usd = notional_usd + 1000 WHERE id = $1", grown.events[9].id)
    report, found = await reports(grown, TimescaleSource(history.address), NOT_RUNNING)
    event = grown.events[9]
    assert not report.equal
    assert found["timescale"].verdict is Verdict.DIFFERS
    raw = [each for each in found["timescale"].differences if each.table == "liquidations"]
    assert [(each.exchange, each.base, each.side, each.figure) for each in raw] == [
        (event.exchange, event.base, event.side, "usd")
    ]
    assert raw[0].found - raw[0].journal == pytest.approx(1000)
    assert {each.table for each in found["timescale"].differences} >= {"liquidation_levels"}


async def test_a_database_that_lags_is_empty_or_of_another_journal_is_said_to_be(grown, world, history, impatient):
    source = TimescaleSource(history.address)
    _, found = await reports(grown, source, NOT_RUNNING)
    assert (found["timescale"].verdict, found["timescale"].reason) == (Verdict.BEHIND, "nothing has been written to it")
    grown.add(20)
    async with following(history.store(grown), grown):
        pass
    grown.add(20)
    report, found = await reports(grown, source, NOT_RUNNING)
    assert (found["timescale"].verdict, report.equal) == (Verdict.BEHIND, False)
    _, found = await reports(world, source, NOT_RUNNING)
    assert found["timescale"].verdict is Verdict.STRANGE


async def test_a_database_that_cannot_be_reached_is_a_failure_with_a_reason(grown, impatient):
    report, found = await reports(grown, TimescaleSource("postgresql://admin@127.0.0.1:9/x"), NOT_RUNNING)
    assert (found["timescale"].verdict, report.equal) == (Verdict.UNREACHABLE, False)
    assert "127.0.0.1:9/x" in found["timescale"].reason


async def test_the_command_says_equal_in_a_table_and_exits_with_0(world, redis_server, tmp_path):
    await (await followed(world, redis_server.address)).close()
    stores = {"LIQ_STORES_REDIS_URL": redis_server.address, "LIQ_WEB_LISTEN_ADDRESS": "127.0.0.1:9"}
    result = await command("check", "--data.dir", tmp_path, cwd=tmp_path, env=stores)
    lines = [" ".join(line.split()) for line in result.out.splitlines()]
    assert (result.status, result.err) == (0, "")
    assert lines[0] == f"Journal {world.database.uuid}"
    assert any(line.startswith(f"redis equal {world.last_seq} {len(world.events())} ") for line in lines)
    assert any(line.startswith("timescale – –") for line in lines)
    assert any(line.startswith("metrics not running") for line in lines)
    assert "Equal: journal, redis." in lines


async def test_the_command_shows_the_rows_that_differ_and_exits_with_1(world, redis_server, tmp_path):
    await (await followed(world, redis_server.address)).close()
    with redis_server.client() as client:
        events = int(client.hget("liq:totals:BTC", "bybit:short:events"))
        client.hset("liq:totals:BTC", "bybit:short:events", events - 1)
    stores = {"LIQ_STORES_REDIS_URL": redis_server.address, "LIQ_WEB_LISTEN_ADDRESS": "127.0.0.1:9"}
    result = await command("check", "--data.dir", tmp_path, cwd=tmp_path, env=stores)
    lines = [" ".join(line.split()) for line in result.out.splitlines()]
    assert (result.status, result.err) == (1, "")
    assert f"totals bybit BTC short events {events} {events - 1} -1" in lines
    result = await command("check", "--json", "--data.dir", tmp_path, cwd=tmp_path, env=stores)
    assert result.status == 1
    answer = json.loads(result.out)
    assert answer["equal"] is False
    assert {each["source"]: each["verdict"] for each in answer["sources"]} == {
        "journal": "equal",
        "redis": "differs",
        "timescale": "not configured",
        "metrics": "not running",
    }
    difference = {"table": "totals", "exchange": "bybit", "base": "BTC", "side": "short", "figure": "events"}
    assert answer["sources"][1]["differences"] == [difference | {"journal": events, "found": events - 1}]


async def test_the_command_without_a_journal_or_with_a_bad_one_exits_with_2(tmp_path):
    result = await command("check", "--data.dir", tmp_path, cwd=tmp_path)
    assert "no journal here" in result.complaint
    (tmp_path / "journal.db").write_bytes(b"not a database, not even nearly" * 100)
    result = await command("check", "--data.dir", tmp_path, cwd=tmp_path)
    assert "journal" in result.complaint
    result = await command("check", "--url", "nonsense", "--data.dir", tmp_path, cwd=tmp_path)
    assert "'nonsense' is not an address" in result.complaint
