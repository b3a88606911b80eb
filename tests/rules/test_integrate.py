"""The snippets of docs/integrate.md: what somebody copies is what the tools accept."""

import re
import subprocess

import pytest
import yaml

from tests.rules.alerting import ALERTING, ROOT, RULE_FILES, accepts

TEXT = (ROOT / "docs/integrate.md").read_text()
SNIPPETS = re.findall(r"<!-- tested: (\w+) -->\n```yaml\n(.*?)```", TEXT, re.DOTALL)


def snippets(kind):
    return [text for name, text in SNIPPETS if name == kind]


def test_every_snippet_is_tested():
    assert len(SNIPPETS) == TEXT.count("```yaml") == 5


@pytest.mark.parametrize("text", snippets("prometheus"))
def test_prometheus_accepts_it(text, tmp_path):
    (tmp_path / "liquidations").mkdir()
    for path in RULE_FILES:
        (tmp_path / "liquidations" / path.name).write_text(path.read_text())
    configuration = tmp_path / "prometheus.yml"
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in ("liquidations", "liquidations-ca.crt"):
        (secrets / name).write_text("secret")
    configuration.write_text(text.replace("/etc/prometheus/secrets", str(secrets)))
    accepts("promtool", "check", "config", configuration)
    jobs = yaml.safe_load(text).get("scrape_configs", [])
    ours = yaml.safe_load((ALERTING / "prometheus.yml").read_text())["scrape_configs"][0]
    for job in jobs:
        assert all(job[key] == ours[key] for key in ("job_name", "scrape_interval", "scrape_timeout"))


@pytest.mark.parametrize("text", snippets("alertmanager"))
def test_alertmanager_accepts_it_and_routes_as_the_stack_does(text, tmp_path):
    configuration = tmp_path / "alertmanager.yml"
    configuration.write_text(text)
    accepts("amtool", "check-config", configuration)
    for labels, receiver in (
        (("domain=market", "severity=critical", "base=BTC", "side=long"), "traders"),
        (("domain=market", "severity=warning"), "null"),
        (("domain=pipeline", "severity=warning"), "operators"),
        (("severity=critical",), "default"),
    ):
        said = accepts("amtool", "config", "routes", "test", f"--config.file={configuration}", *labels)
        assert said.strip() == receiver
    ours = yaml.safe_load((ALERTING / "alertmanager.yml").read_text())
    theirs = yaml.safe_load(text)
    assert all(rule in ours["inhibit_rules"] for rule in theirs["inhibit_rules"])
    routes = {route["receiver"]: route for route in theirs["route"]["routes"]}
    assert routes["traders"] in ours["route"]["routes"]


@pytest.mark.parametrize("text", snippets("provider"))
def test_grafana_knows_the_keys_of_the_provider(text):
    [theirs] = yaml.safe_load(text)["providers"]
    [ours] = yaml.safe_load((ROOT / "grafana/provisioning/dashboards/dashboards.yml").read_text())["providers"]
    assert theirs.keys() <= ours.keys() | {"folder"}
    assert theirs["type"] == ours["type"]


def test_the_addresses_are_replaced_as_described(tmp_path):
    """By the very commands of the text."""
    (tmp_path / "liquidations").mkdir()
    for path in RULE_FILES:
        (tmp_path / "liquidations" / path.name).write_text(path.read_text())
    [script] = re.findall(r"```sh\n(sed .*?)promtool", TEXT, re.DOTALL)
    subprocess.run(["sh", "-ec", script], cwd=tmp_path, check=True)
    files = sorted((tmp_path / "liquidations").glob("*.yml"))
    accepts("promtool", "check", "rules", *files)
    links = [
        rule["annotations"][key]
        for path in files
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
        if "alert" in rule
        for key in ("runbook_url", "dashboard_url")
    ]
    assert all(link.startswith(("https://grafana.example/d/", "https://wiki.example/runbooks.md#")) for link in links)
