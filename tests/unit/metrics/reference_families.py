"""Families as prometheus_client builds them, with names and help texts of the catalogue."""

from collections.abc import Iterable

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.utils import floatToGoString

from exporter.histogram import Histogram
from exporter.metrics.catalogue import FAMILIES

KINDS = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily, "histogram": HistogramMetricFamily}


def family(name: str):
    entry = FAMILIES[name]
    return KINDS[entry.type](name, entry.help, labels=entry.labels, unit=entry.unit)


def info(name: str, labels: Iterable[tuple[str, ...]]) -> Metric:
    entry = FAMILIES[name]
    metric = InfoMetricFamily(name.removesuffix("_info"), entry.help, labels=entry.labels)
    for values in labels:
        metric.add_metric(values, {})
    return metric


def plain(name: str, value: float) -> Metric:
    metric = family(name)
    metric.add_metric([], value)
    return metric


def observe(metric: Metric, labels: Iterable[str], histogram: Histogram) -> None:
    bounds = [*map(floatToGoString, histogram.bounds), "+Inf"]
    running, buckets = 0, []
    for bound, count in zip(bounds, histogram.counts, strict=True):
        running += count
        buckets.append((bound, running))
    metric.add_metric(list(labels), buckets, histogram.total)
