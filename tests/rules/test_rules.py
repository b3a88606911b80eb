"""The alerting files: the tools' own checks, and that rules, their tests, runbooks and boards belong together."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from exporter.metrics.catalogue import FAMILIES
from stack.programs import environment, program

ROOT = Path(__file__).parents[2]
ALERTING = ROOT / "alerting"
RULE_FILES = sorted((ALERTING / "rules").glob("*.yml"))
TEST_FILES = sorted((ALERTING / "tests").glob("*.yml"))
ALL = [rule for path in RULE_FILES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]
RULES = [rule for rule in ALL if "alert" in rule]
RECORDS = {rule["record"]: rule["expr"] for rule in ALL if "record" in rule}
NAMES = [rule["alert"] for rule in RULES]

each_rule = pytest.mark.parametrize("rule", RULES, ids=NAMES)
each_record = pytest.mark.parametrize("record", RECORDS)


def run(tool, *arguments):
    words = [str(word) for word in (program(tool), *arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False, env=environment())


def accepts(tool, *arguments):
    done = run(tool, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_accepts_its_configuration_and_the_rules():
    accepts("promtool", "check", "config", ALERTING / "prometheus.yml")
    accepts("promtool", "check", "rules", *RULE_FILES)


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.stem)
def test_the_rules_do_what_their_tests_say(path):
    accepts("promtool", "test", "rules", path)


@each_rule
def test_a_changed_rule_fails_its_test(rule, tmp_path):
    """Its annotations are compared word for word, so that a test which never looks at the rule is found out."""
    for path in RULE_FILES:
        changed = path.read_text().replace(rule["annotations"]["summary"], "Something else.")
        (tmp_path / path.name).write_text(changed)
    failed = []
    for path in TEST_FILES:
        (tmp_path / f"test_{path.name}").write_text(path.read_text().replace("../rules/", ""))
        failed.append(run("promtool", "test", "rules", tmp_path / f"test_{path.name}").returncode != 0)
    assert any(failed)


def test_alertmanager_accepts_its_configuration():
    accepts("amtool", "check-config", ALERTING / "alertmanager.yml")


def test_the_example_with_a_webhook_differs_by_the_webhook_only(tmp_path):
    """Alertmanager 0.25 does not know `url_file`, so a plain address takes its place for the check."""
    text = (ALERTING / "examples/webhook.yml").read_text()
    checked = tmp_path / "webhook.yml"
    checked.write_text(text.replace("url_file: /", "url: http://localhost/"))
    accepts("amtool", "check-config", checked)
    usual = yaml.safe_load((ALERTING / "alertmanager.yml").read_text())
    example = yaml.safe_load(text)
    [receiver] = example.pop("receivers")
    assert example.pop("route") == usual.pop("route") | {"receiver": receiver["name"]}
    assert example["inhibit_rules"] == usual["inhibit_rules"]


@each_rule
def test_a_rule_asks_for_metrics_that_exist(rule):
    named = set(re.findall(r"\bliquidation_\w+", rule["expr"]))
    assert named or rule["expr"].startswith("up{")
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in named} <= FAMILIES.keys()


@each_rule
def test_a_rule_says_what_how_bad_where_and_what_to_do(rule):
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert rule["labels"]["domain"] in ("market", "pipeline", "meta")
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url", "dashboard_url"}
    assert "{{" not in rule["annotations"]["summary"]
    assert rule["annotations"]["runbook_url"].endswith(f"/user/runbooks.md#{rule['alert'].lower()}")


@each_rule
def test_a_rule_leads_to_a_board(rule):
    boards = {json.loads(path.read_text())["uid"] for path in (ROOT / "grafana/dashboards").rglob("*.json")}
    assert rule["annotations"]["dashboard_url"].removeprefix("http://localhost:3000/d/") in boards


def test_every_rule_has_a_runbook_and_every_runbook_a_rule():
    headings = re.findall(r"^## (\w+)$", (ALERTING / "runbooks.md").read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(NAMES)


@each_rule
def test_a_rule_is_tested_while_it_fires_and_while_it_does_not(rule):
    tests = [test for path in TEST_FILES for test in yaml.safe_load(path.read_text())["tests"]]
    expected = [
        bool(each["exp_alerts"])
        for test in tests
        for each in test["alert_rule_test"]
        if each["alertname"] == rule["alert"]
    ]
    assert set(expected) == {True, False}
