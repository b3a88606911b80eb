"""Alertmanager's configuration: accepted, routed as meant, and the examples are it with other receivers."""

import re

import pytest
import yaml

from tests.rules.alerting import ALERTING, RULES, accepts, expected

MAIN = ALERTING / "alertmanager.yml"
EXAMPLES = sorted((ALERTING / "examples").glob("*.yml"))
NEWER = {
    "telegram": ("bot_token_file", "0.26"),
    "discord": ("webhook_url_file", "0.28"),
    "webhook": ("url_file", "0.28"),
}
"""The examples with a key that the oldest Alertmanager does not know, and since when it works."""

each_example = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)


def readable(path):
    """An example as the oldest Alertmanager can read it: a secret in place of the file with it."""
    text = path.read_text()
    for key, plain in (
        ("bot_token_file", "bot_token: secret"),
        ("webhook_url_file", "webhook_url: http://localhost/"),
        (r"url_file", "url: http://localhost/"),
    ):
        text = re.sub(rf"(?<![a-z_]){key}: .*", plain, text)
    return text


def test_alertmanager_accepts_its_configuration():
    said = accepts("amtool", "check-config", MAIN)
    assert "1 templates" in said


@each_example
def test_alertmanager_accepts_an_example(path, tmp_path):
    (tmp_path / "templates").symlink_to(ALERTING / "templates")
    (tmp_path / "examples").mkdir()
    checked = tmp_path / "examples" / path.name
    checked.write_text(readable(path) if path.stem in NEWER else path.read_text())
    assert "1 templates" in accepts("amtool", "check-config", checked)


@each_example
def test_an_example_says_which_version_it_needs(path):
    key, version = NEWER.get(path.stem, ("", "0.25"))
    head = path.read_text().split("templates:")[0]
    assert f"Needs Alertmanager {version} or later" in head
    assert key in head


@each_example
def test_an_example_differs_by_its_receivers_only(path):
    usual, example = yaml.safe_load(MAIN.read_text()), yaml.safe_load(path.read_text())
    names = [[receiver["name"] for receiver in tree.pop("receivers")] for tree in (usual, example)]
    assert names[0] == names[1]
    assert usual.pop("templates") == ["templates/*.tmpl"]
    assert example.pop("templates") == ["../templates/*.tmpl"]
    assert example == usual


@each_example
def test_an_example_takes_its_secrets_from_files_and_tells_the_end(path):
    tree = yaml.safe_load(path.read_text())
    receivers = {each.pop("name"): each for each in tree["receivers"]}
    assert not receivers["nobody"]
    used = [config for receiver in receivers.values() for configs in receiver.values() for config in configs]
    assert used
    for config in used:
        files = {key: value for key, value in config.items() if key.endswith("_file")}
        assert all(value.startswith("/etc/alertmanager/secrets/") for value in files.values())
        assert files
    told = [config for name in ("traders", "operators") for configs in receivers[name].values() for config in configs]
    assert all(config["send_resolved"] for config in told)


ROUTES = [
    ("MarketWideCascade", "traders"),
    ("LiquidationCascade", "traders"),
    ("CascadeWarning", "nobody"),
    ("LiquidationStress", "nobody"),
    ("OneSidedFlow", "nobody"),
    ("LargePrint", "nobody"),
    ("BaseCapReached", "nobody"),
    ("Watchdog", "dead-man"),
]
OPERATORS = [rule["alert"] for rule in RULES if rule["alert"] not in dict(ROUTES)]


@pytest.mark.parametrize(("alert", "receiver"), [*ROUTES, *((name, "operators") for name in OPERATORS)])
def test_an_alert_reaches_who_it_is_for(alert, receiver):
    labels, _ = expected(alert)
    words = [f"{name}={value}" for name, value in labels.items()]
    assert accepts("amtool", "config", "routes", "test", f"--config.file={MAIN}", *words).strip() == receiver


def test_an_alert_that_nobody_knows_reaches_nobody():
    assert accepts("amtool", "config", "routes", "test", f"--config.file={MAIN}", "alertname=Other").strip() == "nobody"


def test_a_coin_that_is_muted_reaches_nobody(tmp_path):
    """The way that the file itself describes."""
    muted = tmp_path / "alertmanager.yml"
    text = MAIN.read_text()
    commented = re.search(r"    # - receiver: nobody\n    #   matchers: .*\n", text)[0]
    muted.write_text(text.replace(commented, commented.replace("# ", "", 2).replace("    #   ", "      ")))
    assert "DOGE" in commented
    for base, receiver in (("DOGE", "nobody"), ("BTC", "traders")):
        labels = ("alertname=LiquidationCascade", "domain=market", "severity=critical", f"base={base}", "side=long")
        assert accepts("amtool", "config", "routes", "test", f"--config.file={muted}", *labels).strip() == receiver


def test_the_market_is_told_at_once_and_by_coin_and_side():
    [route] = [each for each in yaml.safe_load(MAIN.read_text())["route"]["routes"] if each["receiver"] == "traders"]
    timing = {key: route[key] for key in ("group_by", "group_wait", "group_interval")}
    assert timing == {"group_by": ["base", "side"], "group_wait": "0s", "group_interval": "15s"}
