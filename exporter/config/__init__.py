"""config.yaml, environment and flags, as one frozen, validated `Config`.

Precedence: flag, then environment (`LIQ_` and the key's path in upper case, joined by `_`), then file, then default.
A variable with `_FILE` at its end names a file that holds the value, for secrets that no environment should show.
An unknown key or a bad value raises `ConfigError`, whose message names the key and the way out.
"""

from exporter.config.addresses import is_address, redact
from exporter.config.loading import convert, environment_name, leaves, load, load_parameters, read_tree
from exporter.config.sections import (
    AlertsSection,
    Config,
    Duration,
    ExchangeSection,
    Feeds,
    Least,
    Metrics,
    RedisSection,
    Section,
    Stores,
    TimescaleSection,
    Web,
    decoded,
)
from exporter.config.validation import ConfigError
from exporter.config.writing import dump

__all__ = [
    "AlertsSection",
    "Config",
    "ConfigError",
    "Duration",
    "ExchangeSection",
    "Feeds",
    "Least",
    "Metrics",
    "RedisSection",
    "Section",
    "Stores",
    "TimescaleSection",
    "Web",
    "convert",
    "decoded",
    "dump",
    "environment_name",
    "is_address",
    "leaves",
    "load",
    "load_parameters",
    "read_tree",
    "redact",
]
