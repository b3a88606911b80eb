import os
import shutil
import stat
import subprocess

import pytest

from tests.environment import outside_make
from tests.unit.stack.compose import ROOT


@pytest.fixture
def folder(tmp_path):
    for name in ("Makefile", ".env.example"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make(folder, *targets, **environment):
    return subprocess.run(
        ["make", *targets], cwd=folder, capture_output=True, text=True, check=False, env=outside_make() | environment
    )


def values(folder):
    lines = (folder / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_passwords_are_random_and_for_the_owner_only(folder):
    assert make(folder, ".env").returncode == 0
    first = values(folder)
    passwords = [value for name, value in first.items() if name.endswith("_PASSWORD")]
    assert len(set(passwords)) == len(passwords) == 4
    assert all(len(password) == 32 for password in passwords)
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    (folder / ".env").unlink()
    make(folder, ".env")
    assert values(folder)["REDIS_PASSWORD"] != first["REDIS_PASSWORD"]


def test_what_is_not_a_password_is_as_in_the_example(folder):
    make(folder, ".env")
    made = (folder / ".env").read_text().splitlines()
    example = (folder / ".env.example").read_text().splitlines()
    assert [line for line in made if "_PASSWORD=" not in line] == [line for line in example if "_PASSWORD=" not in line]


def test_an_existing_file_is_not_touched(folder):
    (folder / ".env").write_text("REDIS_PASSWORD=mine\n")
    os.utime(folder / ".env", (0, 0))
    assert make(folder, ".env").returncode == 0
    assert (folder / ".env").read_text() == "REDIS_PASSWORD=mine\n"


@pytest.mark.parametrize("target", ["up", "down", "logs"])
def test_without_docker_there_is_one_clear_error(folder, target, tmp_path):
    (tmp_path / "docker").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "docker").chmod(0o755)
    done = make(folder, target, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == (
        "error: this needs Docker with its compose plug-in, and the engine running"
        " (https://docs.docker.com/engine/install); the same stack without Docker: make stack"
    )
    assert not (folder / ".env").exists()


@pytest.mark.parametrize(
    ("arguments", "project"),
    [
        ((), "docker compose --profile live"),
        (("DEMO=1",), "docker compose --project-name liquidations-demo --profile demo"),
    ],
)
def test_live_and_demo_are_projects_of_their_own(folder, arguments, project, tmp_path):
    said = tmp_path / "said"
    (tmp_path / "docker").write_text(f'#!/bin/sh\necho "docker $*" >> {said}\n')
    (tmp_path / "docker").chmod(0o755)
    for target in ("up", "logs", "down"):
        done = make(folder, target, *arguments, PATH=f"{tmp_path}:{os.environ['PATH']}")
        assert done.returncode == 0, done.stderr
        if target == "up":
            assert "http://localhost:3000" in done.stdout
        if target == "down":
            assert "the data stays" in done.stdout
    commands = [line for line in said.read_text().splitlines() if " --profile " in line]
    verbs = [line.removeprefix(project).split()[0] for line in commands]
    assert all(line.startswith(project) for line in commands)
    assert verbs == ["up", "logs", "down"]
