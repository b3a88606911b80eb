"""Queries of a panel: PromQL, and SQL on TimescaleDB or plain PostgreSQL."""

from dataclasses import dataclass
from typing import Literal

from grafana.builder import Json

PROMETHEUS: Json = {"type": "prometheus", "uid": "${prometheus}"}
TIMESCALE: Json = {"type": "grafana-postgresql-datasource", "uid": "${timescale}"}


@dataclass(frozen=True, kw_only=True)
class Prom:
    """A PromQL query: over the board's time range, at its end (`instant`), or at its end as rows of a table.

    `buckets` turns the series of a classic histogram at the end of the range into the counts of its single buckets.
    """

    expr: str
    legend: str = ""
    shape: Literal["range", "instant", "table", "buckets"] = "range"
    interval: str = ""

    def json(self, ref: str) -> Json:
        """Return the target as Grafana writes it; `ref` is its letter within the panel."""
        target: Json = {
            "datasource": PROMETHEUS,
            "refId": ref,
            "editorMode": "code",
            "expr": self.expr,
            "legendFormat": self.legend or "__auto",
            "format": {"table": "table", "buckets": "heatmap"}.get(self.shape, "time_series"),
            "instant": self.shape != "range",
            "range": self.shape == "range",
        }
        return target | ({"interval": self.interval} if self.interval else {})


@dataclass(frozen=True, kw_only=True)
class Sql:
    """An SQL query with Grafana's macros; `shape` says whether its rows are a table or points in time."""

    query: str
    shape: Literal["table", "time_series"] = "table"

    def json(self, ref: str) -> Json:
        """Return the target as Grafana writes it; `ref` is its letter within the panel."""
        return {
            "datasource": TIMESCALE,
            "refId": ref,
            "editorMode": "code",
            "rawQuery": True,
            "rawSql": self.query,
            "format": self.shape,
        }


Target = Prom | Sql


def table(expr: str) -> Prom:
    """Return a query whose series at the end of the range are the rows of a table."""
    return Prom(expr=expr, shape="table")


def now(expr: str, legend: str = "") -> Prom:
    """Return a query for the values at the end of the range."""
    return Prom(expr=expr, legend=legend, shape="instant")


def buckets(expr: str) -> Prom:
    """Return a query for the buckets of a histogram, each a value that is named by its upper bound."""
    return Prom(expr=expr, legend="{{le}}", shape="buckets")


def series(expr: str, legend: str = "", *, interval: str = "") -> Prom:
    """Return a query for values over time; `interval` is the shortest step."""
    return Prom(expr=expr, legend=legend, interval=interval)
