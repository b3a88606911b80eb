"""The systemd unit: read strictly here, and by systemd itself where it is installed."""

import shutil
import subprocess
import sys

import pytest

from deploy.__main__ import ROOT
from exporter.config import ConfigError, load

UNIT = ROOT / "deploy/systemd/liquidation-exporter.service"
HARDENING = {
    "DynamicUser": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "MemoryDenyWriteExecute": "yes",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "SystemCallArchitectures": "native",
    "UMask": "0077",
}


def settings(text):
    pairs = [line.split("=", 1) for line in text.splitlines() if line and not line.startswith(("#", "["))]
    return dict(pairs)


def test_it_is_hardened_limited_and_ends_in_time():
    found = settings(UNIT.read_text())
    assert {name: found.get(name) for name in HARDENING} == HARDENING
    assert found["MemoryMax"]
    assert found["SystemCallFilter"] == "~@privileged @resources"
    assert found["Restart"] == "always"
    assert int(found["TimeoutStopSec"].removesuffix("s")) > 10
    assert found["Environment"].split()[0] == f"LIQ_DATA_DIR=%S/{found['StateDirectory']}"


def test_secrets_are_credentials_which_the_exporter_reads(tmp_path):
    lines = [
        line.removeprefix("#") for line in UNIT.read_text().splitlines() if "Credential" in line or "_FILE=" in line
    ]
    credentials = dict(line.partition("=")[2].split(":") for line in lines if line.startswith("LoadCredential"))
    environment = {}
    for line in lines:
        if line.startswith("Environment="):
            name, path = line.removeprefix("Environment=").split("=")
            file = path.removeprefix("%d/")
            assert file in credentials
            (tmp_path / file).write_text(f"{file.partition('-')[0].replace('timescale', 'postgresql')}://a:b@c/0\n")
            environment[name] = str(tmp_path / file)
    stores = load(None, environment, {}).stores
    assert (stores.timescale.url, stores.redis.url) == ("postgresql://a:b@c/0", "redis://a:b@c/0")
    with pytest.raises(ConfigError, match=r"LIQ_STORES_REDIS_URL_FILE: .* cannot be read"):
        load(None, environment | {"LIQ_STORES_REDIS_URL_FILE": str(tmp_path / "none")}, {})
    with pytest.raises(ConfigError, match="are both set"):
        load(None, environment | {"LIQ_STORES_REDIS_URL": "redis://x/0"}, {})


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_finds_no_fault_and_little_exposure(tmp_path):
    text = UNIT.read_text().replace("/opt/liquidation-exporter/.venv/bin/python", sys.executable)
    copy = tmp_path / UNIT.name
    copy.write_text(text.replace("WorkingDirectory=/opt/liquidation-exporter", f"WorkingDirectory={tmp_path}"))
    for words in (("verify",), ("security", "--offline=true", "--threshold=15", "--no-pager")):
        done = subprocess.run(["systemd-analyze", *words, copy], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert not done.stderr
