"""Frames that an exchange compresses, each by itself with gzip."""

import zlib

from exporter.exchanges.base import ParseError

GZIP = 16 + zlib.MAX_WBITS


def inflate(frame: bytes, limit: int) -> bytes:
    """Return what was compressed; raises `ParseError` for anything else, and beyond `limit` bytes.

    The limit holds while inflating: a small frame can be made to fill the memory.
    """
    stream = zlib.decompressobj(GZIP)
    try:
        text = stream.decompress(frame, limit)
    except zlib.error as error:
        raise ParseError(f"not gzip: {error}") from None
    if stream.unconsumed_tail:
        raise ParseError(f"more than {limit} bytes inside a compressed frame")
    if not stream.eof:
        raise ParseError("a compressed frame without its end")
    return text
