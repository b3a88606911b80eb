"""The cascade signals of a whole exporter: seen within seconds, the same after a kill, the same in a replay."""

import json
import subprocess

import pytest

from tests.system.processes import Exporter, exporter, simulator, until

EAGER = {
    "warmup": {"hours": 0, "orders": 1},
    "floor_usd": 50_000,
    "coins": {base: {"floor_usd": 50_000} for base in ("BTC", "ETH", "SOL")},
    "levels": {"watch": {"enter": 40, "exit": 5}},  # goes on while the test kills it
}
LEVEL = "liquidation_cascade_level"


def metric(run, name, **labels):
    wanted = {f'{key}="{value}"' for key, value in labels.items()}
    for line in run.scrape().splitlines():
        series, _, value = line.rpartition(" ")
        if series.startswith(f"{name}{{") and wanted <= set(series.partition("{")[2].rstrip("}").split(",")):
            return float(value)
    return None


def at_warning(run):
    return [base for base in ("BTC", "ETH", "SOL") if (metric(run, LEVEL, base=base, side="long") or 0) >= 2]


@pytest.mark.timeout(240)
def test_a_cascade_is_seen_within_seconds_survives_kills_and_is_replayed_as_it_was(tmp_path):
    with simulator(tmp_path, "cascade", 3) as (endpoints, end), Exporter(tmp_path, endpoints, signals=EAGER) as run:
        run.start()
        assert metric(run, "liquidation_cascade_coverage_ratio", base="BTC") is not None
        until(lambda: at_warning(run), "a coin at warning")
        assert metric(run, "liquidation_market_cascade_level", side="long") >= 0
        opened = {each["id"] for each in cascades(run, state="open")}
        assert opened
        run.kill()  # in the middle of the cascade
        run.start()
        known = {each["id"]: each for each in cascades(run)}
        assert opened <= known.keys()
        until(lambda: at_warning(run), "the level to be held or reached again")
        run.kill()
        run.start()
        end()
        run.drained()
        assert run.stop() == 0
        run.start()  # what a clean stop has left
        shown = cascades(run)
        assert run.stop() == 0
    dump = tmp_path / "dump.jsonl"
    subprocess.run(
        exporter("export", "--data.dir", run.data, "--format", "journal", "--output", dump), check=True, timeout=60
    )
    done = subprocess.run(
        exporter("replay", dump, "--json", "--config.file", run.config), check=True, timeout=60, capture_output=True
    )
    replayed = json.loads(done.stdout)
    told = {each["id"]: figures(each) for each in shown}
    again = {each["id"]: figures(each) for each in replayed["episodes"]}
    assert told == again
    assert {each["level"] for each in replayed["levels"]} >= {1, 2}
    assert "cascade warning" in run.log.read_text()


def cascades(run, **query):
    text = "&".join(f"{key}={value}" for key, value in {"limit": 200, **query}.items())
    return run.json(f"/api/v1/cascades?{text}")["episodes"]


def figures(episode):
    """What must be the same, bit for bit; an episode that is still open is told of now and then only."""
    names = ("start_ms", "opened_ms", "first_exchange", "price_first", "coverage", "flags")
    if episode["state"] == "closed":
        names += ("end_ms", "closed_ms", "usd", "events", "max_score", "peak_ms", "peak_usd", "exchanges", "branching")
    return [episode["state"], *(episode[name] for name in names)]
