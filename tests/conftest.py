"""Servers that several tests share, started when the first one asks for them."""

import pytest
import structlog
from structlog.testing import capture_logs

from stack.programs import has_timescale
from tests import services


@pytest.fixture(autouse=True)
def _fresh_logs():
    """Undo what a test did to the logs: a reload sets them up for the whole process."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def said():
    """What the log said since the test began, as one text."""
    with capture_logs() as lines:
        yield lambda: "\n".join(map(str, lines))


@pytest.fixture(scope="session")
def postgres():
    """A plain PostgreSQL."""
    server = services.Postgres()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def timescale():
    """A PostgreSQL with TimescaleDB; without it installed the test is skipped, or fails under `make test-timescale`."""
    if not has_timescale():
        tell = pytest.fail if services.TIMESCALE_WANTED else pytest.skip
        tell("TimescaleDB is not installed for the PostgreSQL that the tests use")
    server = services.Postgres(timescale=True)
    yield server
    server.stop()


@pytest.fixture(params=["plain", pytest.param("timescale", marks=pytest.mark.timescale)])
def server(request):
    """Each kind of server in turn; a test may kill it."""
    running = request.getfixturevalue("postgres" if request.param == "plain" else "timescale")
    yield running
    running.revive()
