"""A backup of a running system, restored on an empty machine: real services, events of the simulated exchanges."""

import json
import subprocess
import time
from contextlib import contextmanager

import pytest

from exporter.simulator import compare, truthfile
from stack.programs import has_timescale
from tests import services
from tests.redis_server import new_server
from tests.system.processes import ROOT, Exporter, counters, exporter, simulator, until
from tests.system.test_history import store
from tests.system.test_kill import all_live, exported


@contextmanager
def machine(folder, endpoints):
    """An exporter with a PostgreSQL and a Redis of its own, all of them new."""
    folder.mkdir()
    database = services.Postgres(timescale=has_timescale())
    redis = new_server(folder).start()
    stores = {"redis": {"url": redis.url}, "timescale": {"url": database.url(database.new_database())}}
    try:
        with Exporter(folder, endpoints, stores=stores) as run:
            yield run
    finally:
        redis.stop()
        database.stop()


def command(run, name, *words):
    line = exporter(name, "--config.file", run.config, *words)
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)


def done(run, name, *words):
    ended = command(run, name, *words)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def stores_have_everything(run):
    until(lambda: "liquidation_store_up{" in run.scrape(), "the stores")
    until(lambda: store(run, "up") == 1.0 and "records_to_send" in run.log.read_text(), "the stores")
    until(lambda: {s["lag_events"] for s in run.json("/-/ready")["stores"].values()} == {0}, "the stores to catch up")


def known_by_id(events):
    return [(event["exchange"], event["id"]) for event in events]


@pytest.mark.timeout(300)
def test_restored_on_an_empty_machine_it_shows_what_the_exchanges_have_sent(tmp_path):
    early, late = tmp_path / "early.tar", tmp_path / "late.tar"
    with simulator(tmp_path, "busy", 31) as (endpoints, end), machine(tmp_path / "old", endpoints) as old:
        old.start()
        until(lambda: all_live(old) and sum(counters(old.scrape()).values()) > 0, "events")
        time.sleep(3)  # beyond 2 s of life events are certain
        done(old, "backup", "--output", early)  # while events come
        truth = truthfile.read(end())
        old.drained()
        stores_have_everything(old)
        done(old, "backup", "--output", late)
        shown = counters(old.scrape())
        assert old.stop() == 0
    everything = known_by_id(exported(old.data))
    with machine(tmp_path / "new", endpoints) as new:
        done(new, "restore", late)
        new.start()
        stores_have_everything(new)
        text, now_ms = new.scrape(), time.time_ns() // 1_000_000
        report = json.loads(done(new, "check", "--json"))
        assert {each["source"]: each["verdict"] for each in report["sources"]} == {
            "journal": "equal",
            "redis": "equal",
            "timescale": "equal",
            "metrics": "equal",
        }
        assert "history not restored" not in new.log.read_text()
        assert new.stop() == 0
        comparison = compare(truth, text, now_ms)
        assert comparison.ok, comparison.wrong()[:10]
        assert counters(text) == pytest.approx(shown)
        again = command(new, "restore", early)
        assert again.returncode == 2
        assert "--force" in again.stderr
        done(new, "restore", early, "--force")
        before = known_by_id(exported(new.data))
        assert 0 < len(before) < len(everything)
        assert set(before) <= set(everything)
        new.start()
        stores_have_everything(new)
        done(new, "check")
        assert new.stop() == 0
