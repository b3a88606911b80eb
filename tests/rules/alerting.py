"""The alerting files as the tests read them, and the tools that check them."""

import subprocess
from pathlib import Path

import yaml

from stack.programs import environment, program

ROOT = Path(__file__).parents[2]
ALERTING = ROOT / "alerting"
RULE_FILES = sorted((ALERTING / "rules").glob("*.yml"))
TEST_FILES = sorted((ALERTING / "tests").glob("*.yml"))
TESTS = [test for path in TEST_FILES for test in yaml.safe_load(path.read_text())["tests"]]
_GROUPS = [group for path in RULE_FILES for group in yaml.safe_load(path.read_text())["groups"]]
RULES = [rule for group in _GROUPS for rule in group["rules"] if "alert" in rule]
RECORDS = [rule for group in _GROUPS for rule in group["rules"] if "record" in rule]
NAMES = [rule["alert"] for rule in RULES]


def run(tool, *arguments):
    words = [str(word) for word in (program(tool), *arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False, env=environment())


def accepts(tool, *arguments):
    """Run a tool that must succeed; returns what it says."""
    done = run(tool, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def expected(alert, place=0):
    """The labels and annotations that the rules' tests expect of an alert, at the `place`-th time that it fires."""
    found = [
        each
        for test in TESTS
        for check in test["alert_rule_test"]
        if check["alertname"] == alert
        for each in check["exp_alerts"]
    ]
    return {"alertname": alert} | found[place]["exp_labels"], found[place]["exp_annotations"]
