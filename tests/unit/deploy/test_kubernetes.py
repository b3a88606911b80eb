"""The manifests: valid by Kubernetes' own schemas, in step with what they are made from, and without rights."""

from urllib.parse import urlsplit

import kubernetes_validate
import pytest
import yaml

from deploy.__main__ import KUBERNETES, ROOT, manifests
from exporter import __version__
from exporter.config import load
from exporter.exchanges import REGISTRY
from exporter.folder import JOURNAL_FILE

NEWEST = "1.37"
OPERATOR = "monitoring.coreos.com/v1"


def objects(folder="base"):
    """Every object that a kustomization lists, by kind."""
    listed = yaml.safe_load((KUBERNETES / folder / "kustomization.yaml").read_text())["resources"]
    found = [yaml.safe_load((KUBERNETES / folder / name).read_text()) for name in listed]
    assert {path.name for path in (KUBERNETES / folder).glob("*.yaml")} >= set(listed)
    return {each["kind"]: each for each in found}


@pytest.fixture
def pod():
    return objects()["StatefulSet"]["spec"]["template"]["spec"]


@pytest.fixture
def container(pod):
    (only,) = pod["containers"]
    return only


@pytest.mark.parametrize("path", manifests(), ids=lambda path: path.name)
def test_what_is_generated_is_in_step_with_its_source(path):
    assert path.read_text() == manifests()[path], "run make manifests"


@pytest.mark.parametrize("version", ["1.28", NEWEST])
@pytest.mark.parametrize("kind", [*objects(), "Secret"])
def test_an_object_is_valid(kind, version):
    secret = yaml.safe_load((KUBERNETES / "secret.example.yaml").read_text())
    kubernetes_validate.validate((objects() | {"Secret": secret})[kind], version, strict=True)


def test_an_object_that_is_not_valid_would_be_found():
    wrong = objects()["StatefulSet"]
    wrong["spec"]["template"]["spec"]["hostnetwork"] = True
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, NEWEST, strict=True)


def test_the_rules_are_those_that_promtool_tests():
    rule = objects("monitoring")["PrometheusRule"]
    assert rule["apiVersion"] == OPERATOR
    groups = {group["name"]: group for group in rule["spec"]["groups"]}
    files = sorted((ROOT / "alerting/rules").glob("*.yml"))
    source = [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    assert source
    assert len(groups) == len(source), "the operator wants every name once"
    assert groups == {group["name"]: group for group in source}


def test_what_is_scraped_is_the_job_that_the_rules_ask_for_at_the_pace_of_the_stack():
    monitor, service = objects("monitoring")["ServiceMonitor"], objects()["Service"]
    assert monitor["apiVersion"] == OPERATOR
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    (endpoint,) = monitor["spec"]["endpoints"]
    (port,) = service["spec"]["ports"]
    scrape = yaml.safe_load((ROOT / "alerting/prometheus.yml").read_text())["scrape_configs"][0]
    assert endpoint["port"] == port["name"]
    assert (endpoint["interval"], endpoint["scrapeTimeout"]) == (scrape["scrape_interval"], scrape["scrape_timeout"])
    assert endpoint["relabelings"] == [{"targetLabel": "job", "replacement": scrape["job_name"]}]


def test_it_runs_without_rights_and_writes_to_its_volumes_only(pod, container):
    assert pod["securityContext"]["runAsNonRoot"]
    uid = str(pod["securityContext"]["runAsUser"])
    assert f"--uid {uid}" in (ROOT / "Dockerfile").read_text()
    assert str(pod["securityContext"]["fsGroup"]) == uid
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"]["memory"]
    assert {mount["mountPath"]: mount.get("readOnly", False) for mount in container["volumeMounts"]} == {
        "/data": False,
        "/etc/liquidation-exporter": True,
        "/tmp": False,
    }


def test_the_journal_is_on_a_volume_of_its_own(container):
    stateful = objects()["StatefulSet"]["spec"]
    (claim,) = stateful["volumeClaimTemplates"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert f"LIQ_DATA_DIR={mounts[claim['metadata']['name']]}" in (ROOT / "Dockerfile").read_text(), JOURNAL_FILE
    assert stateful["replicas"] == 1


def test_image_and_configuration_are_those_of_this_version(container):
    kustomization = yaml.safe_load((KUBERNETES / "base/kustomization.yaml").read_text())
    (image,) = kustomization["images"]
    assert (image["name"], image["newTag"]) == (container["image"], __version__)
    (generator,) = kustomization["configMapGenerator"]
    assert generator["files"] == ["config.yaml"]
    assert container["args"][-1] == "/etc/liquidation-exporter/config.yaml"
    names = {entry["name"]: "postgresql://a:b@c/d" for entry in container["env"]}
    names["LIQ_STORES_REDIS_URL"] = "redis://a:b@c/0"
    config = load(KUBERNETES / "base/config.yaml", names, {})
    assert config.stores.timescale.url
    assert config.stores.redis.url


def test_the_network_policy_lets_through_what_the_exporter_needs(container):
    policy = objects()["NetworkPolicy"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    inside = {port["port"] for rule in policy["ingress"] for port in rule["ports"]}
    assert inside == {container["ports"][0]["containerPort"]}
    anywhere = {port["port"] for rule in policy["egress"] if "to" not in rule for port in rule["ports"]}
    addresses = [urlsplit(address) for exchange in REGISTRY.values() for address in exchange.endpoints.values()]
    assert {address.port or 443 for address in addresses} <= anywhere
    assert 53 in anywhere


def test_it_has_time_to_end(pod):
    assert pod["terminationGracePeriodSeconds"] >= 15
