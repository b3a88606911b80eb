"""Whole exporters on one database: one writes, another waits and takes over, a third starts with its history."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.system.processes import Exporter, counters, simulator, until
from tests.system.test_kill import exported, grown

IDS = "SELECT exchange, id FROM liquidations"


def running(folder, endpoints, url):
    folder.mkdir()
    return Exporter(folder, endpoints, stores={"timescale": {"url": url}})


def store(run, name):
    for family in text_string_to_metric_families(run.scrape()):
        for sample in family.samples:
            if sample.name == f"liquidation_store_{name}":
                return sample.value
    return None


def events(run):
    return sum(value for (name, _), value in counters(run.scrape()).items() if name == "liquidation_events_total")


@pytest.mark.timeout(240)
def test_a_standby_takes_over_from_a_killed_exporter(tmp_path, postgres):
    database = postgres.new_database()
    url = postgres.url(database)
    with (
        simulator(tmp_path, "busy", 21) as (endpoints, end),
        running(tmp_path / "first", endpoints, url) as first,
        running(tmp_path / "second", endpoints, url) as second,
    ):
        first.start()
        until(lambda: store(first, "leader") == 1 and events(first) > 100, "the first to write")
        second.start()
        until(lambda: events(second) > 100, "the second to count")
        assert (store(second, "up"), store(second, "leader")) == (1, 0)
        ready = second.json("/-/ready")
        assert ready["ready"]
        assert f"process {first.process.pid}" in ready["stores"]["timescale"]["reason"]
        first.kill()
        until(lambda: store(second, "leader") == 1, "the second to take over")
        end()
        second.drained()
        until(lambda: store(second, "lag_events") == 0, "the second to have written everything")
        assert second.stop() == 0
        seen = [(event["exchange"], event["id"]) for run in (first, second) for event in exported(run.data)]
    written = [tuple(row) for row in postgres.execute(IDS, database=database)]
    assert len(written) == len(set(written))
    by_second = {(event["exchange"], event["id"]) for event in exported(second.data)}
    assert by_second <= set(written) <= set(seen)


@pytest.mark.timeout(240)
def test_a_new_machine_counts_on(tmp_path, postgres):
    database = postgres.new_database()
    url = postgres.url(database)
    with simulator(tmp_path, "busy", 22) as (endpoints, _):
        with running(tmp_path / "old", endpoints, url) as old:
            old.start()
            until(lambda: events(old) > 300, "events")
            assert old.stop() == 0
            known = {}
        rows = {tuple(row) for row in postgres.execute(IDS, database=database)}
        old_events = {(event["exchange"], event["id"]) for event in exported(old.data)}
        assert rows == old_events
        with running(tmp_path / "new", endpoints, url) as new:
            new.start()
            known = grown(known, new)
            assert sum(v for (name, _), v in known.items() if name == "liquidation_events_total") >= len(rows)
            assert "journal restored" in new.log.read_text()
            until(lambda: events(new) > len(rows) + 100, "it to count on")
            grown(known, new)
            assert new.stop() == 0
        assert rows <= {(event["exchange"], event["id"]) for event in exported(new.data)}
