"""The schema is made once, by whoever comes first, and never by guessing."""

import asyncio
import shutil

import asyncpg
import pytest

from exporter.stores import migrations as module
from exporter.stores.base import StoreFaultError
from exporter.stores.migrations import FOLDER, Flavour, migrate, migrations

NAMES = "SELECT number, name FROM exporter_migrations ORDER BY number"


@pytest.fixture
def flavour(server):
    return Flavour.TIMESCALE if server.timescale else Flavour.PLAIN


@pytest.fixture
def files(tmp_path):
    """The files, to be changed by the test."""
    return shutil.copytree(FOLDER, tmp_path / "migrations")


async def run(history, files=FOLDER):
    async with history.connection() as connection:
        return await migrate(connection, files)


async def test_a_second_run_changes_nothing(history, flavour):
    assert await run(history) is flavour
    before = await history.fetch("SELECT * FROM exporter_migrations ORDER BY number")
    assert [row[:2] for row in before] == [(each.number, each.name) for each in migrations(flavour)]
    assert await run(history) is flavour
    assert await history.fetch("SELECT * FROM exporter_migrations ORDER BY number") == before


async def test_several_exporters_that_start_at_once_make_it_once(history, flavour):
    assert await asyncio.gather(*(run(history) for _ in range(5))) == [flavour] * 5
    assert await history.fetch(NAMES) == [(each.number, each.name) for each in migrations(flavour)]


async def test_what_was_interrupted_is_finished(history, flavour, files):
    """Also between the statements of a file that is no transaction."""
    last = files / f"{migrations(flavour)[-2].name}.sql"
    whole = last.read_text()
    last.write_text(whole + "\nSELECT 1 / 0;\n")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await run(history, files)
    assert len(await history.fetch(NAMES)) == len(migrations(flavour)) - 2
    last.write_text(whole)
    assert await run(history, files) is flavour
    assert len(await history.fetch(NAMES)) == len(migrations(flavour))


async def test_an_edited_file_is_refused(history, files):
    await run(history, files)
    path = files / "0001_tables.sql"
    path.write_text(path.read_text() + "-- a second thought\n")
    with pytest.raises(StoreFaultError, match="0001_tables is not the one that this database was set up with"):
        await run(history, files)


async def test_a_newer_schema_is_refused(history):
    await run(history)
    await history.fetch("INSERT INTO exporter_migrations VALUES (99, '0099_future', 'x')")
    with pytest.raises(StoreFaultError, match=r"newer version \(migration 99, this one knows 6\); update the exporter"):
        await run(history)


async def test_a_new_file_is_applied_to_what_is_there(history, flavour, files):
    await run(history, files)
    (files / f"0006_more.{flavour.value}.sql").write_text("CREATE TABLE more (x int);")
    other = next(each for each in Flavour if each is not flavour)
    (files / f"0006_more.{other.value}.sql").write_text("SELECT 1 / 0;")
    await run(history, files)
    assert (await history.fetch(NAMES))[-1] == (6, f"0006_more.{flavour.value}")
    assert await history.fetch("SELECT * FROM more") == []


async def test_what_a_database_was_set_up_as_it_stays(history, flavour, files, monkeypatch):
    """A server that gets or loses TimescaleDB does not change what is there."""
    newest = migrations(flavour, files)[-1]
    (files / f"{newest.name}.sql").rename(files / "kept")
    await run(history, files)
    (files / "kept").rename(files / f"{newest.name}.sql")

    async def the_opposite(_connection):
        return flavour is Flavour.PLAIN

    monkeypatch.setattr(module, "_timescale", the_opposite)
    assert await run(history, files) is flavour
    assert (await history.fetch(NAMES))[-1] == (newest.number, newest.name)


def test_numbers_are_unique_and_without_holes():
    for flavour in Flavour:
        numbers = [each.number for each in migrations(flavour)]
        assert numbers == sorted(set(numbers))
        assert numbers[0] == 1
