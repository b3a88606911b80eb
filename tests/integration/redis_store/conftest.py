import pytest

from tests.redis_server import new_server
from tests.redis_world import World


@pytest.fixture
def server(tmp_path):
    """An empty redis-server without persistence."""
    started = new_server(tmp_path).start()
    yield started
    started.kill()


@pytest.fixture
def client(server):
    with server.client() as opened:
        yield opened


@pytest.fixture
def world(tmp_path):
    return World(tmp_path / "journal.db")
