"""What a panel shows: the rows of a table, the named values of the others, as Grafana puts them together."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.boards.committed import Panel, Query
from tests.boards.prometheus_api import Api, Series
from tests.boards.substitution import Span, Variables, promql

Rows = list[dict[str, str | float]]
MINUTES = 5
"""The time range that queries are tried with: longer than the demo, so that its beginning is seen as well."""


@dataclass(frozen=True)
class Moment:
    """Where and when panels are looked at; no query is asked twice."""

    api: Api
    time: float
    _known: dict[tuple[str, Span, bool], list[Series]] = field(default_factory=dict, repr=False)

    def span(self, query: Query) -> Span:
        """The time range that ends now."""
        shortest = int(query.target.get("interval", "5s").removesuffix("s"))
        return Span(self.time - 60 * MINUTES, self.time, shortest, shortest)

    def answer(self, query: Query, variables: Variables, board: Sequence[Mapping[str, object]]) -> list[Series]:
        """Run a query as its panel does."""
        span = self.span(query)
        key = (promql(query.text, variables, board, span), span, query.is_range)
        if key not in self._known:
            self._known[key] = self._asked(*key)
        return self._known[key]

    def _asked(self, text: str, span: Span, is_range: bool) -> list[Series]:
        if is_range:
            return self.api.range(text, span.start, span.end, span.step)
        return self.api.instant(text, self.time)


def named(panel: Panel, answers: Mapping[str, list[Series]]) -> dict[str, float]:
    """The last value of every series of a panel, by the name that its legend gives."""
    found = {}
    for query in panel.queries:
        for series in answers[query.letter]:
            found[legend(query, series)] = series.last
    return found


def legend(query: Query, series: Series) -> str:
    """The name of a series; raises `KeyError` for a label that it does not have."""
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda label: series.labels[label[1]], query.legend)


def rows(panel: Panel, answers: Mapping[str, list[Series]]) -> Rows:
    """The rows of a table whose queries are merged by equal labels, with its columns' titles."""
    merged: dict[frozenset[tuple[str, str]], dict[str, str | float]] = {}
    for query in panel.queries:
        column = "Value" if len(panel.queries) == 1 else f"Value #{query.letter}"
        for series in answers[query.letter]:
            labels = {name: value for name, value in series.labels.items() if name != "__name__"}
            row = merged.setdefault(frozenset(labels.items()), dict(labels))
            row[column] = series.last
    titles = renamed(panel)
    return [{titles.get(name, name): value for name, value in row.items()} for row in merged.values()]


def renamed(panel: Panel) -> dict[str, str]:
    """The titles that a table gives to labels and values."""
    for change in panel.json.get("transformations", []):
        if change["id"] == "organize":
            return dict(change["options"]["renameByName"])
    return {}


def undefined(series: Series) -> bool:
    """Whether any of its values is not a finite number."""
    return not all(math.isfinite(value) for _, value in series.points)
