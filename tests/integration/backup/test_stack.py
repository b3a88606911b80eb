"""What `make stack DATA=` keeps is saved while its database runs and while it does not, and restored elsewhere."""

import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import pytest

from stack.database import NAME, Database
from stack.passwords import kept
from stack.programs import has_timescale
from stack.service import free_port
from tests.history import History, following
from tests.integration.backup.conftest import JOURNAL
from tests.integration.serving import ROOT
from tests.journals import Grown


@pytest.fixture
def place():
    """A folder that PostgreSQL reaches as another user, which it is when the tests run as root."""
    with tempfile.TemporaryDirectory(prefix="liquidation-backup-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


def act(action, data, archive):
    words = {"backup": ("--output", archive), "restore": (archive,)}[action]
    command = [sys.executable, "-m", "stack.backup", action, "--data", data, "--live", *words]
    return subprocess.run([str(word) for word in command], cwd=ROOT, capture_output=True, text=True, check=False)


def manifest(archive):
    with tarfile.open(archive) as tar:
        found = json.load(tar.extractfile("manifest.json"))
    return found["journal"], found["database"]


async def test_it_is_the_same_wherever_it_goes(place):
    old, new = place / "old", place / "new"
    journal_folder = old / "live/exporter/data"
    journal_folder.mkdir(parents=True)
    (old / "live/postgres").mkdir()
    journal = Grown(journal_folder / JOURNAL)
    journal.add(100)
    passwords = kept(old / "live/passwords.json")
    database = Database(old / "live/postgres", free_port(), passwords, timescale=has_timescale(), durable=False)
    database.start()
    try:
        history = History(database, NAME)
        async with following(history.store(journal, address=database.writer_url), journal):
            pass
        assert act("backup", old, place / "running.tar").returncode == 0
    finally:
        database.stop()
        journal.database.close()
    for action, data, archive in (
        ("backup", old, "stopped.tar"),
        ("restore", new, "running.tar"),
        ("backup", new, "again.tar"),
    ):
        done = act(action, data, place / archive)
        assert done.returncode == 0, done.stderr
    first = manifest(place / "running.tar")
    assert first[0]["events"] == 100
    assert first[1]["owner"] == "liquidations"
    assert manifest(place / "stopped.tar") == first
    assert manifest(place / "again.tar") == first
    assert not list(place.rglob("postmaster.pid"))


def test_a_folder_without_a_stack_is_told(place):
    done = act("backup", place / "none", place / "saved.tar")
    assert done.returncode == 2
    assert done.stderr.endswith("no stack has kept anything here; name the folder that was given as DATA=\n")
    assert not (place / "none").exists()
