"""What a `Config` must fulfil beyond the types of its values."""

import re
from collections.abc import Callable, Iterator
from typing import get_args, get_type_hints

from exporter.config.addresses import is_address, is_store_address, redact
from exporter.config.sections import AlertsSection, Config, Duration, Least, Section, Stores
from exporter.errors import UserError
from exporter.exchanges import REGISTRY
from exporter.signals.parameters import Parameters

_OWN_LABELS = ("alertname", "severity", "domain", "base", "side")


class ConfigError(UserError):
    """The configuration cannot be used; the message names the key and what would be right.

    It is one line, whatever it quotes of a file.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


def validate(config: Config, source: str) -> None:
    """Raise `ConfigError` for the first value that cannot be used; `source` is where it comes from."""

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
    ordered = config.stats.bullish_to <= config.stats.bearish_from
    check(ordered, "stats", "needs bullish_to <= bearish_from")
    check(bool(config.feeds.asset_classes), "feeds.asset_classes", "name at least one, such as crypto")
    for key, value, least in _spans(config):
        check(value >= least.span or bool(least.zero and not value), key, f"must be {least}")
    validate_coins(config.signals, source)
    _validate_stores(config.stores, check)
    _validate_alerts(config.alerts, check)


def _spans(section: Section, prefix: str = "") -> Iterator[tuple[str, Duration, Least]]:
    """Return every time span of the configuration that has a least one: its key, its value, and that."""
    for name, kind in get_type_hints(type(section), include_extras=True).items():
        value = getattr(section, name)
        if isinstance(value, Section):
            yield from _spans(value, f"{prefix}{name}.")
        yield from ((prefix + name, value, note) for note in get_args(kind)[1:] if isinstance(note, Least))


def validate_coins(parameters: Parameters, source: str) -> None:
    """Raise `ConfigError` for a coin that cannot be one: a floor for `btc` would never apply."""
    for base in parameters.coins:
        if not base or base != base.upper() or base != base.strip():
            raise ConfigError(f"{source}: signals.coins.{base}: coins are written like {base.strip().upper() or 'BTC'}")


def _validate_stores(stores: Stores, check: Callable[[bool, str, str], None]) -> None:
    """Look at the stores' section; an address is not repeated in a message, because its password may be what is odd."""
    for name, url, schemes in (
        ("redis", stores.redis.url, ("redis", "rediss", "unix")),
        ("timescale", stores.timescale.url, ("postgresql", "postgres")),
    ):
        example = f"{schemes[0]}://user:password@host/0" if name == "redis" else f"{schemes[0]}://user:password@host/db"
        problem = f"is not an address like {example}; special characters in a password are written as %40 for @"
        check(not url or is_store_address(url, schemes), f"stores.{name}.url", problem)


def _validate_alerts(alerts: AlertsSection, check: Callable[[bool, str, str], None]) -> None:
    for name in ("alertmanager", "board", "runbooks"):
        address = getattr(alerts, name)
        optional = name == "alertmanager" and not address
        check(
            optional or is_address(address, ("http", "https")),
            f"alerts.{name}",
            f"{redact(address)!r} is not http://host:port",
        )
    for base in (*alerts.minimum_usd, *alerts.mute):
        key = "alerts.mute" if base in alerts.mute else f"alerts.minimum_usd.{base}"
        check(base == base.strip().upper() != "", key, f"coins are written like {base.strip().upper() or 'BTC'}")
    for base, usd in alerts.minimum_usd.items():
        check(usd >= 0, f"alerts.minimum_usd.{base}", "must be 0 or more")
    for name in alerts.labels:
        good = bool(re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", name)) and name not in _OWN_LABELS
        check(good, f"alerts.labels.{name}", "cannot be the name of an external label")
