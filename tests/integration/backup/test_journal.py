"""A journal is saved while it is written to, and comes back whole, or not at all."""

import io
import json
import os
import stat
import subprocess
import sys
import tarfile
import threading

import pytest

from exporter.backup import BackupError, restore, save
from exporter.errors import UserError
from exporter.folder import held
from exporter.journal import Database, JournalError
from exporter.journal.schema import VERSION
from tests.integration.backup.conftest import JOURNAL
from tests.integration.serving import ROOT


@pytest.fixture
def archive(tmp_path, journal, configured):
    journal.add(300, repeat=20)
    journal.checkpoint()
    save(configured(tmp_path / "old"), journal.path, tmp_path / "saved.tar", journal_only=False, force=False)
    return tmp_path / "saved.tar"


@pytest.fixture
def put_back(tmp_path, configured):
    def make(archive, **options):
        options = {"journal_only": False, "force": False} | options
        return restore(configured(tmp_path / "new"), JOURNAL, archive, **options)

    return make


def rewritten(archive, change):
    """Write the archive anew with other contents: `change` takes and returns the members by name."""
    with tarfile.open(archive) as tar:
        members = {member.name: tar.extractfile(member).read() for member in tar}
    with tarfile.open(archive, "w") as tar:
        for name, content in change(members).items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def manifest_with(members, **changes):
    manifest = json.loads(members["manifest.json"]) | changes
    return members | {"manifest.json": json.dumps(manifest).encode()}


def test_it_is_one_state_of_a_journal_that_is_written_to(tmp_path, journal, configured, put_back):
    journal.add(20_000)
    over = threading.Event()

    def write():
        while not over.is_set():
            journal.add(20)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        archive = tmp_path / "saved.tar"
        manifest = save(configured(tmp_path / "old"), journal.path, archive, journal_only=False, force=False)
    finally:
        over.set()
        writer.join()
    assert 20_000 <= manifest.journal.events < len(journal.records)
    put_back(archive)
    restored = Database(tmp_path / "new" / JOURNAL)
    try:
        records = list(restored.records())
        assert records == journal.records[: len(records)]
        assert len(records) == manifest.journal.events
    finally:
        restored.close()


def test_it_is_for_its_owner_and_replaced_only_when_that_is_wanted(tmp_path, journal, archive, configured, put_back):
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    before = archive.read_bytes()
    config = configured(tmp_path / "old")
    with pytest.raises(BackupError, match="exists; choose another file"):
        save(config, journal.path, archive, journal_only=False, force=False)
    assert archive.read_bytes() == before
    save(config, journal.path, archive, journal_only=False, force=True)
    put_back(archive)
    with pytest.raises(BackupError, match="exists; choose another folder"):
        put_back(archive)
    put_back(archive, force=True)
    assert {path.name for path in (tmp_path / "new").iterdir()} == {JOURNAL, "config.restored.yaml", "lock"}


def test_what_the_replaced_journal_had_in_its_log_does_not_get_into_the_restored_one(tmp_path, archive, put_back):
    put_back(archive)
    new = tmp_path / "new" / JOURNAL
    for suffix in ("-wal", "-shm"):
        new.with_name(new.name + suffix).write_bytes(b"of another journal")
    put_back(archive, force=True)
    database = Database(new)
    assert len(list(database.records())) == 300
    database.close()


def test_a_folder_in_use_is_left_alone(tmp_path, archive, put_back):
    with held(tmp_path / "new"), pytest.raises(UserError, match="another exporter is using it"):
        put_back(archive, force=True)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda m: m | {"journal.db.gz": m["journal.db.gz"][:-1] + b"x"}, "the checksum of journal.db.gz is wrong"),
        (lambda m: m | {"journal.db.gz": m["journal.db.gz"] + b"x"}, "journal.db.gz is not what its manifest says"),
        (lambda m: {n: c for n, c in m.items() if n != "config.yaml"}, "cut off: config.yaml is missing"),
        (lambda m: {n: m[n] for n in ("journal.db.gz", "manifest.json")}, "does not begin with a manifest"),
        (lambda m: m | {"../escaped": b""}, "escaped is not what its manifest says"),
        (lambda m: manifest_with(m, format=2), "format 2, this version reads 1"),
        (lambda m: manifest_with(m, journal={}), "its manifest cannot be read"),
        (lambda m: manifest_with(m, parts=[{"name": "../x", "bytes": 0, "sha256": ""}]), "what no archive holds"),
        (
            lambda m: manifest_with(m, journal=json.loads(m["manifest.json"])["journal"] | {"schema": 2}),
            f"schema 2, this version knows {VERSION}; restore it with version",
        ),
        (
            lambda m: manifest_with(m, journal=json.loads(m["manifest.json"])["journal"] | {"events": 2}),
            "not the one that its manifest describes",
        ),
    ],
)
def test_an_archive_that_is_not_right_changes_nothing(tmp_path, archive, put_back, change, says):
    put_back(archive)
    before = (tmp_path / "new" / JOURNAL).read_bytes()
    rewritten(archive, change)
    with pytest.raises(BackupError, match=says):
        put_back(archive, force=True)
    assert (tmp_path / "new" / JOURNAL).read_bytes() == before
    assert {path.name for path in (tmp_path / "new").iterdir()} == {JOURNAL, "config.restored.yaml", "lock"}


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6])
def test_an_archive_that_is_cut_off_is_refused(tmp_path, archive, put_back, share):
    os.truncate(archive, int(archive.stat().st_size * share))
    with pytest.raises(BackupError):
        put_back(archive)
    assert not (tmp_path / "new" / JOURNAL).exists()


def test_a_damaged_journal_is_not_saved_as_if_it_were_whole(tmp_path, journal, configured):
    journal.add(3000)
    journal.database.close()
    with journal.path.open("r+b") as file:
        file.seek(journal.path.stat().st_size // 2)
        file.write(b"\xff" * 4096)
    with pytest.raises((BackupError, JournalError), match=r"damaged|malformed"):
        save(configured(tmp_path / "old"), journal.path, tmp_path / "saved.tar", journal_only=False, force=False)
    assert not (tmp_path / "saved.tar").exists()


def test_the_commands_work_through_pipes_and_say_what_they_did(tmp_path, journal):
    journal.add(100)
    journal.database.close()

    def run(*words, data=b""):
        command = [sys.executable, "-m", "exporter", *map(str, words)]
        return subprocess.run(command, cwd=ROOT, input=data, capture_output=True, check=False)

    made = run("backup", "--data.dir", tmp_path / "old", "--output", "-")
    assert (made.returncode, made.stderr.splitlines()[0][:21]) == (0, b"journal    100 events")
    back = run("restore", "--data.dir", tmp_path / "new", "-", data=made.stdout)
    assert (back.returncode, back.stdout) == (0, b"")
    assert b"checksums are right" in back.stderr
    again = run("restore", "--data.dir", tmp_path / "new", "-", data=made.stdout)
    assert again.returncode == 2
    assert again.stderr.startswith(b"error: ")
    assert again.stderr.count(b"\n") == 1
