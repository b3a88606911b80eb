"""Blocks of PromQL, YAML, JSON and Python: what somebody copies is accepted."""

import ast
import json

import pytest
import yaml

from exporter.config import Config, load
from exporter.metrics import FAMILIES
from tests.boards.names import FOREIGN, metrics
from tests.docs.markdown import blocks
from tests.rules.alerting import accepts

SERIES = {name for family in FAMILIES.values() for name in family.series}
OURS = set(Config.__struct_fields__)
TESTED_ELSEWHERE = "docs/integrate.md"  # tests/rules/test_integrate.py does more with it
YAML = [block for block in blocks("yaml", "yml") if block.page != TESTED_ELSEWHERE]
each_yaml = pytest.mark.parametrize("block", YAML, ids=lambda block: block.page)


def test_prometheus_understands_the_queries(tmp_path):
    queries = [block.text.strip() for block in blocks("promql")]
    assert len(queries) > 10
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries)]
    path = tmp_path / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    accepts("promtool", "check", "rules", path)


@pytest.mark.parametrize("block", blocks("promql"), ids=lambda block: block.text.splitlines()[0])
def test_the_queries_ask_for_metrics_that_exist(block):
    assert all(name in SERIES or FOREIGN.fullmatch(name) for name in metrics(block.text))


@each_yaml
def test_a_configuration_is_accepted(block, tmp_path):
    tree = yaml.safe_load(block.text)
    if isinstance(tree, dict) and tree.keys() <= OURS:
        path = tmp_path / "config.yaml"
        path.write_text(block.text)
        load(path, {}, {})


@each_yaml
def test_a_scrape_configuration_is_accepted(block, tmp_path):
    tree = yaml.safe_load(block.text)
    if isinstance(tree, dict) and "scrape_configs" in tree:
        path = tmp_path / "prometheus.yml"
        path.write_text(block.text)
        accepts("promtool", "check", "config", "--syntax-only", path)


def test_both_kinds_are_found():
    trees = [yaml.safe_load(block.text) for block in YAML]
    assert any(tree.keys() <= OURS for tree in trees)
    assert any("scrape_configs" in tree for tree in trees)


@pytest.mark.parametrize("block", blocks("python", "json"), ids=lambda block: block.page)
def test_code_and_data_can_be_read(block):
    (ast.parse if block.language == "python" else json.loads)(block.text)
