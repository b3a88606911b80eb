"""`decode`: raw frames of an exchange on stdin, events on stdout."""

import sys
from argparse import Namespace
from collections.abc import Callable

import msgspec

from exporter.config import Config
from exporter.decode import Problem, decode, load_instruments
from exporter.errors import UserError
from exporter.exchanges import ARCHIVES, REGISTRY


def execute(options: Namespace, _load: Callable[[], Config]) -> int:
    """Decode until stdin ends; returns 1 when a frame was malformed."""
    exchange = REGISTRY.get(options.exchange) or ARCHIVES[options.exchange]
    try:
        instruments = load_instruments(options.instruments, exchange) if options.instruments else {}
    except ValueError as error:
        raise UserError(str(error)) from None
    encode = msgspec.json.Encoder().encode
    status = 0
    for item in decode(exchange, sys.stdin.buffer, instruments):
        if isinstance(item, Problem):
            sys.stderr.write(f"{item}\n")
            status = 1 if item.malformed else status
        else:
            sys.stdout.buffer.write(encode(item) + b"\n")
            sys.stdout.buffer.flush()  # frames may come from a live socket
    return status
