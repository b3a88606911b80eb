"""`backfill`: on a data folder, through a running exporter, and what it refuses."""

import asyncio
import json
import os
import pty
import sqlite3
import sys
import time

import msgspec
import pytest

from exporter.config import load
from exporter.exchanges import REGISTRY
from exporter.exchanges.base import Span
from exporter.feeds.status import Tally
from exporter.folder import held
from exporter.isotime import text_of
from exporter.journal import Database, JournalError
from exporter.recovery import recover
from exporter.simulator import Simulator
from tests.integration.serving import ROOT, command, started
from tests.integration.whole import app_changes, exporter, live, settled, total, until


def now_ms():
    return time.time_ns() // 1_000_000


@pytest.fixture
async def okx():
    simulator = Simulator("calm", 21, rate=60, exchanges=["okx"])
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture
def prompt(monkeypatch):
    """Do not wait until the exchange can know everything, and ask quickly."""
    for name, value in {"settled_s": 1.0, "again_s": 0.0, "every_s": 0.005}.items():
        monkeypatch.setattr(REGISTRY["okx"].history, name, value)


def configured(simulator, folder):
    """A configuration file for a command beside the simulator."""
    exchanges = {name: {"enabled": False} for name in REGISTRY}
    exchanges |= {name: {"endpoints": addresses} for name, addresses in simulator.endpoints().items()}
    path = folder / "config.yaml"
    path.write_text(json.dumps({"data": {"dir": str(folder)}, "exchanges": exchanges}))
    return path


def configuration(simulator, folder):
    return load(configured(simulator, folder), {}, {})


async def outage(simulator, folder):
    """Have an exporter count, stop it, and let the exchange go on for a while."""
    async with exporter(simulator, folder) as app:
        await until(lambda: live(app) and total(app) > 100)
    sent = simulator.sent
    await until(lambda: simulator.sent > sent + 60)


async def test_an_outage_is_filled_without_an_exporter_and_asking_again_adds_nothing(okx, tmp_path):
    await outage(okx, tmp_path)
    span = ("--since", "10m", "--until", text_of(now_ms()))
    flags = ("--config.file", configured(okx, tmp_path), "--exchange", "okx", *span)
    first = json.loads((await command("backfill", *flags, "--json", cwd=tmp_path)).out)
    assert first["recorded"] + first["waiting"] > 60
    assert first["known"] > 100
    assert (first["failures"], first["left_out"]) == (0, 0)
    again = await command("backfill", *flags, cwd=tmp_path)
    shown = [" ".join(line.split()) for line in again.out.splitlines()]
    assert {"new 0", f"already there {first['found']:,}"} <= set(shown), again
    assert shown[-1] == "All that it answers. Its feed is partial: every sum stays a floor."
    assert any("it can publish them up to 65m late; ask again after" in line for line in shown)
    assert again.status == 0
    async with exporter(okx, tmp_path) as app:
        await until(lambda: live(app))
        sent = len(await okx.settle())
        await until(lambda: total(app) + app.view.exchanges["okx"].pending_events == sent)
        _, comparison = await settled(app, okx)
        assert comparison.ok, comparison.wrong()[:5]


async def test_a_running_exporter_is_asked_and_the_gap_is_closed(okx, tmp_path, prompt):
    with held(tmp_path):
        async with exporter(okx, tmp_path, **{"feeds.backoff_max": "1s"}) as app:
            await until(lambda: live(app) and total(app) > 100)
            okx.refuse_rest("okx", 503, 600)
            okx.go_offline("okx", 2.0)
            await until(lambda: not live(app))
            await until(lambda: live(app) and app.view.exchanges["okx"].backfill.last_error)
            await okx.settle()
            okx.exchanges["okx"].faults.begin("refuse_rest", 0.0, 503)
            assert app.view.gaps.newest("okx")[0].missing
            flags = ("--config.file", configured(okx, tmp_path), "--exchange", "okx", "--since", "5m")
            address = ("--web.listen-address", app.address.removeprefix("http://").replace("localhost", "127.0.0.1"))
            result = await command("backfill", *flags, *address, "--json", cwd=tmp_path)
            report = json.loads(result.out)
            assert (result.status, report["failures"]) == (0, 0)
            assert report["recorded"] > 0
            assert app.view.gaps.newest("okx")[0].missing == ()
            truth, comparison = await settled(app, okx)
            assert comparison.ok, comparison.wrong()[:5]
            assert total(app) + app.view.exchanges["okx"].pending_events == len(truth)


