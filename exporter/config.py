"""config.yaml, environment and flags, as one frozen, validated `Config`.

Precedence: flag, then environment (`LIQ_` and the key's path in upper case, joined by `_`), then file, then default.
An unknown key or a bad value raises `ConfigError`, whose message names the key and the way out.
"""

import re
from collections.abc import Callable, Container, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, get_type_hints
from urllib.parse import urlsplit

import msgspec
import yaml

from exporter.errors import UserError
from exporter.exchanges import REGISTRY
from exporter.model import AssetClass


class ConfigError(UserError):
    """The configuration cannot be used; the message names the key and what would be right."""


class Duration(float):
    """A time span in seconds, written like Prometheus does: `500ms`, `15s`, `5m`, `1h`, `30d`."""

    __slots__ = ()

    _UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}  # noqa: RUF012 - a constant table

    @classmethod
    def parse(cls, text: object) -> "Duration":
        """Read a span; raises `ValueError` with a readable message."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", str(text).strip())
        if not match:
            raise ValueError(f"{text!r} is not a duration; write for example 15s, 5m, 1h or 30d")
        return cls(float(match[1]) * cls._UNITS[match[2]])

    def __str__(self) -> str:
        """Write the span in the largest unit that divides it."""
        for unit in ("d", "h", "m", "s"):
            if self and self % self._UNITS[unit] == 0:
                return f"{int(self // self._UNITS[unit])}{unit}"
        return f"{round(self * 1000)}ms"


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One block of the configuration."""


Block = TypeVar("Block", bound=Section)


class Data(Section, frozen=True):
    """Where the exporter keeps its files."""

    dir: Path = Path("data")


class Web(Section, frozen=True):
    """The HTTP server."""

    listen_address: str = ":10110"

    @property
    def host_port(self) -> tuple[str | None, int]:
        """Host (None for all interfaces) and port."""
        host, _, port = self.listen_address.rpartition(":")
        return host.strip("[]") or None, int(port)


class Log(Section, frozen=True):
    """What is written to stderr, and how."""

    level: Literal["debug", "info", "warn", "error"] = "info"
    format: Literal["logfmt", "json"] = "logfmt"


class Metrics(Section, frozen=True):
    """Which coins get series, and how many."""

    bases: tuple[str, ...] = ("BTC", "ETH", "SOL", "XRP", "DOGE", "BNB")
    base_cap: int = 1000


class Stats(Section, frozen=True):
    """The bands of the sentiment, as long shares."""

    bearish_from: float = 0.55
    bullish_to: float = 0.45


class JournalSection(Section, frozen=True):
    """The embedded journal."""

    retention: Duration = Duration(30 * 86400)
    queue_events: int = 100_000


class Feeds(Section, frozen=True):
    """The life of a connection."""

    connect_timeout: Duration = Duration(10)
    silent_after: Duration = Duration(15)
    backoff_max: Duration = Duration(60)
    stable_after: Duration = Duration(60)
    instruments_refresh: Duration = Duration(900)
    junk_per_second: int = 500
    asset_classes: tuple[AssetClass, ...] = ("crypto",)


class RedisSection(Section, frozen=True):
    """Redis; off while `url` is empty."""

    url: str = ""


class TimescaleSection(Section, frozen=True):
    """TimescaleDB or plain PostgreSQL; off while `url` is empty. `retention` 0: raw events stay for ever."""

    url: str = ""
    retention: Duration = Duration(0)
    readonly_role: str = ""
    readonly_password: str = ""
    restore_wait: Duration = Duration(60)


class Stores(Section, frozen=True):
    """What follows the journal."""

    redis: RedisSection = RedisSection()
    timescale: TimescaleSection = TimescaleSection()


class ExchangeSection(Section, frozen=True):
    """One exchange: whether it is listened to, and addresses that replace its own."""

    enabled: bool = True
    endpoints: dict[str, str] = {}


