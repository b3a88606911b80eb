"""The disk of the journal fills up under load and gets room again: a clear state, and nothing lost or counted early."""

import os
import subprocess
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.simulator import compare, truthfile
from tests.system.processes import Exporter, counters, simulator, until
from tests.system.test_kill import all_live, exported

SIZE = "8m"


@pytest.fixture
def disk(tmp_path):
    """A small disk, where the data folder is; it can be mounted by root only."""
    folder = tmp_path / "data"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def gauge(run, name):
    families = {family.name: family for family in text_string_to_metric_families(run.scrape())}
    return families[f"liquidation_journal_{name}"].samples[0].value


def fill(disk):
    """Take all the room there is, but for what a file system cannot give away."""
    with (disk / "filler").open("wb", buffering=0) as filler:
        while True:
            try:
                filler.write(b"x" * 4096)
            except OSError:
                return


@pytest.mark.timeout(240)
def test_it_waits_for_room_and_goes_on_by_itself(tmp_path, disk):
    with simulator(tmp_path, "busy", 51, "--rate", "300") as (endpoints, end), Exporter(tmp_path, endpoints) as run:
        run.start()
        until(lambda: all_live(run) and gauge(run, "size_bytes") > 200_000, "events")
        assert gauge(run, "full") == 0
        assert 0 < gauge(run, "free_bytes") < 8 << 20
        fill(disk)
        until(lambda: gauge(run, "full") == 1, "the full disk to be met")
        ready = run.json("/-/ready")
        assert not ready["ready"]
        assert ready["reason"].startswith("the journal fails: the disk is full: make room on it")
        until(lambda: gauge(run, "queue_events") > 500, "events that wait")
        still = counters(run.scrape())
        waiting = gauge(run, "queue_events")
        until(lambda: gauge(run, "queue_events") > waiting, "more of them")
        assert counters(run.scrape()) == still
        assert gauge(run, "up") == 0
        (disk / "filler").unlink()
        until(lambda: gauge(run, "up") == 1, "the recovery")
        until(lambda: run.json("/-/ready")["ready"], "readiness")
        assert gauge(run, "full") == 0
        assert gauge(run, "dropped_events") == 0
        truth = truthfile.read(end())
        run.drained()
        text, now_ms = run.scrape(), time.time_ns() // 1_000_000
        assert run.stop() == 0
        events = exported(run.data)
        said = run.log.read_text()
    comparison = compare(truth, text, now_ms)
    assert comparison.ok, comparison.wrong()[:10]
    assert len({(event["exchange"], event["id"]) for event in events}) == len(events)
    assert said.count("journal failing") == 1
    assert "journal recovered" in said
    assert "Traceback" not in said
