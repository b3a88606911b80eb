"""A thousand clients that are slow on purpose, and a scraper that does not notice."""

import resource
from concurrent.futures import ThreadPoolExecutor

import pytest

from exporter.exchanges import REGISTRY
from tests.system.processes import Exporter, until
from tests.system.slow import Slow
from tests.unit.metrics.parsed import values

CLIENTS = 1000
STORM = 20


@pytest.fixture
def exporter(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    nobody = {"ws": "ws://127.0.0.1:9", "rest": "http://127.0.0.1:9"}
    with Exporter(tmp_path, {}, exchanges=only("bybit", nobody)) as run:
        yield run


def only(name, endpoints):
    """The block of the configuration that has all exchanges but one switched off."""
    return {each: {"enabled": each == name, "endpoints": endpoints if each == name else {}} for each in REGISTRY}


def figures(run):
    found = values(run.scrape().encode())
    return found["process_open_fds"], found["process_resident_memory_bytes"]


def test_a_thousand_slow_clients_keep_nobody_out(exporter):
    exporter.start()
    files, memory = figures(exporter)
    with Slow(exporter.port, CLIENTS) as slow:
        until(lambda: slow.cut > CLIENTS, "the first round to be cut")
        with ThreadPoolExecutor(STORM) as pool:
            pages = list(pool.map(lambda _: exporter.scrape(), range(5 * STORM)))
        assert all("liquidation_exporter_build_info" in page for page in pages)
        during, grown = figures(exporter)
    assert during - files <= 512 + 100
    assert grown - memory < 100 << 20
    until(lambda: figures(exporter)[0] <= files + 5, "all of them to be forgotten")
    assert exporter.stop() == 0
    assert "Traceback" not in exporter.log.read_text()
