import pytest

from exporter.stores import timescale_chores
from tests.history import History
from tests.journals import Grown


@pytest.fixture
def history(server):
    """An empty database, on each kind of server in turn."""
    return History(server, server.new_database())


@pytest.fixture
def journal(tmp_path):
    return Grown(tmp_path / "journal.db")


@pytest.fixture
def other(tmp_path):
    """The journal of a second exporter."""
    return Grown(tmp_path / "other.db", seed=99)


@pytest.fixture(autouse=True)
def prompt_upkeep(monkeypatch):
    """Do not wait for seconds before what is due is done."""
    monkeypatch.setattr(timescale_chores, "EVERY_S", 0.05)
