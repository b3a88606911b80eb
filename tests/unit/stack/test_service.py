import signal
import socket
import sys
from pathlib import Path
from threading import Event

import pytest

from exporter.errors import UserError
from stack import service
from stack.service import Service, free_port, responds


class Web(Service):
    name = "web"

    def command(self):
        return [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", self.port]

    def answers(self):
        return responds(f"http://127.0.0.1:{self.port}/")


class Script(Service):
    name = "script"
    code = ""

    def command(self):
        return [sys.executable, "-c", self.code]

    def answers(self):
        return (self.folder / "ready").exists()


@pytest.fixture
def web(tmp_path):
    started = Web(tmp_path, free_port()).start()
    yield started
    started.kill()


def test_a_started_service_answers_and_a_stopped_one_is_gone(web):
    assert responds(f"{web.address}/")
    assert web.status is None
    web.stop()
    assert web.status == -signal.SIGTERM
    assert not Path(f"/proc/{web.pid}").exists()
    assert not responds(f"{web.address}/")
    web.stop()


def test_what_it_says_is_in_its_log(web):
    assert "Serving HTTP" in web.tail() or "GET /" in web.tail()
    assert web.log.parent == web.folder


def test_one_that_ends_instead_is_told_with_the_end_of_its_log(tmp_path):
    failing = Script(tmp_path, 0)
    failing.code = "raise SystemExit('no such thing')"
    with pytest.raises(UserError, match=r"script does not answer.*script\.log:\nno such thing"):
        failing.start()


def test_one_that_does_not_end_when_asked_is_killed(tmp_path, monkeypatch):
    stubborn = Script(tmp_path, 0)
    stubborn.code = (
        "import pathlib, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); pathlib.Path('ready').touch(); "
        "signal.pause()"
    )
    stubborn.start()
    monkeypatch.setattr(service, "PATIENCE_S", 0.2)
    stubborn.stop()
    assert stubborn.status == -signal.SIGKILL


def test_nobody_waits_for_an_answer_after_the_stop(tmp_path):
    silent = Script(tmp_path, 0)
    silent.code = "import signal; signal.pause()"
    stop = Event()
    stop.set()
    silent.start(stop)
    assert silent.status is None
    silent.stop()


def test_what_is_secret_comes_through_stdin(tmp_path):
    class Asking(Script):
        code = "import pathlib, sys; pathlib.Path('heard').write_text(sys.stdin.read()); pathlib.Path('ready').touch()"

        def input(self):
            return b"secret"

    Asking(tmp_path, 0).start().stop()
    assert (tmp_path / "heard").read_text() == "secret"


def test_the_preferred_port_is_taken_when_it_is_free():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) not in (0, port)
    assert free_port(port) == port


def test_no_port_is_given_twice_nor_one_that_an_outgoing_connection_may_take():
    ports = {free_port() for _ in range(200)}
    assert len(ports) == 200
    assert ports <= set(service.PORTS)
    limits = Path("/proc/sys/net/ipv4/ip_local_port_range")
    assert not limits.exists() or max(service.PORTS) < int(limits.read_text().split()[0])
