import os
from types import SimpleNamespace

import pytest

from exporter.errors import UserError
from stack import programs


@pytest.fixture
def nothing(tmp_path, monkeypatch):
    """A machine on which nothing is installed, and nothing can be."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(programs, "CACHE", tmp_path / "cache")
    (tmp_path / "bin").mkdir()
    return tmp_path


def put(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_an_installed_program_is_found_under_any_of_its_names(nothing):
    assert programs.installed("alertmanager") is None
    debian = put(nothing / "bin/prometheus-alertmanager")
    assert programs.program("alertmanager") == debian
    own = put(nothing / "bin/alertmanager")
    assert programs.program("alertmanager") == own


def test_what_was_fetched_before_is_found(nothing):
    fetched = put(nothing / "cache/root/usr/bin/prometheus")
    assert programs.program("prometheus") == fetched


def test_a_missing_program_is_named_with_the_way_to_get_it(nothing):
    with pytest.raises(UserError, match=r"^promtool is needed: apt install prometheus$"):
        programs.program("promtool")
    with pytest.raises(UserError, match=r"^grafana is needed: install it, and have it in PATH$"):
        programs.program("grafana")


def test_a_fetch_that_fails_is_a_missing_program(nothing):
    put(nothing / "bin/dpkg")
    put(nothing / "bin/apt-get").write_text("#!/bin/sh\nexit 100\n")
    with pytest.raises(UserError, match="prometheus is needed"):
        programs.program("prometheus")


def test_programs_in_a_folder_of_somebody_else_are_not_run(nothing, monkeypatch):
    put(nothing / "bin/dpkg")
    put(nothing / "bin/apt-get")
    put(nothing / "cache/root/usr/bin/prometheus")
    stranger = SimpleNamespace(getuid=lambda: os.getuid() + 1, environ=os.environ)
    monkeypatch.setattr(programs, "os", stranger)
    with pytest.raises(UserError, match="belongs to another user"):
        programs.program("prometheus")
