"""Spans that are marked in every graph of a board."""

from grafana.builder import Json
from grafana.builder.targets import PROMETHEUS

STEP = "30s"


def spans(name: str, expr: str, title: str, colour: str) -> Json:
    """Return marks over the time in which a PromQL expression is 1; `title` may name its labels.

    Grafana 9 takes an empty answer for an error, so the expression has to be 0 at other times. Grafana asks for about
    100 points and joins those that are no further apart than the step: spans up to an hour, single marks beyond.
    """
    return {
        "name": name,
        "datasource": PROMETHEUS,
        "enable": True,
        "hide": False,
        "iconColor": colour,
        "expr": expr,
        "step": STEP,
        "titleFormat": title,
        "textFormat": "",
        "tagKeys": "",
        "useValueForTime": False,
    }
