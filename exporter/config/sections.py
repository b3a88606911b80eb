"""The blocks of the configuration, with their defaults."""

import math
import re
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from exporter.exchanges import REGISTRY
from exporter.model import AssetClass
from exporter.signals.parameters import Parameters


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


def decoded(kind: type, value: object) -> object:
    """Turn a plain value into one of the kinds that msgspec does not know (its `dec_hook`)."""
    if kind is Duration:
        return Duration.parse(value)
    if kind is Path:
        return Path(str(value))
    raise NotImplementedError(kind)


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One block of the configuration."""


Block = TypeVar("Block", bound=msgspec.Struct)


class Data(Section, frozen=True):
    """Where the exporter keeps its files."""

    dir: Path = Path("data")


class Web(Section, frozen=True):
    """The HTTP server; `config_file` holds TLS and users, off while empty. The rest are limits on connections."""

    listen_address: str = ":10110"
    config_file: str = ""
    max_connections: int = 512
    max_connections_per_address: int = 128
    max_streams: int = 50

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
    window_bases: int = 20


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
    stalled_after: Duration = Duration(4)
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


class AlertsSection(Section, frozen=True):
    """Which cascades are told, and the fast path to Alertmanager, which is off while `alertmanager` is empty.

    `minimum_usd` is by coin; `labels` are the external labels of Prometheus, without which Alertmanager would take the
    two ways for two alerts; `board` and `runbooks` are what a message links to.
    """

    alertmanager: str = ""
    minimum_usd: dict[str, float] = {}
    mute: tuple[str, ...] = ()
    labels: dict[str, str] = {}
    board: str = "http://localhost:3000/d/liq-cascades"
    runbooks: str = "http://localhost:9090/user/runbooks.md"

    def least_usd(self, base: str) -> float:
        """Return the USD that a coin's episode must have before it is told: infinite for one that never is."""
        return math.inf if base in self.mute else self.minimum_usd.get(base, 0.0)


class CheckSection(Section, frozen=True):
    """How often the exporter compares journal, stores and metrics by itself; `interval` 0: never."""

    interval: Duration = Duration(300)


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
    check: CheckSection = CheckSection()
    signals: Parameters = Parameters()
    alerts: AlertsSection = AlertsSection()
    exchanges: dict[str, ExchangeSection] = msgspec.field(
        default_factory=lambda: {name: ExchangeSection() for name in REGISTRY}
    )

    def enabled_exchanges(self) -> list[str]:
        """Return the names of the exchanges that are on, in the registry's order."""
        return [name for name in REGISTRY if self.exchanges[name].enabled]

    def endpoints(self, exchange: str) -> dict[str, str]:
        """Return the addresses of an exchange, the user's before its own."""
        return REGISTRY[exchange].endpoints | self.exchanges[exchange].endpoints
