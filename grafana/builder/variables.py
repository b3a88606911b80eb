"""The choices at the top of a board."""

from collections.abc import Sequence

from grafana.builder import Json
from grafana.builder.targets import PROMETHEUS

SOURCES = {"prometheus": "Prometheus", "timescale": "TimescaleDB"}
PLUGINS = {"prometheus": "prometheus", "timescale": "grafana-postgresql-datasource"}


def source(name: str) -> Json:
    """Return the choice of a data source: `prometheus` or `timescale`, whose uids are the same words."""
    return {
        "type": "datasource",
        "name": name,
        "label": SOURCES[name],
        "query": PLUGINS[name],
        "current": {"selected": False, "text": SOURCES[name], "value": name},
        "hide": 2,
        "includeAll": False,
        "multi": False,
        "options": [],
        "refresh": 1,
        "regex": "",
        "skipUrlSync": False,
    }


def one_of(name: str, label: str, about: str, values: Sequence[str | tuple[str, str]], chosen: str) -> Json:
    """Return a choice between fixed values, each a value or (text, value); `chosen` is the value at first."""
    pairs = [(each, each) if isinstance(each, str) else each for each in values]
    options = [{"selected": value == chosen, "text": text, "value": value} for text, value in pairs]
    return {
        "type": "custom",
        "name": name,
        "label": label,
        "description": about,
        "query": ",".join(text if text == value else f"{text} : {value}" for text, value in pairs),
        "current": next(option for option in options if option["selected"]),
        "options": options,
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "skipUrlSync": False,
    }


def labels_of(
    name: str,
    label: str,
    about: str,
    metric: str,
    key: str,
    *,
    first: str = "",
    several: bool = True,
    everything: str = ".*",
) -> Json:
    """Return a choice between the values of the label `key` of a metric.

    `several` allows more than one, and All, which stands in queries as the text `everything`.
    """
    all_of_them = {"selected": True, "text": ["All"], "value": ["$__all"]}
    return {
        "type": "query",
        "name": name,
        "label": label,
        "description": about,
        "datasource": PROMETHEUS,
        "definition": f"label_values({metric}, {key})",
        "query": {"query": f"label_values({metric}, {key})", "refId": "StandardVariableQuery"},
        "current": all_of_them if several else {"selected": True, "text": first, "value": first},
        "options": [],
        "hide": 0,
        "includeAll": several,
        "multi": several,
        "allValue": everything if several else None,
        "refresh": 2,  # when the time range changes, so that what is new appears by itself
        "regex": "",
        "skipUrlSync": False,
        "sort": 1,
    }


def words(name: str, label: str, about: str, value: str) -> Json:
    """Return a box to write into."""
    return {
        "type": "textbox",
        "name": name,
        "label": label,
        "description": about,
        "query": value,
        "current": {"selected": True, "text": value, "value": value},
        "options": [{"selected": True, "text": value, "value": value}],
        "hide": 0,
        "skipUrlSync": False,
    }
