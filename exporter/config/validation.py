"""What a `Config` must fulfil beyond the types of its values."""

import re
from collections.abc import Callable

from exporter.config.addresses import is_address, is_store_address, redact
from exporter.config.sections import AlertsSection, Config, Stores
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
    for name in ("max_connections", "max_connections_per_address", "max_streams"):
        check(getattr(config.web, name) >= 1, f"web.{name}", "must be at least 1")
    check(config.metrics.base_cap >= 1, "metrics.base_cap", "must be at least 1")
    check(config.metrics.window_bases >= 0, "metrics.window_bases", "must be 0 (the main coins only) or more")
    ordered = 0 <= config.stats.bullish_to <= config.stats.bearish_from <= 1
    check(ordered, "stats", "needs 0 <= bullish_to <= bearish_from <= 1")
    check(config.journal.retention >= 86400, "journal.retention", "must be at least 1d: ids are kept that long")
    check(config.journal.queue_events >= 1000, "journal.queue_events", "must be at least 1000")
    above_zero = ("connect_timeout", "silent_after", "stalled_after", "backoff_max", "stable_after")
    for name in (*above_zero, "instruments_refresh"):
        check(getattr(config.feeds, name) > 0, f"feeds.{name}", "must be above zero")
    check(bool(config.feeds.asset_classes), "feeds.asset_classes", "name at least one, such as crypto")
    check(config.feeds.junk_per_second >= 1, "feeds.junk_per_second", "must be at least 1")
    interval = config.check.interval
    check(not interval or interval >= 10, "check.interval", "must be 0s (never) or at least 10s")
    validate_coins(config.signals, source)
    _validate_stores(config.stores, check)
    _validate_alerts(config.alerts, check)


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
    days = stores.timescale.retention / 86400
    check(not days or days >= 8, "stores.timescale.retention", "must be 0s (for ever) or at least 8d")


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