class Config(Section, frozen=True):
    """The whole configuration."""

    data: Data = Data()
    web: Web = Web()
    log: Log = Log()
    metrics: Metrics = Metrics()
    stats: Stats = Stats()
    journal: JournalSection = JournalSection()
    feeds: Feeds = Feeds()
    stores: Stores = Stores()
    exchanges: dict[str, ExchangeSection] = msgspec.field(
        default_factory=lambda: {name: ExchangeSection() for name in REGISTRY}
    )

    def enabled_exchanges(self) -> list[str]:
        """Return the names of the exchanges that are on, in the registry's order."""
        return [name for name in REGISTRY if self.exchanges[name].enabled]

    def endpoints(self, exchange: str) -> dict[str, str]:
        """Return the addresses of an exchange, the user's before its own."""
        return REGISTRY[exchange].endpoints | self.exchanges[exchange].endpoints


def load(path: Path | None, environ: Mapping[str, str], flags: Mapping[str, str]) -> Config:
    """Read the configuration; raises `ConfigError`.

    `path` None means no file, only defaults. `flags` maps key paths (`web.listen_address`) to values as typed.
    """
    tree = _read_file(path) if path else {}
    leaves = _leaves(Config)
    for key in leaves:
        value = environ.get("LIQ_" + key.upper().replace(".", "_"))
        if value is not None:
            _put(tree, key, value)
    for key, value in flags.items():
        _put(tree, key, value)
    source = str(path) if path else "configuration"
    sections = tree.pop("exchanges", None) or {}
    config = _convert(tree, Config, source, "")
    if not isinstance(sections, dict):
        raise ConfigError(f"{source}: exchanges: must hold one block per exchange; known: {', '.join(REGISTRY)}")
    exchanges = config.exchanges | {
        str(name): _convert(section or {}, ExchangeSection, source, f"exchanges.{name}")
        for name, section in sections.items()
    }
    config = msgspec.structs.replace(config, exchanges=exchanges)
    _validate(config, source)
    return config


def dump(config: Config) -> str:
    """Write the configuration in force as YAML, passwords inside addresses redacted."""
    tree = msgspec.to_builtins(config, enc_hook=str)
    for section in tree["stores"].values():
        section |= {key: _HIDE[key](value) for key, value in section.items() if key in _HIDE and value}
    return yaml.safe_dump(_redacted(tree), sort_keys=False, default_flow_style=False)


def redact(address: str) -> str:
    """Replace user and password of an address by `***`."""
    return re.sub(r"(?<=://)[^/?#]*@", "***@", address)


_HIDE: dict[str, Callable[[str], str]] = {
    # greedy, because a password may hold any character that should have been escaped
    "url": lambda url: re.sub(r"(password=)[^&]*", r"\1***", re.sub(r"(?<=://).*@", "***@", url)),
    "readonly_password": lambda _: "***",
}


def is_address(text: str, schemes: Container[str]) -> bool:
    """Tell whether a text is an address with one of the schemes, a host, and a possible port."""
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _read_file(path: Path) -> dict[str, Any]:
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; give one with --config.file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}: not valid YAML{where}: {getattr(error, 'problem', error)}") from None
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigError(f"{path}: the file must hold keys and values, not a {type(tree).__name__}")
    return tree


def _leaves(section: type[Section], prefix: str = "") -> list[str]:
    """List the key paths that hold one value each; they are what environment variables can set."""
    found: list[str] = []
    for name, kind in get_type_hints(section).items():
        if isinstance(kind, type) and issubclass(kind, Section):
            found += _leaves(kind, f"{prefix}{name}.")
        elif name == "exchanges":
            found += [f"exchanges.{exchange}.enabled" for exchange in REGISTRY]
        else:
            found.append(prefix + name)
    return found


_LISTS = frozenset({"bases", "asset_classes"})
"""Keys that hold several values, which environment and flags separate by commas."""


def _put(tree: dict[str, Any], key: str, value: str) -> None:
    *parents, leaf = key.split(".")
    for parent in parents:
        if not isinstance(tree.get(parent), dict):
            tree[parent] = {}
        tree = tree[parent]
    tree[leaf] = [item.strip() for item in value.split(",")] if leaf in _LISTS else value


def _decode(kind: type, value: object) -> object:
    if kind is Duration:
        return Duration.parse(value)
    if kind is Path:
        return Path(str(value))
    raise NotImplementedError(kind)


