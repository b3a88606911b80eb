"""Real processes for system tests: the exporter and the simulator, as a user starts them."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import yaml
from prometheus_client.parser import text_string_to_metric_families

from stack.service import free_port

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60


def exporter(*arguments):
    """The command line of an exporter command."""
    return [sys.executable, "-m", "exporter", *map(str, arguments)]


def until(condition, what, patience_s=PATIENCE_S):
    """Poll until the condition holds; its value is returned."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited {patience_s} s for {what}")


@contextmanager
def simulator(tmp_path, scenario, seed, *more):
    """A running `simulate`; yields its endpoints and a function that ends it and waits for the truth file."""
    truth = tmp_path / "truth.jsonl"
    command = exporter("simulate", "--scenario", scenario, "--seed", seed, "--truth", truth, "--with-parent", *more)
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        endpoints = json.loads(process.stdout.readline())["endpoints"]

        def end():
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0
            return truth

        yield endpoints, end
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class Exporter:
    """An exporter with a data folder and a port of its own that can be killed and started again."""

    def __init__(self, tmp_path, endpoints, **config):
        self.port = free_port()
        self.log = tmp_path / "exporter.log"
        self.config = tmp_path / "config.yaml"
        self.data = tmp_path / "data"
        tree = {
            "data": {"dir": str(self.data)},
            "web": {"listen_address": f"127.0.0.1:{self.port}"},
            "exchanges": {name: {"endpoints": addresses} for name, addresses in endpoints.items()},
        }
        self.config.write_text(yaml.safe_dump(tree | config))
        self.process = None

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(exporter("--config.file", self.config), cwd=ROOT, stderr=log)
        until(self.answers, f"the exporter on port {self.port}; its log: {self.log}")

    def answers(self):
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        try:
            return self.get("/-/healthy")
        except OSError:
            return ""

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return answer.read().decode()

    def json(self, path):
        try:
            return json.loads(self.get(path))
        except urllib.error.HTTPError as error:
            with error:
                return json.loads(error.read())

    def scrape(self):
        return self.get("/metrics")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """SIGTERM; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def drained(self):
        """Wait until nothing more is being counted."""
        previous = -1.0
        while True:
            current = sum(counters(self.scrape()).values())
            if current == previous:
                return
            previous = current
            time.sleep(0.5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.kill()


def counters(text):
    """The samples of the counters that the ledger keeps: they must never run backwards, not even across a restart."""
    kept = ("liquidation_events", "liquidation_notional", "liquidation_asset", "liquidation_size")
    samples = {}
    for family in text_string_to_metric_families(text):
        if family.type in ("counter", "histogram") and family.name.startswith(kept):
            for sample in family.samples:
                samples[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return samples


def clean_environment(tmp_path):
    """An environment without anything of the user's that could reach the exporter."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LIQ_")}
    return environment | {"HOME": str(tmp_path)}
