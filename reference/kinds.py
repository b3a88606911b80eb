"""What a key of the configuration takes, in words: its type, its unit, and its range."""

import math
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from exporter.config import Duration, Least
from reference.markdown import codes

_WORDS = {
    Duration: "duration",
    Path: "path",
    str: "text",
    bool: "`true` or `false`",
    int: "whole number",
    float: "number",
}
_UNITS = {"usd": "USD", "s": "seconds", "min": "minutes", "h": "hours", "hours": "hours"}
"""The units by the part of a key's name that says them."""


def described(name: str, kind: Any) -> str:  # noqa: ANN401 - a type hint is anything
    """Return type, unit and range of the key `name` with the type hint `kind`."""
    return ", ".join(filter(None, (_type(kind), _unit(name), _range(kind))))


def shown(value: object) -> str:
    """Return a default as it would stand in config.yaml, in code; nothing for an empty text."""
    return codes([_plain(value)]) if value not in ("", None) else "empty"


def number(value: float) -> str:
    """Return a number as people write it: 5000000, 0.02, 1e15."""
    whole = value == int(value)
    if whole and abs(value) >= 1e9:
        return f"{value:.0e}".replace("e+", "e")
    return str(int(value)) if whole else repr(value)


def _plain(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case Duration() | Path():
            return str(value)
        case int() | float():
            return number(value)
        case tuple():
            return f"[{', '.join(map(_plain, value))}]"
        case _:
            return str(value)


def _type(kind: Any) -> str:  # noqa: ANN401 - a type hint is anything
    inner = get_args(kind)
    match get_origin(kind):
        case None:
            return _WORDS[kind]
        case origin if origin is Annotated:
            return _type(inner[0])
        case origin if origin is Literal:
            return f"one of {codes(inner)}"
        case origin if origin is tuple:
            return f"list of {codes(get_args(inner[0])) if get_origin(inner[0]) is Literal else 'texts'}"
        case origin if origin is dict:
            return f"{_type(inner[1])} per name"
        case origin if origin is Union:
            return " or ".join(_type(each) for each in inner if each is not NoneType)
        case origin:
            raise TypeError(f"no words for {origin}")


def _unit(name: str) -> str:
    return next((_UNITS[part] for part in reversed(name.split("_")) if part in _UNITS), "")


def _range(kind: Any) -> str:  # noqa: ANN401 - a type hint is anything
    if get_origin(kind) is Union:
        return next(filter(None, map(_range, get_args(kind))), "")
    notes = get_args(kind)[1:] if get_origin(kind) is Annotated else ()
    for note in notes:
        if isinstance(note, Least):
            return str(note)
        if isinstance(note, msgspec.Meta):
            return _between(note)
    return ""


def _between(meta: msgspec.Meta) -> str:
    lowest = f"above {number(meta.gt)}" if meta.gt is not None else ""
    lowest = f"{number(meta.ge)}" if meta.ge is not None else lowest
    highest = number(meta.le) if meta.le is not None and not math.isinf(meta.le) else ""
    if not highest:
        return f"{lowest} or more" if meta.ge is not None else lowest
    return f"{lowest}, at most {highest}" if meta.gt is not None else f"{lowest} to {highest}"
