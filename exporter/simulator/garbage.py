"""Frames that no client can use."""

from collections.abc import Sequence
from random import Random

from aiohttp import WSMsgType

Frame = tuple[bytes, WSMsgType]

_MALFORMED = (
    b"",
    b"not json",
    b"{",
    b"[]",
    b"[1,2,3]",
    b"null",
    b"42",
    b'"text"',
    b'{"data":',
    b'{"topic":5,"stream":[],"data":{}}',
    b"<html><body>502 Bad Gateway</body></html>",
)
_DEEP = b"[" * 2000 + b"]" * 2000

OVERSIZED: Frame = (b'{"topic":"' + b"x" * 2**21 + b'"}', WSMsgType.TEXT)
"""Two MiB in one frame: more than WebSocket clients take by default; they end the connection."""

NOT_UTF8: Frame = (b'{"topic":"\xff\xfe"}', WSMsgType.TEXT)
"""A text frame that is not text: clients must end the connection (RFC 6455, 8.1)."""


def garbled(frame: bytes) -> bytes:
    """Return the first half of a frame: neither JSON nor a whole compressed stream."""
    return frame[: len(frame) // 2]


def draw_garbage(rng: Random, own: Sequence[bytes]) -> Frame:
    """Draw a frame: an exchange's `own` nonsense, broken JSON, random bytes, or JSON nested very deeply."""
    dice = rng.random()
    if dice < 0.6:
        return rng.choice(own), WSMsgType.TEXT
    if dice < 0.9:
        return rng.choice(_MALFORMED), WSMsgType.TEXT
    if dice < 0.99:
        return rng.randbytes(64), WSMsgType.BINARY
    return _DEEP, WSMsgType.TEXT
