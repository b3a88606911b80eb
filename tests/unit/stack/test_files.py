"""What the native stack makes of the committed files."""

import re
import stat

import pytest
import yaml

from stack.grafana import FILES, fitting
from stack.passwords import kept
from stack.prometheus import ALERTING, located

TARGETS = {"liquidations": "127.0.0.1:1", "prometheus": "127.0.0.1:2", "alertmanager": "127.0.0.1:3"}


def configuration():
    return (ALERTING / "prometheus.yml").read_text()


def test_prometheus_scrapes_what_runs_here_and_nothing_else_is_changed():
    before, after = yaml.safe_load(configuration()), yaml.safe_load(located(configuration(), TARGETS))
    assert {job["job_name"]: job["static_configs"] for job in after["scrape_configs"]} == {
        job: [{"targets": [target]}] for job, target in TARGETS.items()
    }
    assert after["alerting"]["alertmanagers"] == [{"static_configs": [{"targets": ["127.0.0.1:3"]}]}]
    kept_jobs = [job for job in before["scrape_configs"] if job["job_name"] != "grafana"]
    for one, other in zip(kept_jobs, after["scrape_configs"], strict=True):
        assert one | {"static_configs": None} == other | {"static_configs": None}
    for key in ("global", "rule_files"):
        assert before[key] == after[key]


def test_with_grafana_every_job_of_the_configuration_is_scraped():
    jobs = {job["job_name"] for job in yaml.safe_load(configuration())["scrape_configs"]}
    assert jobs == TARGETS.keys() | {"grafana"}


@pytest.mark.parametrize(
    ("version", "plugin"),
    [((9, 4), "postgres"), ((10, 1), "postgres"), ((10, 2), "grafana-postgresql-datasource"), ((13, 2), None)],
)
def test_the_plugin_is_named_as_grafana_knows_it(version, plugin):
    text = (FILES / "provisioning/datasources/datasources.yml").read_text()
    types = [source["type"] for source in yaml.safe_load(fitting(text, version, timescale=True))["datasources"]]
    assert types == ["prometheus", plugin or "grafana-postgresql-datasource"]


def test_data_sources_have_the_uids_that_the_boards_name():
    text = (FILES / "provisioning/datasources/datasources.yml").read_text()
    assert re.findall(r"uid: (\w+)", text) == ["prometheus", "timescale"]


def test_passwords_are_made_once_all_different_and_for_the_owner_only(tmp_path):
    path = tmp_path / "passwords.json"
    made = kept(path)
    assert kept(path) == made
    assert len({getattr(made, name) for name in made.__struct_fields__}) == 5
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept(tmp_path / "other.json") != made


@pytest.mark.parametrize("timescale", [True, False])
def test_grafana_knows_whether_the_database_has_timescaledb(timescale):
    text = (FILES / "provisioning/datasources/datasources.yml").read_text()
    _, database = yaml.safe_load(fitting(text, (13, 2), timescale=timescale))["datasources"]
    assert database["jsonData"]["timescaledb"] is timescale
