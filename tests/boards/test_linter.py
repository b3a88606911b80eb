"""grafana/dashboard-linter itself, where it is installed; test_structure.py holds its rules everywhere."""

import shutil
import subprocess

import pytest

from grafana.__main__ import FOLDER

LINTER = shutil.which("dashboard-linter")


@pytest.mark.skipif(LINTER is None, reason="dashboard-linter is not installed")
@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_the_linter_finds_nothing(path):
    done = subprocess.run([LINTER, "lint", "--strict", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
