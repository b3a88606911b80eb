"""One version, wherever it is shown."""

import re
import subprocess
import sys
import tomllib

import yaml

from deploy.__main__ import KUBERNETES, ROOT
from exporter import __version__
from exporter.metrics import Exposition
from tests.unit.metrics.filled import NOW_MS, empty_view

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_the_package_says_what_the_project_says():
    assert __version__ == PROJECT["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)


def test_the_command_and_the_metric_say_it():
    done = subprocess.run([sys.executable, "-m", "exporter", "--version"], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.decode() == f"liquidation-exporter {__version__}\n"
    text = Exposition(empty_view()).render(None, NOW_MS)[0].decode()
    assert f'liquidation_exporter_build_info{{version="{__version__}"}} 1' in text


def test_the_images_say_it():
    assert f'org.opencontainers.image.version="{__version__}"' in DOCKERFILE
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert compose["x-exporter"]["image"] == f"liquidation-exporter:{__version__}"
    kustomization = yaml.safe_load((KUBERNETES / "base/kustomization.yaml").read_text())
    assert kustomization["images"][0]["newTag"] == __version__


def test_the_licence_is_one():
    assert PROJECT["license"] == "Apache-2.0"
    assert f'org.opencontainers.image.licenses="{PROJECT["license"]}"' in DOCKERFILE
    for name in PROJECT["license-files"]:
        assert "Apache License\n                           Version 2.0" in (ROOT / name).read_text()
