"""A board: what it is called, what can be chosen, what stands on it, and the links to its siblings."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana.builder import Json
from grafana.builder.layout import Section, place

TAG = "liquidations"
SCHEMA = 39
"""The schema of Grafana 10; later ones migrate it as they load it."""


@dataclass(frozen=True, kw_only=True)
class Board:
    """One dashboard; `file` names its JSON, `span` is the time range that it opens with."""

    file: str
    title: str
    about: str
    sections: Sequence[Section]
    variables: Sequence[Json]
    span: str = "now-6h"
    refresh: str = "10s"
    annotations: Sequence[Json] = ()

    @property
    def uid(self) -> str:
        """The identity of the board, part of its address."""
        return f"liq-{self.file}"

    def json(self) -> Json:
        """Return the board as Grafana's classic JSON."""
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.about,
            "tags": [TAG],
            "schemaVersion": SCHEMA,
            "version": 1,
            "editable": False,
            "graphTooltip": 1,
            "timezone": "browser",
            "time": {"from": self.span, "to": "now"},
            "refresh": self.refresh,
            "timepicker": {"refresh_intervals": ["5s", "10s", "30s", "1m", "5m"]},
            "annotations": {"list": list(self.annotations)},
            "templating": {"list": list(self.variables)},
            "links": [_siblings()],
            "panels": list(place(self.sections)),
        }


def _siblings() -> Json:
    """Return the links to the other boards, which take the time range and the choices along."""
    return {
        "type": "dashboards",
        "title": "Boards",
        "tags": [TAG],
        "asDropdown": False,
        "keepTime": True,
        "includeVars": True,
        "targetBlank": False,
        "icon": "dashboard",
        "tooltip": "",
        "url": "",
    }
