import re
from collections import Counter

import pytest
import yaml

from exporter.cli import parser
from exporter.config import dump, load
from stack.whole import PORTS
from tests.unit.stack import compose

COMPOSE = compose.load()
SERVICES = list(COMPOSE.services.items())
VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::([-?])([^}]*))?\}")
USED_BY_COMPOSE = {"COMPOSE_PROFILES"}

each_service = pytest.mark.parametrize(("name", "service"), SERVICES, ids=[name for name, _ in SERVICES])


def documented():
    """The variables of .env.example with their values; each has a comment above it, or above the ones before it."""
    lines = (compose.ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def variables():
    return VARIABLE.findall(compose.text())


def test_there_is_every_part_of_the_stack():
    parts = {"exporter", "exporter-demo", "simulator", "redis", "timescaledb", "prometheus", "alertmanager", "grafana"}
    assert COMPOSE.services.keys() == parts


@each_service
def test_a_service_is_pinned_watched_limited_and_has_no_rights(name, service):
    assert re.search(r":v?\d+\.\d+", service.image), "an image without a version changes under us"
    assert service.read_only
    assert service.cap_drop == ["ALL"]
    assert service.security_opt == ["no-new-privileges:true"]
    assert re.fullmatch(r"\d+[mg]", service.mem_limit)
    assert service.healthcheck.test[0] in ("CMD", "CMD-SHELL")
    assert len(service.healthcheck.test) > 1


@each_service
def test_a_service_waits_only_for_what_has_a_health_check_and_runs_at_the_same_time(name, service):
    for other, dependency in service.depends_on.items():
        assert dependency.condition == "service_healthy"
        profiles = COMPOSE.services[other].profiles
        assert not profiles or set(service.profiles) <= set(profiles)


def test_nobody_waits_for_itself():
    def after(name, above=()):
        assert name not in above, f"{name} waits for itself"
        for other in COMPOSE.services[name].depends_on:
            after(other, (*above, name))

    for name in COMPOSE.services:
        after(name)


@each_service
def test_only_this_machine_reaches_a_published_port(name, service):
    for port in service.ports:
        assert re.fullmatch(r"127\.0\.0\.1:\$\{[A-Z]+_PORT:-(\d+)\}:\1", port)


def test_the_same_ports_are_published_as_in_the_native_stack_and_those_of_the_stores_are_not():
    published = {name: service.ports for name, service in SERVICES if service.ports}
    inside = {name: int(ports[0].rpartition(":")[2]) for name, ports in published.items()}
    wanted = {name: port for name, port in PORTS.items() if port}
    assert inside == wanted | {"exporter-demo": wanted["exporter"]}


def test_what_is_mounted_exists_and_is_read_only_or_a_named_volume():
    named = Counter()
    for _, service in SERVICES:
        for volume in service.volumes:
            source, target, *mode = volume.split(":")
            assert target.startswith("/")
            if source.startswith("."):
                assert (compose.ROOT / source).exists(), source
                assert mode == ["ro"]
            else:
                assert not mode
                named[source] += 1
    assert named.keys() == COMPOSE.volumes.keys()


def test_every_variable_is_documented_and_every_documented_one_is_used():
    assert {name for name, _, _ in variables()} | USED_BY_COMPOSE == documented().keys()


def test_a_variable_without_a_value_of_its_own_is_asked_for_and_the_others_have_the_documented_one():
    values = documented()
    for name, kind, rest in variables():
        if values[name]:
            assert (kind, rest) == ("-", values[name])
        else:
            assert name.endswith("_PASSWORD"), "only passwords are made up"
            assert kind == "?"


def test_no_variable_is_written_in_another_way():
    """A bare $NAME would be replaced by nothing, without a word; $$ is a dollar sign for the container's shell."""
    assert compose.text().replace("$$", "").count("$") == len(variables())


def test_each_variable_of_the_exporter_is_a_key_of_its_configuration():
    usual = dump(load(None, {}, {}))
    for _, service in SERVICES:
        for name, value in service.environment.items():
            if name.startswith("LIQ_"):
                filled = VARIABLE.sub("x", value)
                assert dump(load(None, {name: filled}, {})) != usual, f"{name} changes nothing"


def test_both_stores_and_the_read_only_role_are_switched_on():
    for name in ("exporter", "exporter-demo"):
        environment = COMPOSE.services[name].environment
        filled = {key: VARIABLE.sub("x", value) for key, value in environment.items()}
        stores = load(None, filled, {}).stores
        assert stores.redis.url == "redis://:x@redis:6379/0"
        assert stores.timescale.url == "postgresql://liquidations:x@timescaledb:5432/liquidations"
        grafana = COMPOSE.services["grafana"].environment
        role = (grafana["TIMESCALE_READONLY_ROLE"], VARIABLE.sub("x", grafana["TIMESCALE_READONLY_PASSWORD"]))
        assert (stores.timescale.readonly_role, stores.timescale.readonly_password) == role
        assert environment["LIQ_STORES_TIMESCALE_READONLY_PASSWORD"] == grafana["TIMESCALE_READONLY_PASSWORD"]


@pytest.mark.parametrize("name", ["exporter-demo", "simulator"])
def test_the_demo_is_given_commands_that_exist(name):
    words = [VARIABLE.sub(lambda found: found[3], word) for word in COMPOSE.services[name].command]
    options = parser().parse_args(["--data.dir", "/tmp", *(word.replace("/data/", "/tmp/") for word in words)])
    assert options.command == words[0]


def test_the_demo_has_its_own_exporter_under_the_same_name_and_never_beside_the_live_one():
    live, demo = COMPOSE.services["exporter"], COMPOSE.services["exporter-demo"]
    assert live.profiles == ["live"]
    assert demo.profiles == COMPOSE.services["simulator"].profiles == ["demo"]
    assert "exporter" in demo.names("exporter-demo")
    assert documented()["COMPOSE_PROFILES"] == "live"


def test_prometheus_scrapes_what_is_there():
    names = {alias: name for name, service in SERVICES for alias in service.names(name)}
    tree = yaml.safe_load((compose.ROOT / "alerting/prometheus.yml").read_text())
    jobs = [*tree["scrape_configs"], *tree["alerting"]["alertmanagers"]]
    targets = [target for job in jobs for group in job["static_configs"] for target in group["targets"]]
    assert len(targets) == 5
    for target in targets:
        host, port = target.split(":")
        service = COMPOSE.services[names["prometheus" if host == "localhost" else host]]
        assert service.ports[0].endswith(f":{port}")


def test_grafana_is_given_every_variable_of_its_provisioning():
    folder = compose.ROOT / "grafana/provisioning"
    named = {name for path in folder.rglob("*.yml") for name in re.findall(r"\$\{?([A-Z_]+)", path.read_text())}
    assert named
    assert named <= COMPOSE.services["grafana"].environment.keys()


def test_the_first_board_is_one_that_is_mounted():
    grafana = COMPOSE.services["grafana"]
    home = grafana.environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    mounts = dict(reversed(volume.split(":")[:2]) for volume in grafana.volumes)
    target = grafana.environment["DASHBOARDS_PATH"]
    assert (compose.ROOT / mounts[target] / home.removeprefix(f"{target}/")).exists()
