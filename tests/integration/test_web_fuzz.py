"""Whatever is sent to the server, it answers it or hangs up, and keeps nothing of it."""

import re
import socket
import tracemalloc
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.served_apart import fixture

served = fixture(basic_auth_users={})
locked = fixture(basic_auth_users={"alice": "$2b$04$" + "." * 53})

PATIENCE_S = 20
PATHS = (
    *("/", "/metrics", "/-/healthy", "/-/ready", "/-/reload", "/-/backfill", "/static/page.js"),
    *("/api/v1/stats", "/api/v1/bases", "/api/v1/minutes", "/api/v1/exchanges", "/api/v1/events"),
    *("/api/v1/cascades", "/api/v1/levels", "/api/v1/stream"),
)
NAMES = (
    *("base", "symbol", "window", "limit", "side", "exchange", "min_usd", "minutes", "level", "state", "stats", "x"),
    *("since_ms", "until_ms", "journal"),
)
VALUES = ("BTC", "btcusdt", "1h", "all", "1", "1000", "long", "bybit", "1e5", "nan", "inf", "-1", "", "watch", "open")
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "PROPFIND")
HEADERS = (
    *("Accept", "Accept-Encoding", "Authorization", "Connection", "Content-Encoding", "Content-Length", "Content-Type"),
    *("Cookie", "Expect", "Host", "If-None-Match", "Origin", "Range", "Sec-Fetch-Site", "Transfer-Encoding", "Upgrade"),
)
REQUEST = (
    b"GET /api/v1/stats?base=BTC HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"
)
SECRETS = (b"Traceback", b"/exporter/", b".py", b"aiohttp", b"Python/")

many = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

text = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=40)
query = st.lists(
    st.tuples(st.sampled_from(NAMES) | st.text(max_size=8), st.sampled_from(VALUES) | st.text(max_size=80)), max_size=4
)
paths = (
    st.sampled_from(PATHS)
    | st.text(max_size=40).map(lambda each: "/" + quote(each))
    | text.map(lambda each: f"/{each}")
)
headers = st.dictionaries(
    st.sampled_from(HEADERS), text | st.sampled_from(("gzip", "chunked", "0", "Basic eDp5", "*/*")), max_size=5
)


def ask(port, data):
    """Send bytes and say that no more will come; return what is answered until the end, or to the first event."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
                if b"text/event-stream" in answer:
                    break
        except ConnectionError:
            return b""
        return answer


def judge(answer):
    for status in re.findall(rb"^HTTP/1\.[01] (\d+) ", answer):
        assert int(status) < 500, answer[:500]
    if answer and not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")):
        assert not any(secret in answer for secret in SECRETS), answer[:500]


@many
@given(st.sampled_from(METHODS), paths, query, headers)
def test_every_endpoint_with_any_query_and_headers(served, method, path, parameters, given_headers):
    target = f"{path}?{urlencode(parameters, errors='replace')}" if parameters else path
    lines = [f"{method} {target} HTTP/1.1", "Host: x", *(f"{name}: {value}" for name, value in given_headers.items())]
    judge(ask(served.port, ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")))


@many
@given(headers, st.binary(max_size=40))
def test_nobody_gets_in_without_a_password(locked, given_headers, junk):
    lines = [
        b"GET /metrics HTTP/1.1",
        b"Host: x",
        b"Authorization: Basic " + junk.replace(b"\n", b"").replace(b"\r", b""),
    ]
    lines += [f"{name}: {value}".encode("latin-1") for name, value in given_headers.items()]
    answer = ask(locked.port, b"\r\n".join(lines) + b"\r\n\r\n")
    judge(answer)
    assert b" 200 OK" not in answer
    assert b"liquidation_events_total" not in answer


@many
@given(st.binary(max_size=600))
def test_any_bytes(served, data):
    judge(ask(served.port, data))


@many
@given(st.lists(st.tuples(st.integers(0, len(REQUEST) - 1), st.binary(max_size=4), st.integers(0, 8)), max_size=6))
def test_a_request_with_wrong_bytes_in_it(served, changes):
    data = REQUEST
    for place, new, gone in changes:
        data = data[:place] + new + data[place + gone :]
    judge(ask(served.port, data))


@many
@given(st.lists(st.sampled_from(PATHS[:-1]), min_size=1, max_size=20), st.binary(max_size=20))
def test_requests_one_after_the_other_without_waiting(served, asked, rest):
    data = b"".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for path in asked)
    judge(ask(served.port, data + rest))


def mixture():
    for path in PATHS:
        for method in ("GET", "POST", "BREW"):
            for more in (
                "",
                "Content-Length: 5\r\n",
                "Transfer-Encoding: chunked\r\n",
                "Accept-Encoding: gzip\r\n",
                "X",
            ):
                yield f"{method} {path}?base=BTC HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode()
    yield from (b"\x16\x03\x01", b"", b"\r\n" * 100, b"GET / HTTP/9.9\r\n\r\n", REQUEST * 3, REQUEST[:30])


@pytest.mark.parametrize("door", ["served", "locked"])
def test_nothing_is_kept_of_what_was_asked(request, door):
    """Connections, tasks, files and memory are what they were, however often the same is asked."""
    served = request.getfixturevalue(door)

    def round_of_everything():
        for data in mixture():
            judge(ask(served.port, data))
        return served.held()

    before = round_of_everything()
    tracemalloc.start()
    try:
        round_of_everything()
        known, _ = tracemalloc.get_traced_memory()
        after = [round_of_everything() for _ in range(2)][-1]
        grown = tracemalloc.get_traced_memory()[0] - known
    finally:
        tracemalloc.stop()
    assert after == before
    assert grown < 200_000, "of some 400 requests"
