"""The panels that boards are made of: only those built into Grafana."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from grafana.builder import Json, units
from grafana.builder.fields import Look, for_name
from grafana.builder.targets import PROMETHEUS, TIMESCALE, Prom, Sql, Target

MIXED: Json = {"type": "datasource", "uid": "-- Mixed --"}
NAME_SIZE = 13
"""Of the names of values, which Grafana makes too small beside each other."""
NO_DATA = "no data: is the exporter running and scraped?"


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A panel without its place: `about` is what stands behind the (i) in its corner.

    `shortest` is the shortest interval of a graph, such as `1m`, for sources that know none themselves; `points` how
    many intervals it has at most, if not one a pixel.
    """

    kind: str
    title: str
    about: str
    targets: Sequence[Target] = ()
    look: Look = field(default_factory=Look)
    options: Json = field(default_factory=dict)
    custom: Json = field(default_factory=dict)
    overrides: Sequence[Json] = ()
    changes: Sequence[Json] = ()
    transparent: bool = False
    shortest: str = ""
    points: int = 0

    def json(self, number: int, place: Json) -> Json:
        """Return the panel as Grafana writes it; `number` is its id on the board."""
        panel: Json = {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.about,
            "gridPos": place,
            "transparent": self.transparent,
            "options": self.options,
            "fieldConfig": {"defaults": self.look.json() | {"custom": self.custom}, "overrides": list(self.overrides)},
        }
        if self.targets:
            panel["datasource"] = self._source()
            panel["targets"] = [target.json(chr(ord("A") + index)) for index, target in enumerate(self.targets)]
        if self.changes:
            panel["transformations"] = list(self.changes)
        if self.shortest:
            panel["interval"] = self.shortest
        if self.points:
            panel["maxDataPoints"] = self.points
        return panel

    def _source(self) -> Json:
        kinds = {type(target) for target in self.targets}
        if kinds == {Prom}:
            return PROMETHEUS
        return TIMESCALE if kinds == {Sql} else MIXED


def stat(
    title: str,
    about: str,
    targets: Sequence[Target],
    look: Look,
    *,
    text: Literal["auto", "value", "value_and_name", "name"] = "auto",
    colour: Literal["value", "background", "none"] = "value",
    graph: bool = False,
    rows: bool = False,
    centred: bool = False,
    overrides: Sequence[Json] = (),
    changes: Sequence[Json] = (),
    size: int | None = None,
    below: bool = False,
) -> Panel:
    """Return a panel with large values, one below the other if asked for.

    `rows` keeps each row of a table as a value of its own.
    """
    options: Json = {
        "colorMode": colour,
        "graphMode": "area" if graph else "none",
        "justifyMode": "center" if centred else "auto",
        "orientation": "horizontal" if below else "auto",  # the direction of each value, not that of the row of values
        "textMode": text,
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": rows},
    }
    if size:
        options["text"] = {"valueSize": size} | ({"titleSize": NAME_SIZE} if text == "value_and_name" else {})
    return Panel(
        kind="stat",
        title=title,
        about=about,
        targets=targets,
        look=_told(look),
        options=options,
        overrides=overrides,
        changes=changes,
    )


def over_time(
    title: str,
    about: str,
    targets: Sequence[Target],
    look: Look,
    *,
    style: Literal["line", "bars", "steps"] = "line",
    fill: int = 0,
    stack: bool = False,
    zero: bool = False,
    legend: Literal["list", "table", "none"] = "list",
    totals: Sequence[str] = (),
    axis: str = "",
    shortest: str = "",
    overrides: Sequence[Json] = (),
) -> Panel:
    """Return a graph over time; `totals` are the columns of the legend's table, `zero` centres the axis on 0."""
    custom: Json = {
        "drawStyle": "bars" if style == "bars" else "line",
        "lineInterpolation": "stepAfter" if style == "steps" else "linear",
        "lineWidth": 0 if style == "bars" else 2,
        "fillOpacity": 90 if style == "bars" else fill,
        "gradientMode": "none",
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if stack else "none", "group": "A"},
        "axisPlacement": "auto",
        "axisLabel": axis,
        "axisCenteredZero": zero,
        "barAlignment": -1,  # a bar stands over the interval that its value sums up
        "scaleDistribution": {"type": "linear"},
    }
    return Panel(
        kind="timeseries",
        title=title,
        about=about,
        targets=targets,
        look=_told(look),
        custom=custom,
        overrides=overrides,
        shortest=shortest,
        options={
            "tooltip": {"mode": "multi", "sort": "desc"},
            "legend": {
                "displayMode": "table" if legend == "table" else "list",
                "placement": "right" if legend == "table" else "bottom",
                "showLegend": legend != "none",
                "calcs": list(totals),
                **({"sortBy": "Last *", "sortDesc": True} if legend == "table" else {}),
            },
        },
    )


