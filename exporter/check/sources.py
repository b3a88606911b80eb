"""The sources that a configuration has."""

from exporter.check.metrics import MetricsSource
from exporter.check.redis import RedisSource
from exporter.check.source import Source, Unconfigured
from exporter.check.timescale import TimescaleSource
from exporter.config import Stores


def sources(stores: Stores, metrics: MetricsSource, most_events: int | None = None) -> list[Source]:
    """Return the stores, a placeholder for one that is off, and the metrics; `most_events` as in `TimescaleSource`."""
    redis, timescale = stores.redis.url, stores.timescale.url
    return [
        RedisSource(redis) if redis else Unconfigured("redis"),
        TimescaleSource(timescale, most_events) if timescale else Unconfigured("timescale"),
        metrics,
    ]
