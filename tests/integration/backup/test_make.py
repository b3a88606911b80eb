"""`make backup` and `make restore`, in containers too: a stand-in for Docker runs what it is given on this machine."""

import os
import stat
import subprocess
import sys

import pytest

from exporter.journal import Database
from tests.environment import outside_make
from tests.integration.backup.conftest import JOURNAL
from tests.integration.serving import ROOT

DOCKER = """#!/bin/sh
# a container's command runs here; what is left of the words is what compose itself is asked to do
echo "$*" >> {said}
while [ $# -gt 0 ]; do
    case "$1" in
        exec) shift 3; [ "$1" = python ] && shift; exec {python} "$@" --data.dir {data} ;;
        run) shift 5; exec {python} -m exporter "$@" --data.dir {data} ;;
    esac
    shift
done
"""


@pytest.fixture
def folder(tmp_path):
    """A clone, as far as make needs it, with the virtual environment of these tests."""
    clone = tmp_path / "clone"
    clone.mkdir()
    for name in ("Makefile", ".env.example", "requirements.lock", "exporter", "stack", "config.yaml"):
        (clone / name).symlink_to(ROOT / name)
    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/bin/python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (clone / ".venv/bin/python").chmod(0o755)
    (clone / ".venv/.run").touch()
    return clone


def make(folder, *words, **environment):
    return subprocess.run(
        ["make", *map(str, words)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=outside_make() | environment,
    )


def events(folder):
    database = Database(folder / JOURNAL, readonly=True)
    try:
        return [record.entry for record in database.records()]
    finally:
        database.close()


def test_of_a_plain_run(tmp_path, folder, journal):
    journal.add(50)
    archive = tmp_path / "saved.tar"
    for words, status in (((), 0), ((), 2), (("FORCE=1",), 0)):
        done = make(folder, "backup", f"FILE={archive}", *words, LIQ_DATA_DIR=str(tmp_path / "old"))
        assert done.returncode == status, done.stderr
    assert make(folder, "restore").stderr.startswith("error: which backup?")
    for words, status in (((), 0), ((), 2), (("FORCE=1",), 0)):
        done = make(folder, "restore", f"FILE={archive}", *words, LIQ_DATA_DIR=str(tmp_path / "new"))
        assert done.returncode == status, done.stderr
    assert events(tmp_path / "new") == journal.events


@pytest.mark.parametrize("demo", [(), ("DEMO=1",)])
def test_of_containers(tmp_path, folder, journal, demo):
    journal.add(50)
    said, archive = tmp_path / "said", tmp_path / "saved.tar"

    def docker(data):
        script = DOCKER.format(said=said, python=sys.executable, data=tmp_path / data)
        (tmp_path / "docker").write_text(script)
        (tmp_path / "docker").chmod(0o755)
        return {"PATH": f"{tmp_path}:{os.environ['PATH']}"}

    done = make(folder, "backup", "CONTAINERS=1", f"FILE={archive}", *demo, **docker("old"))
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    done = make(folder, "restore", "CONTAINERS=1", f"FILE={archive}", *demo, **docker("new"))
    assert done.returncode == 0, done.stderr
    assert events(tmp_path / "new") == journal.events
    service = "exporter-demo" if demo else "exporter"
    project = "compose --project-name liquidations-demo --profile demo" if demo else "compose --profile live"
    asked = [line.removeprefix(f"{project} ") for line in said.read_text().splitlines() if line.startswith(project)]
    assert asked == [
        f"exec -T {service} python -m exporter backup --output -",
        f"stop {service}",
        "up --detach --wait timescaledb",
        f"run --rm --no-deps -T {service} restore -",
    ]


def test_a_backup_that_fails_in_its_container_leaves_nothing_behind(tmp_path, folder):
    (tmp_path / "docker").write_text('#!/bin/sh\ncase "$*" in *exec*) echo half; exit 1 ;; esac\n')
    (tmp_path / "docker").chmod(0o755)
    archive = tmp_path / "saved.tar"
    done = make(folder, "backup", "CONTAINERS=1", f"FILE={archive}", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 2
    assert not list(tmp_path.glob("saved*"))


def test_the_image_can_dump_the_database_of_the_stack():
    client = int((ROOT / "Dockerfile").read_text().partition("postgresql-client-")[2].split()[0])
    server = int(
        (ROOT / "docker-compose.yml").read_text().partition("timescale/timescaledb:")[2].split()[0].rpartition("-pg")[2]
    )
    assert client >= server
