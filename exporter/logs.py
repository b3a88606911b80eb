"""Logging: one line per state change on stderr, as logfmt or JSON, with nothing secret in it.

Libraries that log through `logging` come out in the same form, from warnings up.
"""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

Level = Literal["debug", "info", "warn", "error"]
Format = Literal["logfmt", "json"]

HIDDEN = "***"
_SECRET_KEY = re.compile(r"passw(or)?d|token|secret|dsn|api_?key|authorization", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(?<=://)[^\s/?#]*@")
"""User and password of an address. What follows the host may hold an @, as in Binance's stream names."""
_ASSIGNED = re.compile(
    r"""\b(\w*(?:passw(?:or)?d|token|secret|api_?key)\w*)=('[^']*'|"[^"]*"|[^\s&;,'"]+)""", re.IGNORECASE
)
"""A secret inside a query string or a libpq connection string."""
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
"""All but the line feed, which the renderer escapes."""


def set_up(level: Level, format: Format) -> None:  # noqa: A002 - the flag's own name
    """Configure logging for the whole process; called again after a reload, what is logged from then on obeys.

    A logger that was bound before keeps the level it was bound with.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    finish: list[Processor] = [
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.format_exc_info,
        structlog.processors.EventRenamer("msg"),
        redacted,
        ordered,
        *_renderer(format),
    ]
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, *finish],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _take_over_logging(max(threshold, logging.WARNING), finish)


def redacted(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hide credentials in addresses, and the values of keys that are named like secrets."""
    return {key: _hide(key, value) for key, value in event.items()}


def _hide(key: str, value: Any) -> Any:  # noqa: ANN401 - a log line takes anything
    if value is None or isinstance(value, bool | int | float):
        return value
    if _SECRET_KEY.search(key):
        return HIDDEN
    if isinstance(value, Mapping):
        return {str(inner): _hide(str(inner), each) for inner, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_hide(key, each) for each in value]
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return _ASSIGNED.sub(rf"\1={HIDDEN}", _CREDENTIALS.sub(f"{HIDDEN}@", text))


def ordered(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put time, level and message first."""
    return {key: event.pop(key) for key in ("time", "level", "msg") if key in event} | dict(event)


def one_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Escape control characters: what an exchange sent must neither break a line nor reach a terminal as commands."""
    return {key: _CONTROL.sub(_escaped, each) if isinstance(each, str) else each for key, each in event.items()}


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


def _renderer(format: Format) -> list[Processor]:  # noqa: A002 - the flag's own name
    if format == "json":
        return [structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [one_line, structlog.processors.LogfmtRenderer(bool_as_flag=False)]


def _take_over_logging(threshold: int, finish: list[Processor]) -> None:
    """Send what libraries log through the same processors."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.ExtraAdder(["taskName"])],
            processors=[
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *finish,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(threshold)