def bar_gauge(
    title: str, about: str, targets: Sequence[Target], look: Look, *, overrides: Sequence[Json] = ()
) -> Panel:
    """Return horizontal bars, one for each series."""
    return Panel(
        kind="bargauge",
        title=title,
        about=about,
        targets=targets,
        look=_told(look),
        overrides=overrides,
        options={
            "displayMode": "basic",
            "orientation": "horizontal",
            "showUnfilled": True,
            "valueMode": "text",
            "minVizHeight": 16,
            "minVizWidth": 8,
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        },
    )


def bar_chart(
    title: str,
    about: str,
    targets: Sequence[Target],
    look: Look,
    *,
    x: str,
    stack: Literal["none", "normal", "percent"] = "none",
    horizontal: bool = False,
    values: Literal["auto", "always", "never"] = "auto",
    totals: Sequence[str] = (),
    overrides: Sequence[Json] = (),
    changes: Sequence[Json] = (),
) -> Panel:
    """Return bars by category; `x` is the column that names them, `totals` stand in the legend."""
    return Panel(
        kind="barchart",
        title=title,
        about=about,
        targets=targets,
        look=_told(look),
        overrides=[for_name(x, {"unit": units.TEXT, "mappings": []}), *overrides],
        changes=changes,
        custom={"fillOpacity": 85, "lineWidth": 0, "gradientMode": "none", "axisPlacement": "auto"},
        options={
            "xField": x,
            "orientation": "horizontal" if horizontal else "vertical",
            "stacking": stack,
            "showValue": values,
            "groupWidth": 0.75,
            "barWidth": 0.9,
            "xTickLabelRotation": 0,
            "xTickLabelMaxLength": 24,
            "tooltip": {"mode": "multi", "sort": "desc"},
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": list(totals)},
        },
    )


def timeline(title: str, about: str, targets: Sequence[Target], look: Look) -> Panel:
    """Return states over time, a line for each series."""
    return Panel(
        kind="state-timeline",
        title=title,
        about=about,
        targets=targets,
        look=_told(look),
        custom={"fillOpacity": 80, "lineWidth": 0},
        options={
            "mergeValues": True,
            "showValue": "never",
            "alignValue": "left",
            "rowHeight": 0.85,
            "tooltip": {"mode": "single", "sort": "none"},
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        },
    )


def heatmap(
    title: str, about: str, targets: Sequence[Target], look: Look, *, scheme: str, shortest: str, points: int
) -> Panel:
    """Return cells over time, a line of them for each series, in the order of the series."""
    return Panel(
        kind="heatmap",
        title=title,
        about=about,
        targets=targets,
        look=_told(look),
        shortest=shortest,
        points=points,
        options={
            "calculate": False,
            "cellGap": 1,
            "color": {"mode": "scheme", "scheme": scheme, "steps": 64, "exponent": 0.5, "fill": "dark-orange"},
            "filterValues": {"le": 1e-9},
            "rowsFrame": {"layout": "auto"},
            "yAxis": {"axisPlacement": "left", "unit": units.TEXT},
            "cellValues": {"unit": look.unit, "decimals": look.decimals},
            "showValue": "never",
            "tooltip": {"show": True, "yHistogram": False},
            "legend": {"show": False},
            "exemplars": {"color": "rgba(255,0,255,0.7)"},
        },
    )


def text(title: str, about: str, content: str) -> Panel:
    """Return a panel with Markdown."""
    return Panel(
        kind="text", title=title, about=about, options={"mode": "markdown", "content": content}, transparent=True
    )


def _told(look: Look) -> Look:
    """Give the panel something to say when there is no data."""
    return look if look.nothing else look.but(nothing=NO_DATA)
