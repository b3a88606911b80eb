"""From file, environment and flags to a `Config`."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import yaml

from exporter.config.sections import Block, Config, ExchangeSection, decoded
from exporter.config.validation import ConfigError, validate, validate_coins
from exporter.exchanges import REGISTRY
from exporter.signals.parameters import DEFAULT_COINS, Parameters

_LISTS = frozenset({"bases", "asset_classes", "mute"})
"""Keys that hold several values, which environment and flags separate by commas."""


def load(path: Path | None, environ: Mapping[str, str], flags: Mapping[str, str]) -> Config:
    """Read the configuration; raises `ConfigError`.

    `path` None means no file, only defaults. `flags` maps key paths (`web.listen_address`) to values as typed.
    """
    tree = read_tree(path) if path else {}
    for key in leaves(Config):
        value = _from_environment(environment_name(key), environ)
        if value is not None:
            _put(tree, key, value)
    for key, value in flags.items():
        _put(tree, key, value)
    source = str(path) if path else "configuration"
    _add_default_coins(tree.get("signals"))
    sections = tree.pop("exchanges", None) or {}
    config = convert(tree, Config, source, "")
    if not isinstance(sections, dict):
        raise ConfigError(f"{source}: exchanges: must hold one block per exchange; known: {', '.join(REGISTRY)}")
    exchanges = config.exchanges | {
        str(name): convert(section or {}, ExchangeSection, source, f"exchanges.{name}")
        for name, section in sections.items()
    }
    config = msgspec.structs.replace(config, exchanges=exchanges)
    validate(config, source)
    return config


def load_parameters(path: Path) -> Parameters:
    """Read the detector's parameters from a file with the keys of the block `signals`, or a whole config.yaml.

    Raises `ConfigError`.
    """
    tree = read_tree(path)
    prefix = "signals" if "signals" in tree else ""
    block = (tree["signals"] or {}) if prefix else tree
    _add_default_coins(block)
    parameters = convert(block, Parameters, str(path), prefix)
    validate_coins(parameters, str(path))
    return parameters


def _add_default_coins(block: object) -> None:
    """Complete `coins`: what is not given of a coin, and of the coins that are not given, is as by default."""
    if not isinstance(block, dict) or not isinstance(block.get("coins"), dict):
        return
    given = block["coins"]
    defaults: dict[Any, Any] = {base: {"floor_usd": coin.floor_usd} for base, coin in DEFAULT_COINS.items()}
    known = {base: defaults[base] | coin for base, coin in given.items() if base in defaults and isinstance(coin, dict)}
    block["coins"] = defaults | given | known


def read_tree(path: Path, flag: str = "--config.file") -> dict[str, Any]:
    """Read keys and values from a YAML file, which `flag` names; raises `ConfigError`."""
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; give one with {flag}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(f"{path}: cannot be read: {reason}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}: not valid YAML{where}: {getattr(error, 'problem', error)}") from None
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigError(f"{path}: the file must hold keys and values, not a {type(tree).__name__}")
    return tree


def environment_name(key: str) -> str:
    """Return the variable that sets a key: `web.listen_address` is LIQ_WEB_LISTEN_ADDRESS."""
    return "LIQ_" + key.upper().replace(".", "_")


def leaves(section: type[msgspec.Struct], prefix: str = "") -> list[str]:
    """List the key paths that hold one value each; they are what environment variables can set."""
    found: list[str] = []
    for name, kind in get_type_hints(section).items():
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            found += leaves(kind, f"{prefix}{name}.")
        elif name == "exchanges":
            found += [f"exchanges.{exchange}.enabled" for exchange in REGISTRY]
        elif get_origin(kind) is not dict:
            found.append(prefix + name)
    return found


def _from_environment(name: str, environ: Mapping[str, str]) -> str | None:
    """Return what a variable holds, or what is in the file that the one with `_FILE` names, which hides a secret."""
    file = environ.get(f"{name}_FILE")
    if not file:
        return environ.get(name)
    if name in environ:
        raise ConfigError(f"{name} and {name}_FILE are both set; leave one out")
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}_FILE: {file}: cannot be read: {error}") from None


def _put(tree: dict[str, Any], key: str, value: str) -> None:
    *parents, leaf = key.split(".")
    for parent in parents:
        if not isinstance(tree.get(parent), dict):
            tree[parent] = {}
        tree = tree[parent]
    tree[leaf] = [item.strip() for item in value.split(",")] if leaf in _LISTS else value


def convert(tree: object, kind: type[Block], source: str, prefix: str = "") -> Block:
    """Turn a tree into a block of the kind; raises `ConfigError` that names the key, below `prefix`."""
    try:
        return msgspec.convert(tree, kind, strict=False, dec_hook=decoded)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{source}: {_explain(str(error), kind, prefix)}") from None


def _explain(message: str, kind: type[msgspec.Struct], prefix: str) -> str:
    """Turn msgspec's words into the file's: `Object contains unknown field `x` - at `$.web``."""
    text, _, where = message.partition(" - at `")
    parts = where.strip("`").replace("[...]", ".*").split(".")[1:]
    key = ".".join(filter(None, (prefix, *parts)))
    unknown = re.fullmatch(r"Object contains unknown field `(.+)`", text)
    if unknown:
        known = ", ".join(_inside(kind, parts).__struct_fields__)
        return f"{'.'.join(filter(None, (key, unknown[1])))}: unknown key; known here: {known}"
    return f"{key or 'the file'}: {text[0].lower()}{text[1:]}"


def _inside(kind: type[msgspec.Struct], parts: list[str]) -> type[msgspec.Struct]:
    """Return the block at a path; `*` stands for any key of a block that has names of its own, as coins have."""
    found: Any = kind
    for part in parts:
        found = get_args(found)[1] if part == "*" else get_type_hints(found)[part]
    return found  # type: ignore[no-any-return]  # get_type_hints knows no better
