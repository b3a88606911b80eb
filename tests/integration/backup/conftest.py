import msgspec
import pytest

from exporter.config import Config
from tests.history import History
from tests.journals import Grown

JOURNAL = "journal.db"


@pytest.fixture
def journal(tmp_path):
    """The journal of the machine that is saved."""
    (tmp_path / "old").mkdir()
    grown = Grown(tmp_path / "old" / JOURNAL)
    yield grown
    grown.database.close()


@pytest.fixture
def new_history(server):
    """Makes databases that belong to an ordinary role, on each kind of server in turn."""
    server.new_role("writer")
    return lambda: History(server, server.new_database("writer"))


@pytest.fixture
def configured():
    """Makes the configuration of an exporter in a folder, with a database if an address is given."""

    def make(folder, address=""):
        config = Config()
        data = msgspec.structs.replace(config.data, dir=folder)
        timescale = msgspec.structs.replace(config.stores.timescale, url=address)
        return msgspec.structs.replace(
            config, data=data, stores=msgspec.structs.replace(config.stores, timescale=timescale)
        )

    return make
