import gzip

import pytest

from exporter.exchanges.base import ParseError
from exporter.feeds.inflate import inflate


def test_what_was_compressed_comes_back():
    assert inflate(gzip.compress(b'{"op":"ping"}'), 100) == b'{"op":"ping"}'


@pytest.mark.parametrize(
    "frame", [b"", b'{"op":"ping"}', gzip.compress(b"cut short")[:-5], gzip.compress(b"0" * 101)], ids=len
)
def test_anything_else_is_malformed(frame):
    with pytest.raises(ParseError):
        inflate(frame, 100)
