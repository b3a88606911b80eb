"""The schema is made once, by whoever comes first, and never by guessing."""

import asyncio
import shutil

import asyncpg
import pytest

from exporter.stores import migrations as module
from exporter.stores.base import StoreFaultError
from exporter.stores.migrations import FOLDER, Flavour, migrate, migrations
from tests.history import History

EVENT = """
INSERT INTO liquidations VALUES (
    now() - interval '2 days', now(), 'binance', 'BTCUSDT', 'BTC', 'USDT', 'USDT', 'perpetual', 'long', 97000, 'fill',
    1, 'base', 1, 97000, 11483, 'id', 'live'
)
"""
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


COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
WHERE table_schema = 'public' ORDER BY 1, 2
"""


@pytest.mark.parametrize("version", [2, 3, 4, 5])
async def test_every_earlier_schema_is_brought_up_to_date_with_what_is_in_it(history, server, flavour, files, version):
    for path in files.glob("*.sql"):
        if int(path.name[:4]) > version:
            path.unlink()
    await run(history, files)
    assert (await history.fetch(NAMES))[-1][0] <= version
    await history.fetch(EVENT)
    await history.fetch("INSERT INTO exporter_cursors VALUES ('journal', 7, 'mark', now())")
    assert await run(history) is flavour
    fresh = History(server, server.new_database())
    await run(fresh)
    assert await history.fetch(COLUMNS) == await fresh.fetch(COLUMNS)
    assert await history.fetch(NAMES) == await fresh.fetch(NAMES)
    assert await history.fetch("SELECT seq, told FROM exporter_cursors") == [(7, 0)]
    for relation in ("liquidations_1m", "liquidations_1d", "liquidation_totals"):
        assert await history.fetch(f"SELECT events, notional_usd FROM {relation}") == [(1, 97_000.0)]


async def test_a_statement_waits_while_a_job_holds_what_it_needs(history, files, monkeypatch):
    await run(history)
    monkeypatch.setattr(module, "CONFLICT_S", 0.01)
    locked = "ALTER TABLE exporter_state ADD COLUMN more int"
    (files / "0007_locked.sql").write_text(f"{module.NO_TRANSACTION}\nSET lock_timeout = '20ms';\n{locked};\n")
    pauses, sleep = [], asyncio.sleep

    async def pause(seconds):
        pauses.append(seconds)
        if len(pauses) == 3:
            await holder.execute("COMMIT")
        await sleep(seconds)

    monkeypatch.setattr(module.asyncio, "sleep", pause)
    async with history.connection() as holder:
        await holder.execute("BEGIN; LOCK TABLE exporter_state")
        await run(history, files)
    assert pauses == [0.01, 0.02, 0.04]
    assert (await history.fetch(NAMES))[-1] == (7, "0007_locked")


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
    (files / f"0007_more.{flavour.value}.sql").write_text("CREATE TABLE more (x int);")
    other = next(each for each in Flavour if each is not flavour)
    (files / f"0007_more.{other.value}.sql").write_text("SELECT 1 / 0;")
    await run(history, files)
    assert (await history.fetch(NAMES))[-1] == (7, f"0007_more.{flavour.value}")
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
