import gzip

import pytest
from aiohttp.test_utils import make_mocked_request

from exporter.web.answers import accepts_gzip, iso, pack, without_folders


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("gzip", True),
        ("gzip, deflate, br", True),
        ("deflate, GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=1.0", True),
        ("", False),
        ("deflate, br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("x-gzipped", False),
    ],
)
def test_compression_is_what_the_client_asks_for(header, wanted):
    request = make_mocked_request("GET", "/", headers={"Accept-Encoding": header})
    assert accepts_gzip(request) is wanted


def test_a_large_body_is_compressed_and_a_small_one_is_not():
    large = pack(b"figures " * 1000, "text/plain", gzipped=True)
    assert large.encoding == "gzip"
    assert gzip.decompress(large.content) == b"figures " * 1000
    assert pack(b"small", "text/plain", gzipped=True).encoding is None
    assert pack(b"figures " * 1000, "text/plain", gzipped=False).encoding is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/var/lib/liq/journal.db: disk full", "journal.db: disk full"),
        ("[Errno 13] Permission denied: '/etc/liq/config.yaml'", "[Errno 13] Permission denied: 'config.yaml'"),
        ("(/tmp/a/b) and /c", "(b) and c"),
        ("wss://stream.bybit.com/v5/public refused", "wss://stream.bybit.com/v5/public refused"),
        ("relative/data/journal.db", "relative/data/journal.db"),
        ("HTTP 403/451", "HTTP 403/451"),
        ("", ""),
    ],
)
def test_messages_do_not_show_folders(text, shown):
    assert without_folders(text) == shown


def test_an_instant_is_written_in_utc_and_never_is_null():
    assert iso(1_790_000_000_123) == "2026-09-21T14:13:20.123Z"
    assert iso(0) is None
    assert iso(None) is None
