"""The whole stack, as `make stack` starts it: what scrapes whom, what is provisioned, an alert, and the end."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.parse
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from stack import grafana
from tests.system.processes import ROOT, clean_environment, until

LAST_LINE = "Ctrl-C stops everything."
STORES = ("redis", "timescale")
STORES_S = 120
ALERTED_S = 150
"""A scrape, two evaluations and `for` of the rule as it is shipped are nearly a minute already."""
RULES = {"ExporterDown", "FeedBlocked", "FeedDown", "StoreDown", "LiquidationCascade", "Watchdog"}


class Stack:
    """A running stack: what it said, and where its programs are."""

    def __init__(self, process):
        self.process = process
        self.said = "".join(iter(self._line, f"{LAST_LINE}\n"))
        rows = re.findall(r"^ +(\w+) +(\S.*?) {2,}(\d+) ", self.said, re.MULTILINE)
        self.addresses = {name: address for name, address, _ in rows}
        self.pids = {name: int(pid) for name, _, pid in rows}
        self.folder = Path(re.search(r"Data and logs are in (\S+),", self.said)[1])

    def _line(self):
        line = self.process.stdout.readline()
        assert line, f"it ended with {self.process.wait()}"
        return line

    def json(self, name, path, body=None):
        data = json.dumps(body).encode() if body else None
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.addresses[name]}{path}", data, headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def query(self, expression):
        """The result of a PromQL expression: values by their labels but those of the target."""
        path = f"/api/v1/query?query={urllib.parse.quote(expression)}"
        return {
            tuple(value for label, value in sorted(each["metric"].items()) if label not in ("job", "instance")): float(
                each["value"][1]
            )
            for each in self.json("prometheus", path)["data"]["result"]
        }

    def targets(self):
        """The state of each scraped job."""
        return {
            target["labels"]["job"]: target["health"]
            for target in self.json("prometheus", "/api/v1/targets")["data"]["activeTargets"]
        }

    def alerts(self):
        """The names of the alerts that Alertmanager has."""
        return {alert["labels"]["alertname"] for alert in self.json("alertmanager", "/api/v2/alerts")}


@contextmanager
def running(tmp_path):
    environment = clean_environment(tmp_path) | {"LIQ_STORES_REDIS_URL": "redis://of.somebody.else:1/0"}
    command = [sys.executable, "-m", "stack", "--scenario", "busy", "--seed", "3"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        yield Stack(process)
    finally:
        process.terminate()
        process.communicate()


@pytest.mark.timeout(480)
def test_everything_starts_together_and_ends_together(tmp_path):
    with running(tmp_path) as stack:
        jobs = {"liquidations", "prometheus", "alertmanager"} | ({"grafana"} if "grafana" in stack.pids else set())
        up = {("liquidation_store_up", store): 1 for store in STORES}
        until(lambda: stack.query("liquidation_store_up") == up, "stores", STORES_S)
        assert stack.query("sum(liquidation_events_total)")[()] > 10_000, "the simulated past is missing"
        rules_are_loaded(stack)
        os.kill(stack.pids["exporter"], signal.SIGKILL)
        if "grafana" in stack.pids:
            grafana_has_sources_and_boards(stack)
        else:
            assert not grafana.is_installed()
            assert "Grafana is not installed" in stack.said
        until(lambda: stack.targets() == {job: "down" if job == "liquidations" else "up" for job in jobs}, "targets")
        until(lambda: stack.alerts() >= {"ExporterDown", "Watchdog"}, "the alert", ALERTED_S)
        assert "exporter has ended with status -9" in stack.process.stdout.readline()
        stack.process.send_signal(signal.SIGTERM)
        assert stack.process.wait(60) == 0
        left = [name for name, pid in stack.pids.items() if Path(f"/proc/{pid}").exists()]
        assert not left
        assert not stack.folder.exists()


def test_what_cannot_start_is_told_and_the_rest_is_ended(tmp_path):
    broken = tmp_path / "redis-server"
    broken.write_text("#!/bin/sh\necho 'no memory left'\nexit 1\n")
    broken.chmod(0o755)
    environment = clean_environment(tmp_path) | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "stack"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout.splitlines()[-2:] == ["stopping", "stopped"]
    assert done.stderr.startswith("error: redis does not answer; the end of its log")
    assert done.stderr.endswith("no memory left\n\n")
    assert not orphans()


def orphans():
    """Processes that work in the folder of a stack that is gone."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            folder = str(link.readlink())
            if "/liquidation-stack-" in folder and folder.endswith("(deleted)"):
                found.append(link)
    return found


def rules_are_loaded(stack):
    until(lambda: {rule["health"] for rule in rules(stack)} == {"ok"}, "the rules to be evaluated")
    assert {rule["name"] for rule in rules(stack)} >= RULES
    boards = {rule["annotations"]["dashboard_url"] for rule in rules(stack) if rule["type"] == "alerting"}
    if "grafana" in stack.pids:
        assert all(board.startswith(f"{stack.addresses['grafana']}/d/") for board in boards)


def rules(stack):
    groups = stack.json("prometheus", "/api/v1/rules")["data"]["groups"]
    return [rule for group in groups for rule in group["rules"]]


def grafana_has_sources_and_boards(stack):
    """As somebody who has not logged in sees it."""
    proxied = stack.json("grafana", "/api/datasources/proxy/uid/prometheus/api/v1/query?query=up")
    assert proxied["status"] == "success"
    counting = {"refId": "A", "rawSql": "SELECT count(*) AS n FROM liquidations", "format": "table"}
    query = {"queries": [counting | {"datasource": {"uid": "timescale"}}], "from": "now-1h", "to": "now"}
    frame = stack.json("grafana", "/api/ds/query", query)["results"]["A"]["frames"][0]
    assert frame["data"]["values"][0][0] > 10_000
    committed = {json.loads(path.read_text())["uid"] for path in (ROOT / "grafana/dashboards").rglob("*.json")}
    until(
        lambda: {each["uid"] for each in stack.json("grafana", "/api/search?type=dash-db")} == committed, "the boards"
    )
