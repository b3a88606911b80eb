import errno
import os
import socket

import pytest

from exporter.web import server

ADDRESS = ":80"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EADDRINUSE, "x"), "is in use; stop the other program or choose another"),
        (PermissionError(errno.EACCES, "x"), "is not permitted to this user; choose another"),
        (OSError(errno.EADDRNOTAVAIL, "x"), "is not an address of this machine; choose another"),
        (socket.gaierror(socket.EAI_NONAME, "x"), "the host is not known; choose another"),
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), "cannot be used: Too many open files; choose another"),
    ],
)
def test_why_it_cannot_listen_is_one_line_with_a_way_out(error, words):
    line = server._explain(ADDRESS, error)
    assert line.startswith("web.listen-address :80")
    assert words in line
    assert "--web.listen-address" in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("host", "shown"),
    [(None, "localhost"), ("0.0.0.0", "localhost"), ("::", "localhost"), ("::1", "[::1]"), ("h", "h")],
)
def test_the_address_can_be_opened_in_a_browser(host, shown):
    assert server._shown(host) == shown


class Sites:
    """In place of aiohttp's sites: a machine without IPv6, where listening on all interfaces fails."""

    def __init__(self) -> None:
        self.hosts = []

    def __call__(self, _runner, _factory, host, _port):
        self.hosts.append(host)
        return self

    async def start(self):
        if self.hosts[-1] != "0.0.0.0":
            raise OSError(errno.EADDRNOTAVAIL, "cannot assign requested address")


async def test_without_ipv6_all_interfaces_are_those_of_ipv4(monkeypatch):
    sites = Sites()
    monkeypatch.setattr(server, "Door", sites)
    await server._listen(None, None, None, 10110)
    assert sites.hosts == [None, "0.0.0.0"]
    with pytest.raises(OSError, match="cannot assign"):
        await server._listen(None, None, "192.0.2.1", 10110)
