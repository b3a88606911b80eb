"""SIGTERM under load, while everything that can hold an exit up does: it ends in time, and nothing is lost."""

import socket
import sys
import time
from contextlib import closing, contextmanager

import pytest

from exporter.simulator import compare, truthfile
from tests.chaos.proxy import Proxy
from tests.redis_server import new_server
from tests.system.processes import Exporter, counters, simulator, until
from tests.system.test_backup import stores_have_everything
from tests.system.test_kill import exported

NOWHERE = "hangs.example"
RESOLVER = f"""
import socket, threading

answer = socket.getaddrinfo

def getaddrinfo(host, *rest, **options):
    if host == "{NOWHERE}":
        threading.Event().wait()
    return answer(host, *rest, **options)

socket.getaddrinfo = getaddrinfo
"""
"""A name server that does not answer: what asks it waits for longer than anybody does."""
IN_TIME_S = 10.0
PATIENCE_S = 30.0
"""Three times as long, because the machine that runs the tests may have other work."""


@contextmanager
def asked(port, path):
    """A connection on which an answer is under way that nobody reads."""
    with closing(socket.create_connection(("127.0.0.1", port), 10)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert connection.recv(16).startswith(b"HTTP/1.1 200")
        yield connection


@contextmanager
def silent_stores(tmp_path, postgres):
    """Both stores behind proxies that can fall silent."""
    redis = new_server(tmp_path).start()
    proxies = {"redis": Proxy(redis.port), "timescale": Proxy(postgres.port)}
    urls = {
        "redis": f"redis://127.0.0.1:{proxies['redis'].port}/0",
        "timescale": postgres.url(postgres.new_database(), port=proxies["timescale"].port),
    }
    try:
        yield proxies.values(), {name: {"url": url} for name, url in urls.items()}
    finally:
        for proxy in proxies.values():
            proxy.close()
        redis.stop()


def stopped(run):
    """SIGTERM; how long it took until it was gone."""
    started = time.monotonic()
    run.process.terminate()
    assert run.process.wait(PATIENCE_S) == 0, run.log.read_text()[-3000:]
    return time.monotonic() - started


@pytest.mark.timeout(240)
def test_it_ends_while_nothing_answers_and_counts_everything_once(tmp_path, postgres, monkeypatch):
    (tmp_path / "resolver").mkdir()
    (tmp_path / "resolver/sitecustomize.py").write_text(RESOLVER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "resolver"))
    with (
        simulator(tmp_path, "busy", 41, "--rate", "300") as (endpoints, end),
        silent_stores(tmp_path, postgres) as (proxies, stores),
        Exporter(tmp_path, unreachable(endpoints, "okx"), stores=stores) as run,
    ):
        run.start()
        stores_have_everything(run)
        until(lambda: total(run) > 700, "events")
        with asked(run.port, "/api/v1/stream"), asked(run.port, "/metrics"):
            for proxy in proxies:
                proxy.silence()
            counted = total(run)
            until(lambda: total(run) > counted + 200, "events that no store has")
            counted = total(run)
            took = stopped(run)
        sys.stdout.write(f"SIGTERM to exit: {took:.1f} s of {IN_TIME_S:g} s\n")
        assert len(exported(run.data)) >= counted
        for proxy in proxies:
            proxy.restore()
        run.start()
        until(lambda: total(run) > counted + 900, "it to count on")
        truth = truthfile.read(end())
        run.drained()
        text, now_ms = run.scrape(), time.time_ns() // 1_000_000
        stores_have_everything(run)
        assert stopped(run) < PATIENCE_S
    comparison = compare(truth, text, now_ms)
    assert comparison.ok, comparison.wrong()[:10]
    assert sum(event.certain for event in truth) > 1000, "or the comparison says little"


def total(run):
    return sum(value for (name, _), value in counters(run.scrape()).items() if name == "liquidation_events_total")


def unreachable(endpoints, exchange):
    """Endpoints of which one exchange's are behind a name that nobody resolves."""
    hidden = {name: address.replace("127.0.0.1", NOWHERE) for name, address in endpoints[exchange].items()}
    assert hidden != endpoints[exchange]
    return endpoints | {exchange: hidden}
