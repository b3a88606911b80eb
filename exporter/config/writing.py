"""A `Config` as YAML for people, without its secrets."""

import re
from collections.abc import Callable
from typing import Any

import msgspec
import yaml

from exporter.config.addresses import redact
from exporter.config.sections import Config


def dump(config: Config) -> str:
    """Write the configuration in force as YAML, passwords inside addresses redacted."""
    tree = msgspec.to_builtins(config, enc_hook=str)
    for section in tree["stores"].values():
        section |= {key: _HIDE[key](value) for key, value in section.items() if key in _HIDE and value}
    return yaml.safe_dump(_redacted(tree), sort_keys=False, default_flow_style=False)


_HIDE: dict[str, Callable[[str], str]] = {
    # greedy, because a password may hold any character that should have been escaped
    "url": lambda url: re.sub(r"(password=)[^&]*", r"\1***", re.sub(r"(?<=://).*@", "***@", url)),
    "readonly_password": lambda _: "***",
}


def _redacted(tree: Any) -> Any:  # noqa: ANN401 - a YAML tree is anything
    if isinstance(tree, dict):
        return {key: _redacted(value) for key, value in tree.items()}
    if isinstance(tree, str) and "://" in tree:
        return redact(tree)
    return tree
