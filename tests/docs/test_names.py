"""Metrics, configuration keys and variables that a page names exist."""

import re

import pytest

from exporter.config import Config, ExchangeSection, environment_name, leaves
from exporter.metrics import FAMILIES
from exporter.signals.parameters import Coin
from tests.docs.markdown import ROOT, pages
from tests.rules.alerting import RECORDS

each_page = pytest.mark.parametrize("each", pages(), ids=lambda each: each.name)
SERIES = {name for family in FAMILIES.values() for name in (family.name, *family.series)}
TABLES = set(
    re.findall(r"\bliquidation\w+", "".join(path.read_text() for path in ROOT.glob("exporter/stores/**/*.sql")))
)
"""What the history calls its tables and views."""
OF_OTHERS = {"liquidation_trades"}  # a field of Lighter's answers
KEYS = {environment_name(key) for key in leaves(Config)}
NAMES = KEYS | {f"{name}_FILE" for name in KEYS} | {"LIQ_URL", "LIQ_HTTP_CONFIG_FILE"}
FILES = re.compile(r"\.(md|py|db|gz|sock|yml|yaml|json|js|svg|txt|lock)$")


@each_page
def test_metrics_exist(each):
    for name, star in re.findall(r"(?<![\w/:.-])(liquidation_\w+)(\*?)", each.text):
        if star:
            assert any(known.startswith(name) for known in SERIES), name
        else:
            assert name in SERIES | TABLES | OF_OTHERS, name


@each_page
def test_recorded_figures_exist(each):
    recorded = {record["record"] for record in RECORDS}
    assert set(re.findall(r"\bliquidation:[\w:]*\w", each.text)) <= recorded


@each_page
def test_variables_exist(each):
    assert set(re.findall(r"\bLIQ_[A-Z_]*[A-Z]", each.text)) <= NAMES


def known(key):
    """Whether a key, or block, of the configuration exists; NAME and COIN stand for any."""
    place = Config()
    for part in key.split("."):
        if isinstance(place, dict):
            place = ExchangeSection() if "exchanges" in key else Coin()
        elif part in getattr(place, "__struct_fields__", ()):
            place = getattr(place, part)
        else:
            return False
    return True


def keys(text):
    """The keys in code: dotted names that begin with a block of the configuration."""
    dotted = re.match(r"([a-z]+(?:\.[A-Za-z_]+)+)(?:: .*)?$", text)
    if dotted and dotted[1].split(".")[0] in Config.__struct_fields__ and not FILES.search(dotted[1]):
        yield dotted[1]


def test_keys_are_told_from_what_is_none():
    assert known("signals.levels.watch.enter")
    assert known("exchanges.NAME.endpoints")
    assert known("signals.coins.COIN.mute")
    assert not known("web.port")
    assert list(keys("exchanges.NAME.enabled: false")) == ["exchanges.NAME.enabled"]
    assert [*keys("alerts.md"), *keys("rediss://x"), *keys("json.loads")] == []


@each_page
def test_configuration_keys_exist(each):
    modules = each.name == "docs/architecture.md"  # where such names are of parts of the code
    for code in each.codes:
        for key in keys(code):
            assert known(key) or modules, key
