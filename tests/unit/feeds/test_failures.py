import asyncio
import errno
import socket
import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from websockets.datastructures import Headers
from websockets.exceptions import (
    ConnectionClosedError,
    ConnectionClosedOK,
    InvalidMessage,
    InvalidProxyStatus,
    InvalidStatus,
)
from websockets.frames import Close
from websockets.http11 import Response

from exporter.exchanges.base import ParseError
from exporter.feeds.failures import Ended, Reason, explain
from exporter.feeds.status import State

KEY = ConnectionKey("example.org", 443, True, True, None, None, None)


def status(code: int) -> Response:
    return Response(code, "", Headers())


def rest(code: int) -> aiohttp.ClientResponseError:
    return aiohttp.ClientResponseError(None, (), status=code)  # type: ignore[arg-type]


CASES = [
    (InvalidStatus(status(451)), Reason.BLOCKED, "HTTP 451: refused for this location"),
    (InvalidStatus(status(403)), Reason.BLOCKED, "HTTP 403: refused for this location"),
    (rest(451), Reason.BLOCKED, "HTTP 451: refused for this location"),
    (InvalidStatus(status(503)), Reason.HTTP_STATUS, "HTTP 503: service unavailable"),
    (InvalidStatus(status(200)), Reason.HTTP_STATUS, "HTTP 200: ok"),
    (rest(418), Reason.HTTP_STATUS, "HTTP 418: i'm a teapot"),
    (rest(599), Reason.HTTP_STATUS, "HTTP 599: unexpected answer"),
    (InvalidProxyStatus(status(403)), Reason.PROXY, "the proxy answered HTTP 403"),
    (InvalidMessage("no HTTP"), Reason.PROTOCOL, "answer not understood: no HTTP"),
    (ParseError("no list"), Reason.PROTOCOL, "answer not understood: no list"),
    (aiohttp.ClientPayloadError("cut"), Reason.PROTOCOL, "answer not understood: cut"),
    (socket.gaierror(-2, "unknown"), Reason.DNS, "host name does not resolve"),
    (aiohttp.ClientConnectorDNSError(KEY, OSError(1, "x")), Reason.DNS, "host name does not resolve"),
    (ConnectionRefusedError(errno.ECONNREFUSED, "no"), Reason.UNREACHABLE, "connection refused"),
    (
        aiohttp.ClientConnectorError(KEY, ConnectionRefusedError(errno.ECONNREFUSED, "no")),
        Reason.UNREACHABLE,
        "connection refused",
    ),
    (OSError("Multiple exceptions: [Errno 111] Connect call failed"), Reason.UNREACHABLE, "connection refused"),
    (OSError(errno.ENETUNREACH, "Network is unreachable"), Reason.UNREACHABLE, "network: Network is unreachable"),
    (TimeoutError(), Reason.TIMEOUT, "no answer in time"),
    (aiohttp.ServerTimeoutError(), Reason.TIMEOUT, "no answer in time"),
    (ssl.SSLError(1, "wrong version number"), Reason.TLS, "TLS: wrong version number"),
    (aiohttp.ServerDisconnectedError(), Reason.CLOSED, "connection lost"),
    (ConnectionClosedError(None, None), Reason.CLOSED, "connection lost"),
    (
        ConnectionClosedOK(Close(1001, "maintenance"), Close(1001, ""), True),
        Reason.CLOSED,
        "closed by the exchange: 1001 maintenance",
    ),
    (ConnectionClosedError(None, Close(1009, "too big")), Reason.OVERSIZED, "a frame was larger than allowed"),
    (
        ConnectionClosedError(None, Close(1011, "keepalive ping timeout")),
        Reason.NO_PONG,
        "no answer to keepalive pings",
    ),
    (ConnectionClosedError(None, Close(1002, "bad")), Reason.PROTOCOL, "broken WebSocket frame: bad"),
    (KeyError("x"), Reason.ERROR, "unexpected KeyError: 'x'"),
]


@pytest.mark.parametrize(("error", "reason", "text"), CASES, ids=[type(case[0]).__name__ for case in CASES])
def test_every_failure_has_a_reason_and_a_sentence(error, reason, text):
    ended = explain(error)
    assert (ended.reason, ended.text) == (reason, text)
    assert ended.__cause__ is not None
    assert ended.state is (State.BLOCKED if reason is Reason.BLOCKED else State.DOWN)


def test_a_certificate_says_what_is_wrong_with_it():
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate"
    assert explain(error).text == "TLS: self-signed certificate"
    assert explain(aiohttp.ClientConnectorCertificateError(KEY, error)).text == "TLS: self-signed certificate"


def test_an_explained_end_stays_what_it_is():
    ended = Ended(Reason.FLOOD, "flooded")
    assert explain(ended) is ended


async def test_a_real_refused_connection():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ConnectionRefusedError) as caught:
        await asyncio.open_connection("127.0.0.1", port)
    assert explain(caught.value).text == "connection refused"
