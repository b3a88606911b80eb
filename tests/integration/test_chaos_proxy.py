"""What the chaos run's network does to a connection, over real sockets."""

import socket
import socketserver
import threading

import pytest

from tests.chaos.proxy import Proxy


class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.server.heard.append(line)
            self.wfile.write(line)


@pytest.fixture
def store():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        server.heard = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def proxy(store):
    proxy = Proxy(store.server_address[1])
    yield proxy
    proxy.close()


@pytest.fixture
def connect(proxy):
    opened = []

    def to_store():
        client = socket.create_connection(("127.0.0.1", proxy.port), 10)
        opened.append(client)
        return client

    yield to_store
    for client in opened:
        client.close()


def asked(client, line=b"hello\n"):
    client.sendall(line)
    return client.recv(100)


def is_silent(client):
    client.settimeout(0.3)
    try:
        client.recv(1)
    except TimeoutError:
        return True
    return False


def test_it_forwards_both_ways(connect):
    assert asked(connect()) == b"hello\n"


def test_a_cut_resets_old_and_new_connections_until_it_is_restored(proxy, connect):
    old = connect()
    assert asked(old) == b"hello\n"
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        old.recv(1)
    with pytest.raises(ConnectionError):
        asked(connect())
    proxy.restore()
    assert asked(connect()) == b"hello\n"


def test_silence_loses_everything_and_closes_nothing(proxy, connect, store):
    old = connect()
    assert asked(old) == b"hello\n"
    proxy.silence()
    new = connect()
    for client in (old, new):
        client.sendall(b"lost\n")
        assert is_silent(client)
    proxy.restore()
    assert is_silent(old)
    assert asked(connect(), b"again\n") == b"again\n"
    assert b"lost\n" not in store.heard


def test_lost_answers_are_those_of_requests_that_arrived(proxy, connect, store):
    old = connect()
    assert asked(old) == b"hello\n"
    proxy.lose_answers()
    old.sendall(b"arrives\n")
    assert is_silent(old)
    assert store.heard == [b"hello\n", b"arrives\n"]