async def test_an_exchange_that_does_not_answer_leaves_the_gap_and_says_so(okx, tmp_path, prompt):
    await outage(okx, tmp_path)
    config = configuration(okx, tmp_path)
    config = msgspec.structs.replace(config, feeds=msgspec.structs.replace(config.feeds, backoff_max=0.01))
    tally = Tally()
    span = Span(now_ms() - 600_000, now_ms())

    async def refuse():
        await until(lambda: tally.requests > 3)
        okx.refuse_rest("okx", 500, 600)

    refusing = asyncio.create_task(refuse())
    report = await recover(config, tmp_path / "journal.db", "okx", span, tally)
    await refusing
    assert report.failures > 0
    assert "HTTP 500" in report.missing[-1].reason
    assert report.missing[-1].reason.startswith("given up: ")


async def test_a_crash_before_is_known_as_one_afterwards(okx, tmp_path, prompt):
    (tmp_path / "first").mkdir()
    async with exporter(okx, tmp_path / "first") as app:
        await until(lambda: live(app) and total(app) > 20)
        source, copy = sqlite3.connect(tmp_path / "first" / "journal.db"), sqlite3.connect(tmp_path / "journal.db")
        source.backup(copy)
        source.close()
        copy.close()
    crashed_ms = now_ms()
    await recover(
        configuration(okx, tmp_path), tmp_path / "journal.db", "okx", Span(now_ms() - 60_000, now_ms()), Tally()
    )
    down = next(change for change in reversed(app_changes(tmp_path)) if not change.looks_back)
    assert (down.up, down.reason) == (False, "unclean stop")
    assert down.time_ms <= crashed_ms, "the outage begins with the crash, not with the back-fill"


async def test_a_journal_that_was_never_used_is_not_begun(okx, tmp_path):
    Database(tmp_path / "journal.db").close()
    with pytest.raises(JournalError, match="nothing was ever recorded here"):
        await recover(
            configuration(okx, tmp_path), tmp_path / "journal.db", "okx", Span(now_ms() - 60_000, now_ms()), Tally()
        )


async def test_progress_is_shown_to_whoever_watches(okx, tmp_path):
    await outage(okx, tmp_path)
    leader, follower = pty.openpty()
    span = ("--since", "1m", "--until", text_of(now_ms()))
    flags = ("--config.file", configured(okx, tmp_path), "--exchange", "okx", *span, "--log.level", "error")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "exporter", "backfill", *map(str, flags)),
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=follower,
        stdout=asyncio.subprocess.DEVNULL,
    )
    os.close(follower)
    assert await process.wait() == 0
    assert b" calls made, " in os.read(leader, 1 << 16)
    os.close(leader)


async def test_a_folder_in_use_by_an_exporter_that_does_not_answer(okx, tmp_path):
    config = configured(okx, tmp_path)
    async with started("--config.file", config, "--web.listen-address", "127.0.0.1:0", cwd=tmp_path) as process:
        while "feed live" not in await process.complaint_line():
            pass
        flags = ("--config.file", config, "--exchange", "okx", "--since", "1m", "--web.listen-address", "127.0.0.1:9")
        complaint = (await command("backfill", *flags, cwd=tmp_path)).complaint
    assert complaint == (
        f"data folder {tmp_path}: an exporter is using it, but none answers at http://127.0.0.1:9; name its address "
        "with --url, or stop it and ask again"
    )


@pytest.mark.parametrize(
    ("flags", "part"),
    [
        (("--exchange", "x", "--since", "1h"), "argument --exchange: invalid choice: 'x' (choose from 'binance', "),
        (("--since", "1h"), "the following arguments are required: --exchange"),
        (("--exchange", "okx"), "the following arguments are required: --since"),
        (("--exchange", "okx", "--since", "soon"), "argument --since: 'soon' is not a time; write for example"),
        (("--exchange", "bybit", "--since", "1h"), "Bybit can not be asked for the past; these can: okx, gate, htx"),
        (("--exchange", "okx", "--since", "2099-01-01"), "--since 2099-01-01T00:00Z is not in the past"),
        (("--exchange", "okx", "--since", "2d"), "is too long ago: OKX answers for the last 1d, from 20"),
        (("--exchange", "okx", "--since", "1h"), "data/journal.db: no journal here; has the exporter run with this"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
async def test_bad_input_is_one_line(tmp_path, flags, part):
    assert part in (await command("backfill", *flags, cwd=tmp_path)).complaint
    assert list(tmp_path.iterdir()) == []
