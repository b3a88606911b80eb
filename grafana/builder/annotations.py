"""Spans that are marked in every graph of a board."""

from grafana.builder import Json
from grafana.builder.targets import PROMETHEUS


def spans(name: str, expr: str, title: str, colour: str) -> Json:
    """Return marks over the time in which a PromQL expression is 1; `title` may name its labels.

    Grafana 9 takes an empty answer for an error, so the expression has to be 0 at other times.
    """
    return {
        "name": name,
        "datasource": PROMETHEUS,
        "enable": True,
        "hide": False,
        "iconColor": colour,
        "expr": expr,
        "step": "15s",
        "titleFormat": title,
        "textFormat": "",
        "tagKeys": "",
        "useValueForTime": False,
    }
