"""The part of Prometheus' HTTP API that Grafana uses."""

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Series:
    """A series of an answer: its labels, and its values as (Unix seconds, value)."""

    labels: dict[str, str]
    points: list[tuple[float, float]]

    @property
    def last(self) -> float:
        return self.points[-1][1]


class QueryError(Exception):
    """Prometheus refused a query; the message says why."""


@dataclass(frozen=True)
class Api:
    """The server at an address."""

    address: str

    def instant(self, query: str, time: float) -> list[Series]:
        """The values at a moment."""
        data = self._get("query", query=query, time=f"{time:.3f}")
        if data["resultType"] == "scalar":
            return [Series({}, [_point(data["result"])])]
        return [Series(each["metric"], [_point(each["value"])]) for each in data["result"]]

    def range(self, query: str, start: float, end: float, step: int) -> list[Series]:
        """The values over a time range, at whole steps as Grafana asks for them."""
        first, last = (each // step * step for each in (start, end))
        data = self._get("query_range", query=query, start=f"{first:.3f}", end=f"{last:.3f}", step=str(step))
        return [Series(each["metric"], list(map(_point, each["values"]))) for each in data["result"]]

    def label_values(self, metric: str, label: str) -> list[str]:
        """The values of a label, as `label_values(metric, label)` finds them."""
        series: list[dict[str, str]] = self._get("series", **{"match[]": metric})
        return sorted({each[label] for each in series if label in each})

    def _get(self, path: str, **parameters: str) -> Any:
        url = f"{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            with error:
                raise QueryError(f"{json.load(error)['error']}: {parameters}") from None


def _point(pair: list[Any]) -> tuple[float, float]:
    return float(pair[0]), float(pair[1])
