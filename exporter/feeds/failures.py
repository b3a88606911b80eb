"""Why a connection ended, or a REST call failed: one bounded reason for metrics, one sentence for people."""

import errno
import socket
import ssl
from collections.abc import Callable
from enum import StrEnum
from http import HTTPStatus

import aiohttp
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidProxyStatus,
    InvalidStatus,
    ProxyError,
    WebSocketException,
)

from exporter.exchanges.base import ParseError
from exporter.feeds.status import State


class Reason(StrEnum):
    """Every reason for which a socket is replaced: the values of the reconnects metric's `reason` label."""

    ROTATION = "rotation"
    CLOSED = "closed"
    NO_PONG = "no_pong"
    SILENT = "silent"
    STALLED = "stalled"
    ACK_TIMEOUT = "ack_timeout"
    REFUSED = "refused"
    FLOOD = "flood"
    MALFORMED = "malformed"
    OVERSIZED = "oversized"
    BLOCKED = "blocked"
    HTTP_STATUS = "http_status"
    DNS = "dns"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    TIMEOUT = "timeout"
    PROXY = "proxy"
    PROTOCOL = "protocol"
    ERROR = "error"


class Ended(Exception):  # noqa: N818 - the end of a socket is its ordinary fate, not an error
    """A connection is over; `state` is what it leaves behind (down or blocked)."""

    def __init__(self, reason: Reason, text: str, state: State = State.DOWN) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text
        self.state = state


def explain(error: BaseException) -> Ended:
    """Translate what sockets, TLS, websockets and aiohttp raise; whatever is not foreseen has the reason `error`.

    The original is kept as `__cause__`.
    """
    if isinstance(error, Ended):
        return error
    for kinds, describe in _RULES:
        if isinstance(error, kinds):
            ended = describe(error)
            break
    else:
        ended = Ended(Reason.ERROR, f"unexpected {type(error).__name__}: {error}")
    ended.__cause__ = error
    return ended


def _http_status(status: int) -> Ended:
    if status in (HTTPStatus.FORBIDDEN, HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS):
        return Ended(Reason.BLOCKED, f"HTTP {status}: refused for this location", State.BLOCKED)
    try:
        phrase = HTTPStatus(status).phrase.lower()
    except ValueError:
        phrase = "unexpected answer"
    return Ended(Reason.HTTP_STATUS, f"HTTP {status}: {phrase}")


def _closed(error: ConnectionClosed) -> Ended:
    sent, received = error.sent, error.rcvd
    if sent is not None and not error.rcvd_then_sent:  # websockets itself gave up on the socket
        if sent.code == 1009:
            return Ended(Reason.OVERSIZED, "a frame was larger than allowed")
        if "keepalive" in sent.reason:
            return Ended(Reason.NO_PONG, "no answer to keepalive pings")
        return Ended(Reason.PROTOCOL, f"broken WebSocket frame: {sent.reason or sent.code}")
    if received is None:
        return Ended(Reason.CLOSED, "connection lost")
    return Ended(Reason.CLOSED, f"closed by the exchange: {received.code} {received.reason}".rstrip())


def _proxy(error: ProxyError) -> Ended:
    if isinstance(error, InvalidProxyStatus):
        return Ended(Reason.PROXY, f"the proxy answered HTTP {error.response.status_code}")
    return Ended(Reason.PROXY, f"proxy: {error}")


def _tls(error: Exception) -> Ended:
    cause = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    text = getattr(cause, "verify_message", None) or getattr(cause, "reason", None) or str(cause)
    return Ended(Reason.TLS, f"TLS: {text}")


def _network(error: OSError) -> Ended:
    # asyncio joins the failures of several addresses into one OSError that has no errno of its own
    if error.errno == errno.ECONNREFUSED or f"[Errno {errno.ECONNREFUSED}]" in str(error):
        return Ended(Reason.UNREACHABLE, "connection refused")
    return Ended(Reason.UNREACHABLE, f"network: {error.strerror or error}")


def _protocol(error: Exception) -> Ended:
    return Ended(Reason.PROTOCOL, f"answer not understood: {error}")


_RULES: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Callable[..., Ended]], ...] = (
    (ConnectionClosed, _closed),
    (InvalidStatus, lambda error: _http_status(error.response.status_code)),
    (ProxyError, _proxy),
    ((InvalidHandshake, WebSocketException), _protocol),
    (aiohttp.ClientHttpProxyError, lambda error: Ended(Reason.PROXY, f"the proxy answered HTTP {error.status}")),
    (aiohttp.ClientResponseError, lambda error: _http_status(error.status)),
    ((aiohttp.ClientConnectorDNSError, socket.gaierror), lambda _: Ended(Reason.DNS, "host name does not resolve")),
    ((aiohttp.ClientSSLError, ssl.SSLError), _tls),
    (aiohttp.ClientConnectorError, lambda error: explain(error.os_error)),
    (TimeoutError, lambda _: Ended(Reason.TIMEOUT, "no answer in time")),
    ((aiohttp.ServerDisconnectedError, ConnectionResetError), lambda _: Ended(Reason.CLOSED, "connection lost")),
    (OSError, _network),
    ((ParseError, aiohttp.ClientError), _protocol),
)
"""Which description fits which exception; the first match counts, so special cases come before general ones."""
