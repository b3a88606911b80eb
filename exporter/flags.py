"""What the values of flags may be. Each reader raises `ArgumentTypeError` with the words for the error line."""

import os
import re
import time
from argparse import ArgumentTypeError
from datetime import UTC, datetime
from pathlib import Path

from exporter.config import Duration
from exporter.stats import WINDOWS


def whole(text: str) -> int:
    """Read a whole number from 0 up."""
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise ArgumentTypeError(f"{text!r} is not a whole number from 0 up")
    return int(text)


def limit(text: str) -> int:
    """Read how many events are wanted: as many as the API gives at once, at most."""
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= 1000:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 1 to 1000")
    return int(text)


def port(text: str) -> int:
    """Read a port number; 0 stands for any free one."""
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > 65535:
        raise ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return int(text)


def positive(text: str) -> float:
    """Read a number above zero."""
    value = _number(text)
    if value <= 0:
        raise ArgumentTypeError(f"{text!r} is not above zero")
    return value


def amount(text: str) -> float:
    """Read an amount of USD, as `250000` or `250k` or `1.5m`."""
    match = re.fullmatch(r"(.*?)([kKmM]?)", text)
    value = _number(match[1]) * {"": 1, "k": 1e3, "m": 1e6}[match[2].lower()] if match else -1.0
    if value < 0:
        raise ArgumentTypeError(f"{text!r} is not an amount of USD from 0 up")
    return value


def instant(text: str) -> int:
    """Read an instant, as an ISO time (UTC unless it says otherwise) or as a duration ago; Unix milliseconds."""
    try:
        return max(0, int((time.time() - Duration.parse(text)) * 1000))
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(
            f"{text!r} is not a time; write for example 2026-11-20T10:00 (UTC), or 2h for two hours ago"
        ) from None
    return max(0, int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000))


def output(text: str) -> Path:
    """Read where a file is to be written; a place that cannot work is told before the work begins, not after it."""
    path = Path(text)
    if path.is_dir():
        raise ArgumentTypeError(f"{text!r} is a folder")
    if not path.parent.is_dir():
        raise ArgumentTypeError(f"there is no folder {str(path.parent)!r} to write {path.name!r} to")
    if not os.access(path.parent, os.W_OK):
        raise ArgumentTypeError(f"the folder {str(path.parent)!r} cannot be written to")
    return path


def output_or_pipe(text: str) -> Path:
    """Read where a file is to be written, or `-` for stdout."""
    return Path(text) if text == "-" else output(text)


def window(text: str) -> str:
    """Read the name of a window."""
    if text not in WINDOWS:
        raise ArgumentTypeError(f"{text!r} is not a window; there are {', '.join(WINDOWS)}")
    return text


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a number") from None
    if value != value or abs(value) == float("inf"):  # noqa: PLR0124 - the test for "not a number"
        raise ArgumentTypeError(f"{text!r} is not a finite number")
    return value
