"""The rules: promtool's own checks, and that rules, their tests, runbooks, metrics and boards belong together."""

import json
import re

import pytest
import yaml

from exporter.metrics.catalogue import FAMILIES
from exporter.metrics.reasons import RECONNECT_REASONS
from exporter.signals.readings import COMPONENTS
from tests.rules.alerting import ALERTING, NAMES, RECORDS, ROOT, RULE_FILES, RULES, TEST_FILES, TESTS, accepts, run

each_rule = pytest.mark.parametrize("rule", RULES, ids=NAMES)
each_expression = pytest.mark.parametrize("rule", RULES + RECORDS, ids=lambda rule: rule.get("alert") or rule["record"])

SERIES = {name: family for family in FAMILIES.values() for name in family.series}
FOREIGN = {
    "up": set(),
    "prometheus_rule_evaluation_failures_total": {"rule_group"},
    "prometheus_notifications_errors_total": {"alertmanager"},
    "alertmanager_notifications_failed_total": {"integration"},
}
"""The metrics of Prometheus and Alertmanager that rules use, with their labels."""
OF_THE_TARGET = {"job", "instance"}
VALUES = {
    "state": {"live", "silent", "connecting", "down", "blocked"},
    "verdict": {"equal", "differs", "moving", "behind", "strange", "unreachable"},
    "window": {"1h", "4h", "12h", "24h"},
    "reason": set(RECONNECT_REASONS),
    "component": set(COMPONENTS),
    "job": {"liquidations"},
}
"""The values that a rule may select."""


def test_prometheus_accepts_its_configuration_and_the_rules():
    accepts("promtool", "check", "config", ALERTING / "prometheus.yml")
    accepts("promtool", "check", "rules", *RULE_FILES)


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.stem)
def test_the_rules_do_what_their_tests_say(path):
    accepts("promtool", "test", "rules", path)


def test_each_changed_rule_fails_a_test(tmp_path):
    """Annotations are compared word for word, so that a test which never looks at a rule is found out."""
    for path in RULE_FILES:
        (tmp_path / path.name).write_text(
            re.sub(r"^( +summary: ).*$", r"\1Something else.", path.read_text(), flags=re.MULTILINE)
        )
    complaints = ""
    for path in TEST_FILES:
        (tmp_path / f"test_{path.name}").write_text(path.read_text().replace("../rules/", ""))
        done = run("promtool", "test", "rules", tmp_path / f"test_{path.name}")
        complaints += done.stdout + done.stderr
    assert {name for name in NAMES if f"alertname: {name}," in complaints} == set(NAMES)


@each_rule
def test_a_rule_is_tested_while_it_fires_and_while_it_does_not(rule):
    if rule["alert"] == "Watchdog":  # it is there to fire always
        return
    checks = [check for test in TESTS for check in test["alert_rule_test"] if check["alertname"] == rule["alert"]]
    assert {bool(check["exp_alerts"]) for check in checks} == {True, False}


def names_and_selectors(text):
    """The metrics that an expression, or the queries within a template, select, with the labels they select by."""
    text = re.sub(r"\b(by|on|group_left|group_right|without)\s*\([^)]*\)", "", text)
    for name, selector in re.findall(
        r"\b((?:liquidation|prometheus|alertmanager)[_:][a-z0-9_:]+|up)\b(?:%s)?(\{[^}]*\})?", text
    ):
        yield name, dict(re.findall(r'(\w+)\s*(?:=|!=|=~|!~)\s*"([^"]*)"', selector))


@each_expression
def test_a_rule_asks_for_metrics_labels_and_values_that_exist(rule):
    recorded = {each["record"] for each in RECORDS}
    selected = list(names_and_selectors(" ".join([rule["expr"], *rule.get("annotations", {}).values()])))
    assert selected or rule["expr"] == "vector(1)"
    for name, labels in selected:
        if name not in recorded:
            known = FOREIGN[name] if name in FOREIGN else set(SERIES[name].labels)
            assert labels.keys() <= known | OF_THE_TARGET, name
        assert all(value in VALUES[label] for label, value in labels.items())


@each_expression
def test_a_rule_groups_by_labels_that_exist(rule):
    known = {label for family in FAMILIES.values() for label in family.labels} | OF_THE_TARGET | {"le"}
    known |= set().union(*FOREIGN.values())
    groups = re.findall(r"\b(?:by|on|group_left|without)\s*\(([^)]*)\)", rule["expr"])
    assert {label for group in groups for label in re.findall(r"\w+", group)} <= known


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record["record"])
def test_a_recorded_figure_is_used(record):
    boards = "".join(path.read_text() for path in (ROOT / "grafana/dashboards").rglob("*.json"))
    others = "".join(str(rule) for rule in RULES + RECORDS if rule is not record)
    assert re.search(rf"{re.escape(record['record'])}\b", others + boards)


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


def test_market_alerts_have_no_target_so_that_two_exporters_tell_a_cascade_once():
    fired = [
        alert["exp_labels"]
        for test in yaml.safe_load((ALERTING / "tests/market.yml").read_text())["tests"]
        for check in test["alert_rule_test"]
        for alert in check["exp_alerts"]
    ]
    assert fired
    assert not any(labels.keys() & OF_THE_TARGET for labels in fired)
