"""Every scenario with three seeds: the demo itself compares what it counted with what was sent."""

import subprocess

import pytest

from exporter.simulator import SCENARIOS, truthfile
from exporter.simulator.catalogue import EXCHANGES
from tests.system.processes import ROOT, clean_environment, exporter

SEEDS = (1, 2, 3)
DURATION_S = 20


@pytest.mark.timeout(600)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_counters_equal_the_truth(scenario, tmp_path):
    runs = {seed: start(scenario, seed, tmp_path) for seed in SEEDS}
    outputs = {seed: process.communicate(timeout=500)[0] for seed, process in runs.items()}
    for seed, output in outputs.items():
        assert runs[seed].returncode == 0, f"seed {seed}:\n{output}"
        assert "figures agree with the truth" in output
        truth = truthfile.read(tmp_path / f"{seed}.jsonl")
        live = [event for event in truth if event.origin == "live"]
        assert {event.exchange for event in live} == set(EXCHANGES)
        assert sum(event.certain for event in live) > len(live) / 4, "or the comparison says little"


def start(scenario, seed, tmp_path):
    command = exporter(
        *("demo", "--scenario", scenario, "--seed", seed, "--duration", DURATION_S),
        *("--truth", tmp_path / f"{seed}.jsonl", "--web.listen-address", "127.0.0.1:0"),
    )
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=clean_environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
