"""Bad input: one clear line that names the thing and the way out, exit status 2, data untouched."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys

import msgspec
import pytest

from exporter.interchange import event_line
from exporter.journal import Batch, Database
from exporter.model import FeedChange
from tests.events import T0, liquidation
from tests.integration.serving import ROOT, command, started


@pytest.fixture
def data(tmp_path):
    """A data folder with five events and a feed change."""
    folder = tmp_path / "data"
    folder.mkdir()
    database = Database(folder / "journal.db")
    database.write(Batch([liquidation(number) for number in range(5)]))
    database.write(Batch([FeedChange(T0 + 9000, "binance", "futures", up=False, reason="stopped")]))
    database.close()
    return folder


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("nonsense",), "invalid choice: 'nonsense' (choose from 'run', "),
        (("--nonsense",), "unrecognized arguments: --nonsense; see python -m exporter --help"),
        (("--log.level", "loud"), "argument --log.level: invalid choice: 'loud' (choose from 'debug', "),
        (("--log.format", "xml"), "argument --log.format: invalid choice: 'xml'"),
        (("--config.file", "nope.yaml"), "nope.yaml: no such file"),
        (("--web.listen-address", "10110"), "web.listen_address: '10110' is not host:port"),
        (("demo", "--scenario", "x"), "argument --scenario: invalid choice: 'x' (choose from 'calm', "),
        (("demo", "--seed", "x"), "argument --seed: 'x' is not a whole number from 0 up"),
        (("demo", "--duration", "0"), "argument --duration: '0' is not above zero"),
        (("simulate", "--port", "99999"), "argument --port: '99999' is not a port from 0 to 65535"),
        (("stats", "--window", "2h"), "argument --window: '2h' is not a window; there are 1h, 4h, 12h, 24h"),
        (("events", "--limit", "0"), "argument --limit: '0' is not a whole number from 1 to 1000"),
        (("events", "--side", "up"), "argument --side: invalid choice: 'up' (choose from 'long', 'short')"),
        (("events", "--exchange", "x"), "argument --exchange: invalid choice: 'x' (choose from 'binance', "),
        (("events", "--min-usd", "-1"), "argument --min-usd: '-1' is not an amount of USD"),
        (("decode",), "the following arguments are required: --exchange"),
        (("decode", "--exchange", "mtgox"), "argument --exchange: invalid choice: 'mtgox' (choose from 'binance', "),
        (("decode", "--exchange", "bybit", "--instruments", "nope"), "nope: cannot be read: No such file"),
        (("replay",), "the following arguments are required: FILE"),
        (("replay", "nope.jsonl"), "nope.jsonl: cannot be read: No such file or directory"),
        (("replay", "."), ".: cannot be read: Is a directory"),
        (("replay", "-", "-"), "- (stdin) can be given once only"),
        (("export", "--since", "x"), "argument --since: 'x' is not a time; write for example"),
        (("export", "--since", "1h", "--until", "2h"), "--since is not before --until"),
        (("export", "--data.dir", "nope"), "nope/journal.db: no journal here"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, tuple) else None,
)
async def test_bad_arguments(tmp_path, arguments, part):
    assert part in (await command(*arguments, cwd=tmp_path)).complaint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("wbe: {}", "config.yaml: wbe: unknown key; known here: data, web, "),
        ("feeds: {silent: 5s}", "config.yaml: feeds.silent: unknown key; known here: connect_timeout, "),
        ("exchanges: {mtgox: {}}", "config.yaml: exchanges.mtgox: unknown exchange; known: binance, bybit"),
        (
            "exchanges: {bybit: {endpoints: {ws: 'http://x'}}}",
            "exchanges.bybit.endpoints.ws: 'http://x' is not a wss://",
        ),
        (
            "exchanges: {bybit: {endpoints: {ws: 'ws://[::1'}}}",
            "exchanges.bybit.endpoints.ws: 'ws://[::1' is not a wss://",
        ),
        ("feeds: {backoff_max: soon}", "'soon' is not a duration; write for example 15s"),
        ("web: [", "config.yaml: not valid YAML at line 1"),
        ("- a", "config.yaml: the file must hold keys and values"),
    ],
)
async def test_bad_configuration(tmp_path, text, part):
    (tmp_path / "config.yaml").write_text(text)
    for arguments in ((), ("stats",), ("--config.check",), ("demo", "--config.check")):
        assert part in (await command(*arguments, cwd=tmp_path)).complaint


async def test_a_good_configuration_is_shown_without_its_secrets(tmp_path):
    (tmp_path / "config.yaml").write_text("exchanges: {bybit: {endpoints: {rest: 'https://me:hunter2@proxy/'}}}\n")
    result = await command("run", "--config.check", "--log.level", "debug", cwd=tmp_path, env={"LIQ_DATA_DIR": "/x"})
    assert (result.status, result.err) == (0, "")
    assert result.out.endswith("\nok\n")
    assert "dir: /x" in result.out
    assert "level: debug" in result.out
    assert "https://***@proxy/" in result.out
    assert "hunter2" not in result.out


async def test_a_port_in_use(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        complaint = last_line(await command("--web.listen-address", address, "--data.dir", "d", cwd=tmp_path))
    assert complaint.startswith(f"error: web.listen-address {address} is in use; ")


async def test_a_data_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("mine")
    complaint = (
        await command("--data.dir", "file/data", "--web.listen-address", "127.0.0.1:0", cwd=tmp_path)
    ).complaint
    assert complaint == "data folder file/data: cannot be written (Not a directory); choose another with --data.dir"
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("arguments", [("run", "--web.listen-address", "127.0.0.1:0"), ("export",)])
async def test_a_journal_that_is_damaged_stays_as_it_is(tmp_path, data, arguments):
    content = b"not a database at all, but somebody's notes" * 100
    (data / "journal.db").write_bytes(content)
    complaint = (await command(*arguments, "--data.dir", data, cwd=tmp_path)).complaint
    assert complaint.startswith(f"{data}/journal.db: the journal is damaged")
    assert (data / "journal.db").read_bytes() == content


@pytest.mark.parametrize("arguments", [("run", "--web.listen-address", "127.0.0.1:0"), ("export",)])
async def test_another_database_stays_as_it_is(tmp_path, data, arguments):
    (data / "journal.db").unlink()
    other = sqlite3.connect(data / "journal.db")
    other.execute("CREATE TABLE recipes (name)")
    other.commit()
    other.close()
    before = (data / "journal.db").read_bytes()
    complaint = (await command(*arguments, "--data.dir", data, cwd=tmp_path)).complaint
    assert "a SQLite file, but not a journal of this exporter" in complaint
    assert (data / "journal.db").read_bytes() == before


def last_line(result) -> str:
    assert (result.status, result.out) == (2, "")
    assert "Traceback" not in result.err
    return result.err.splitlines()[-1]


def event_file(*events) -> bytes:
    return b"".join(map(event_line, events))


async def test_replay_of_a_file_that_is_cut_off(tmp_path):
    (tmp_path / "cut.jsonl").write_bytes(event_file(*map(liquidation, range(5)))[:-20])
    for flags in ((), ("--json",)):
        complaint = (await command("replay", "cut.jsonl", *flags, cwd=tmp_path)).complaint
        assert complaint == "cut.jsonl: line 5 is cut off; copy the file again, or delete this last line"


async def test_replay_of_a_file_out_of_order(tmp_path):
    (tmp_path / "e.jsonl").write_bytes(event_file(liquidation(2), liquidation(1)))
    complaint = (await command("replay", "e.jsonl", cwd=tmp_path)).complaint
    assert complaint == "e.jsonl: line 2 is earlier than the line before it; sort the file by time_ms"


async def test_replay_of_files_and_stdin(tmp_path):
    truth = msgspec.json.encode(msgspec.structs.asdict(liquidation(2)) | {"certain": False}) + b"\n"
    (tmp_path / "a.jsonl").write_bytes(event_file(liquidation(0), liquidation(1)))
    data = event_file(liquidation(1)) + truth
    result = await command("replay", "a.jsonl", "-", "--json", cwd=tmp_path, data=data)
    answer = json.loads(result.out)
    assert list(answer) == ["stats", "episodes", "levels"]
    assert (answer["episodes"], answer["levels"]) == ([], [])
    assert (answer["stats"]["base"], answer["stats"]["total"]["events"]) == (None, 3)
    table = await command("replay", "a.jsonl", "-", "--base", "BTCUSDT", cwd=tmp_path, data=data)
    assert table.out.startswith("BTC liquidations, all time\n3 events   $15,000.00   0.3 BTC\n")


async def test_replay_of_a_coin_that_is_not_there(tmp_path):
    complaint = (await command("replay", "-", "--base", "X", cwd=tmp_path, data=event_file(liquidation()))).complaint
    assert complaint == "--base X: these files hold no liquidation of it; they have BTC"


async def test_replay_of_nothing_is_nothing(tmp_path):
    result = await command("replay", "-", "--json", cwd=tmp_path)
    assert json.loads(result.out)["stats"]["total"]["events"] == 0


FRAME = (
    b'{"topic":"allLiquidation.ROSEUSDT","type":"snapshot","ts":1739502303204,'
    b'"data":[{"T":1739502302929,"s":"ROSEUSDT","S":"Sell","v":"20000","p":"0.04499"}]}\n'
)


async def test_decode_goes_on_after_a_malformed_frame_and_ends_with_1(tmp_path):
    result = await command("decode", "--exchange", "bybit", cwd=tmp_path, data=FRAME + b"garbage\n" + FRAME)
    assert result.status == 1
    assert [json.loads(line)["side"] for line in result.out.splitlines()] == ["short", "short"]
    assert json.loads(result.out.splitlines()[0])["notional_usd"] is None
    assert result.err.startswith("line 2: malformed frame: ")
    assert result.err.count("\n") == 1


async def test_decode_answers_frame_by_frame(tmp_path):
    async with started("decode", "--exchange", "bybit", cwd=tmp_path) as process:
        process.stdin.write(FRAME)
        assert json.loads(await process.line())["instrument"] == "ROSEUSDT"
        assert (await process.end(data=b"")).status == 0


async def test_export_while_a_writer_has_the_journal_open(tmp_path, data):
    writer = Database(data / "journal.db")
    writer.write(Batch([liquidation(7)]))
    result = await command("export", "--data.dir", data, cwd=tmp_path)
    assert [json.loads(line)["id"] for line in result.out.splitlines()] == [f"id-{n}" for n in (0, 1, 2, 3, 4, 7)]
    writer.write(Batch([liquidation(8)]))
    writer.close()


async def test_what_was_exported_replays_to_the_same(tmp_path, data):
    for form in ("events", "journal"):
        result = await command("export", "--format", form, "--data.dir", data, "--output", form, cwd=tmp_path)
        assert (result.status, result.out, result.err) == (0, "", "")
        answer = await command("replay", form, "--json", cwd=tmp_path)
        assert json.loads(answer.out)["stats"]["total"]["events"] == 5
    assert (tmp_path / "journal").read_bytes().count(b'"feed_change"') == 1


async def test_export_of_a_span(tmp_path, data):
    since, until = "2026-09-21T14:13:01", "2026-09-21T14:13:03Z"
    result = await command("export", "--since", since, "--until", until, "--data.dir", data, cwd=tmp_path)
    assert [json.loads(line)["id"] for line in result.out.splitlines()] == ["id-1", "id-2"]


async def test_export_to_a_place_that_cannot_be_written(tmp_path, data):
    for place, part in (("no/such", "there is no folder 'no' to write 'such' to"), (".", "'.' is a folder")):
        result = await command("export", "--data.dir", data, "--output", place, cwd=tmp_path)
        assert result.complaint.startswith(f"argument --output: {part}")


NOBODY = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    "form",
    [("export", "--data.dir", "data"), ("replay", "events.jsonl"), ("exchanges", "--json", "--url", NOBODY)],
    ids=lambda form: form[0],
)
def test_a_reader_that_leaves_and_a_full_disk_are_told_apart(tmp_path, data, form):
    (tmp_path / "events.jsonl").write_bytes(event_file(*map(liquidation, range(5))))
    run = (sys.executable, "-m", "exporter", *form)
    options = {"cwd": tmp_path, "env": os.environ | {"PYTHONPATH": str(ROOT)}, "stderr": subprocess.PIPE}
    reader, writer = os.pipe()
    os.close(reader)
    left = subprocess.run(run, stdout=writer, check=False, **options)
    os.close(writer)
    assert (left.returncode, left.stderr) == (141, b"")
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device, not a path of the test's
        filled = subprocess.run(run, stdout=full, check=False, **options)
    assert filled.returncode == 2
    assert filled.stderr.startswith(b"error: stdout: ")
    assert filled.stderr.endswith(b"No space left on device\n")
    assert filled.stderr.count(b"\n") == 1


async def test_simulate_announces_its_addresses_and_writes_the_truth_when_told_to_stop(tmp_path):
    flags = ("--scenario", "calm", "--truth", "truth.jsonl")
    async with started("simulate", *flags, cwd=tmp_path) as process:
        endpoints = json.loads(await process.line())["endpoints"]
        result = await process.end(signal.SIGTERM)
    assert {"binance", "bybit"} <= set(endpoints)
    assert result.status == 0
    assert "exchanges:\n  binance:\n    endpoints:\n" in result.err
    assert (tmp_path / "truth.jsonl").exists()


async def test_simulate_on_a_port_in_use(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        complaint = (await command("simulate", "--port", port, cwd=tmp_path)).complaint
    assert str(port) in complaint
    assert "choose another --port" in complaint
