"""The `simulate` command for an exporter that runs elsewhere: where it listens, what it is told, and its past."""

import json
import signal

import pytest

from exporter.commands.simulate import configuration
from exporter.config import load
from exporter.folder import held
from exporter.journal import Database
from tests.integration.serving import command, started


async def test_an_exporter_is_told_where_to_listen_by_a_file(tmp_path):
    async with started("simulate", "--host", "localhost", "--endpoints", "exporter.yaml", cwd=tmp_path) as process:
        announced = json.loads(await process.line())["endpoints"]
        config = load(tmp_path / "exporter.yaml", {}, {})
        await process.end(signal.SIGTERM)
    assert {name: config.endpoints(name) for name in config.enabled_exchanges()} == announced
    assert all("//localhost:" in address for addresses in announced.values() for address in addresses.values())


def test_an_exchange_that_is_not_simulated_is_switched_off(tmp_path):
    path = tmp_path / "exporter.yaml"
    path.write_text(configuration({"bybit": {"ws": "ws://127.0.0.1:1", "rest": "http://127.0.0.1:1"}}))
    assert load(path, {}, {}).enabled_exchanges() == ["bybit"]


async def test_a_place_that_is_not_of_this_machine(tmp_path):
    complaint = (await command("simulate", "--host", "192.0.2.1", cwd=tmp_path)).complaint
    assert "192.0.2.1" in complaint
    assert "--host" in complaint


async def test_a_data_folder_is_given_a_past_once(tmp_path):
    journals = []
    for _ in range(2):
        async with started("simulate", "--past", "--data.dir", "data", "--seed", "5", cwd=tmp_path) as process:
            await process.line()
            await process.end(signal.SIGTERM)
        database = Database(tmp_path / "data/journal.db", readonly=True)
        journals.append((database.uuid, [record.entry.id for record in database.records(0)]))
        database.close()
    assert journals[0] == journals[1]
    _, ids = journals[0]
    assert len(ids) > 20_000
    assert {each.rpartition("-")[0] for each in ids} == {"past-5"}


async def test_a_past_that_was_not_finished_is_written_anew(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/journal.db.unfinished").write_bytes(b"half of it")
    async with started("simulate", "--past", "--data.dir", "data", cwd=tmp_path) as process:
        await process.line()
        await process.end(signal.SIGTERM)
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["journal.db", "lock"]


@pytest.mark.parametrize("there", [True, False])
async def test_a_folder_in_use_is_left_alone(tmp_path, there):
    with held(tmp_path / "data"):
        if there:
            Database(tmp_path / "data/journal.db").close()
            async with started("simulate", "--past", "--data.dir", "data", cwd=tmp_path) as process:
                assert await process.line(), "an exporter that has its journal does not disturb"
                await process.end(signal.SIGTERM)
        else:
            complaint = (await command("simulate", "--past", "--data.dir", "data", cwd=tmp_path)).complaint
            assert "another exporter is using it" in complaint
