import json
import random
import subprocess
import time

import pytest

from exporter.simulator import compare, truthfile
from tests.system.processes import Exporter, counters, exporter, simulator, until

KILLS = 20


@pytest.mark.timeout(300)
def test_killed_twenty_times_it_counts_every_certain_event_once_and_never_runs_backwards(tmp_path):
    draw = random.Random(11)
    eager = {"floor_usd": 1000}  # so that orders of most coins count as large
    with simulator(tmp_path, "busy", 11) as (endpoints, end), Exporter(tmp_path, endpoints, signals=eager) as run:
        known = {}
        for _ in range(KILLS):
            run.start()
            known = grown(known, run)
            time.sleep(draw.uniform(1.5, 4.5))  # beyond 2 s of life events are certain
            known = grown(known, run)
            run.kill()
        run.start()
        until(lambda: all_live(run), "all feeds to be live")
        known = grown(known, run)
        truth = truthfile.read(end())
        run.drained()
        text, now_ms = run.scrape(), time.time_ns() // 1_000_000
        assert run.stop() == 0
    comparison = compare(truth, text, now_ms)
    assert comparison.ok, comparison.wrong()[:10]
    assert sum(event.certain for event in truth) > 1000, "or the comparison says little"
    events = exported(run.data)
    assert len({(event["exchange"], event["id"]) for event in events}) == len(events)
    total = sum(v for (name, _), v in counters(text).items() if name == "liquidation_events_total")
    assert total == len(events)


def grown(known, run):
    """Scrape, and check that no counter is lower than it was; those of the signals are absent until they are known."""
    until(lambda: "liquidation_cascades_total{" in run.scrape(), "the signals")
    now = counters(run.scrape())
    lower = {key: (value, now.get(key)) for key, value in known.items() if now.get(key, -1.0) < value}
    assert not lower, lower
    return now


def all_live(run):
    return all(exchange["state"] == "live" for exchange in run.json("/api/v1/exchanges")["exchanges"])


def exported(data):
    done = subprocess.run(exporter("export", "--data.dir", data), capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]