def _convert(tree: object, kind: type[Block], source: str, prefix: str) -> Block:
    try:
        return msgspec.convert(tree, kind, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{source}: {_explain(str(error), kind, prefix)}") from None


def _explain(message: str, kind: type[Section], prefix: str) -> str:
    """Turn msgspec's words into the file's: `Object contains unknown field `x` - at `$.web``."""
    text, _, where = message.partition(" - at `$")
    parts = where.strip("`").replace("[...]", "").split(".")[1:]
    key = ".".join(filter(None, (prefix, *parts)))
    unknown = re.fullmatch(r"Object contains unknown field `(.+)`", text)
    if unknown:
        for part in parts:
            kind = get_type_hints(kind)[part]
        return (
            f"{'.'.join(filter(None, (key, unknown[1])))}: unknown key; known here: {', '.join(kind.__struct_fields__)}"
        )
    return f"{key or 'the file'}: {text[0].lower()}{text[1:]}"


def _validate(config: Config, source: str) -> None:
    def check(good: bool, key: str, problem: str) -> None:
        if not good:
            raise ConfigError(f"{source}: {key}: {problem}")

    for name, section in config.exchanges.items():
        check(name in REGISTRY, f"exchanges.{name}", f"unknown exchange; known: {', '.join(REGISTRY)}")
        for endpoint, address in section.endpoints.items():
            key = f"exchanges.{name}.endpoints.{endpoint}"
            known = REGISTRY[name].endpoints
            check(endpoint in known, key, f"unknown endpoint; {name} has {', '.join(known)}")
            schemes = ("ws", "wss") if endpoint.startswith("ws") else ("http", "https")
            check(is_address(address, schemes), key, f"{redact(address)!r} is not a {schemes[1]}:// address")
    check(bool(config.enabled_exchanges()), "exchanges", "all are disabled; enable at least one")
    _, _, port = config.web.listen_address.rpartition(":")
    listens = ":" in config.web.listen_address and port.isdigit() and int(port) <= 65535
    check(listens, "web.listen_address", f"{config.web.listen_address!r} is not host:port or :port")
    check(config.metrics.base_cap >= 1, "metrics.base_cap", "must be at least 1")
    ordered = 0 <= config.stats.bullish_to <= config.stats.bearish_from <= 1
    check(ordered, "stats", "needs 0 <= bullish_to <= bearish_from <= 1")
    check(config.journal.retention >= 86400, "journal.retention", "must be at least 1d: ids are kept that long")
    check(config.journal.queue_events >= 1000, "journal.queue_events", "must be at least 1000")
    for name in ("connect_timeout", "silent_after", "backoff_max", "stable_after", "instruments_refresh"):
        check(getattr(config.feeds, name) > 0, f"feeds.{name}", "must be above zero")
    check(bool(config.feeds.asset_classes), "feeds.asset_classes", "name at least one, such as crypto")
    check(config.feeds.junk_per_second >= 1, "feeds.junk_per_second", "must be at least 1")
    _validate_stores(config.stores, check)


def _validate_stores(stores: Stores, check: Callable[[bool, str, str], None]) -> None:
    """Look at the stores' section; an address is not repeated in a message, because its password may be what is odd."""
    for name, url, schemes in (
        ("redis", stores.redis.url, ("redis", "rediss", "unix")),
        ("timescale", stores.timescale.url, ("postgresql", "postgres")),
    ):
        example = f"{schemes[0]}://user:password@host/0" if name == "redis" else f"{schemes[0]}://user:password@host/db"
        problem = f"is not an address like {example}; special characters in a password are written as %40 for @"
        check(not url or _is_store_address(url, schemes), f"stores.{name}.url", problem)
    days = stores.timescale.retention / 86400
    check(not days or days >= 8, "stores.timescale.retention", "must be 0s (for ever) or at least 8d")


def _is_store_address(url: str, schemes: Container[str]) -> bool:
    """Like `is_address`; a local socket stands in the path, or in the query as `host`."""
    try:
        parts = urlsplit(url)
        local = not parts.netloc.rpartition("@")[2] and (parts.scheme == "unix" or "host=/" in parts.query)
    except ValueError:
        return False
    return is_address(url, schemes) or (local and parts.scheme in schemes)


def _redacted(tree: Any) -> Any:  # noqa: ANN401 - a YAML tree is anything
    if isinstance(tree, dict):
        return {key: _redacted(value) for key, value in tree.items()}
    if isinstance(tree, str) and "://" in tree:
        return redact(tree)
    return tree
