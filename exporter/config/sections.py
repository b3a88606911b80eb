"""The blocks of the configuration: each key with its default, what it may be, and one line of meaning.

config.yaml says the same lines, and docs/configuration.md is made of them.
"""

import math
import re
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec

from exporter.exchanges import REGISTRY
from exporter.model import AssetClass
from exporter.signals.parameters import Count, Parameters, Share


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
        """Write the span in the largest unit that divides it; nothing is 0s."""
        for unit in ("d", "h", "m", "s") if self else ("s",):
            if self % self._UNITS[unit] == 0:
                return f"{int(self // self._UNITS[unit])}{unit}"
        return f"{round(self * 1000)}ms"


class Least(msgspec.Struct, frozen=True):
    """The shortest span that a key takes; `zero` says what 0s means where that is allowed as well."""

    span: Duration
    zero: str = ""

    def __str__(self) -> str:
        """Say it: `at least 1d`, `0s (never) or at least 10s`."""
        return f"0s ({self.zero}) or at least {self.span}" if self.zero else f"at least {self.span}"


Span = Annotated[Duration, Least(Duration(0.001))]


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

    dir: Path = Path("data")  # the journal and the instrument cache live here; one exporter per folder


class Web(Section, frozen=True):
    """The HTTP server."""

    listen_address: str = ":10110"  # host:port; without a host on all interfaces
    config_file: str = ""  # TLS, users and headers, in the format of Prometheus' exporter-toolkit: docs/security.md
    max_connections: Count = 512  # beyond it the one that has been silent for longest makes room
    max_connections_per_address: Count = 128  # the same for the connections of one address
    max_streams: Count = 50  # readers of /api/v1/stream, open pages among them

    @property
    def host_port(self) -> tuple[str | None, int]:
        """Host (None for all interfaces) and port."""
        host, _, port = self.listen_address.rpartition(":")
        return host.strip("[]") or None, int(port)


class Log(Section, frozen=True):
    """What is written to stderr, and how."""

    level: Literal["debug", "info", "warn", "error"] = "info"  # debug, info, warn or error
    format: Literal["logfmt", "json"] = "logfmt"  # logfmt or json


class Metrics(Section, frozen=True):
    """Which coins get series, and how many."""

    # main coins: series from the start, mark price, windows per coin
    bases: tuple[str, ...] = ("BTC", "ETH", "SOL", "XRP", "DOGE", "BNB")
    base_cap: Count = 1000  # this many coins get series of their own, the rest are counted as "other"
    # windows per coin: the main coins, and those with the most USD in 24h, so many in all
    window_bases: Annotated[int, msgspec.Meta(ge=0)] = 20


class Stats(Section, frozen=True):
    """The bands of the sentiment, as long shares."""

    bearish_from: Share = 0.55  # from this share on BEARISH (longs are being liquidated: the market falls)
    bullish_to: Share = 0.45  # up to this share BULLISH


class JournalSection(Section, frozen=True):
    """The embedded journal."""

    # events, and the ids against counting twice, are kept this long; totals for ever
    retention: Annotated[Duration, Least(Duration(86400))] = Duration(30 * 86400)
    queue_events: Annotated[int, msgspec.Meta(ge=1000)] = 100_000  # how many events wait in memory while the disk fails


class Feeds(Section, frozen=True):
    """The life of a connection."""

    connect_timeout: Span = Duration(10)  # for a connection, and for the answers to subscriptions
    # without a push of the control stream a feed is silent; twice as long: reconnect
    silent_after: Span = Duration(15)
    stalled_after: Span = Duration(4)  # nothing arrives, not even the answer to a ping: reconnect
    backoff_max: Span = Duration(60)  # longest pause between two attempts
    stable_after: Span = Duration(60)  # a connection that lived this long starts with short pauses again
    instruments_refresh: Span = Duration(900)  # how often new listings are looked for
    junk_per_second: Count = 500  # more unusable frames than this in a second and the feed is cut
    # what counts: crypto, stock, commodity, forex, index, other (perpetuals on shares, gold, ...)
    asset_classes: tuple[AssetClass, ...] = ("crypto",)


class RedisSection(Section, frozen=True):
    """Redis; off while `url` is empty."""

    url: str = ""  # redis://[user:password@]host[:port]/db, rediss:// for TLS, unix:///path; empty: off


class TimescaleSection(Section, frozen=True):
    """TimescaleDB, or plain PostgreSQL for a start; off while `url` is empty."""

    url: str = ""  # postgresql://user:password@host[:port]/database; empty: off
    # raw events older than this are dropped, totals and aggregates stay; 0s: keep all
    retention: Annotated[Duration, Least(Duration(8 * 86400), zero="for ever")] = Duration(0)
    readonly_role: str = ""  # a role that may only read, for Grafana: made when missing and permitted; empty: none
    readonly_password: str = ""  # the password with which that role is made
    # an empty journal waits this long for the database to take its history over
    restore_wait: Duration = Duration(60)


class Stores(Section, frozen=True):
    """They follow the journal; without any the exporter is complete."""

    redis: RedisSection = RedisSection()
    timescale: TimescaleSection = TimescaleSection()


class AlertsSection(Section, frozen=True):
    """Which cascades are told, and the fast path to Alertmanager, which is off while `alertmanager` is empty.

    Without the right `labels` Alertmanager would take the two ways for two alerts.
    """

    # http://host:9093: post cascades there within a second, beside the rules; empty: off
    alertmanager: str = ""
    # per coin: an episode below so many USD is not told, as in {BTC: 5000000}
    minimum_usd: dict[str, float] = {}
    mute: tuple[str, ...] = ()  # coins whose cascades are never told
    labels: dict[str, str] = {}  # external_labels of your Prometheus, so that both ways make one alert
    board: str = "http://localhost:3000/d/liq-cascades"  # what a message of the fast path links to
    runbooks: str = "http://localhost:9090/user/runbooks.md"  # and where it says what to do

    def least_usd(self, base: str) -> float:
        """Return the USD that a coin's episode must have before it is told: infinite for one that never is."""
        return math.inf if base in self.mute else self.minimum_usd.get(base, 0.0)


class CheckSection(Section, frozen=True):
    """The exporter's comparison of journal, stores and metrics with each other."""

    # how often journal, stores and metrics are compared in the background; 0s: never
    interval: Annotated[Duration, Least(Duration(10), zero="never")] = Duration(300)


class ExchangeSection(Section, frozen=True):
    """One exchange: whether it is listened to, and addresses that replace its own."""

    enabled: bool = True  # whether it is listened to
    endpoints: dict[str, str] = {}  # other addresses than the exchange's own


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
