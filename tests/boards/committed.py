"""The committed boards as tests look at them: variables, panels, queries."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from grafana.__main__ import FOLDER

Json = dict[str, Any]
POSTGRES = "grafana-postgresql-datasource"


@dataclass(frozen=True)
class Query:
    """A query of a panel; `text` is PromQL or SQL."""

    target: Json

    @property
    def letter(self) -> str:
        return str(self.target["refId"])

    @property
    def is_sql(self) -> bool:
        return bool(self.target["datasource"]["type"] == POSTGRES)

    @property
    def text(self) -> str:
        return str(self.target["rawSql" if self.is_sql else "expr"])

    @property
    def legend(self) -> str:
        return str(self.target.get("legendFormat", ""))

    @property
    def is_range(self) -> bool:
        return bool(self.target.get("range"))

    @property
    def shape(self) -> str:
        return str(self.target["format"])


@dataclass(frozen=True)
class Panel:
    """A panel on a board."""

    board: str
    json: Json

    @property
    def title(self) -> str:
        return str(self.json["title"])

    @property
    def kind(self) -> str:
        return str(self.json["type"])

    @property
    def place(self) -> dict[str, int]:
        return dict(self.json["gridPos"])

    @property
    def queries(self) -> list[Query]:
        return [Query(target) for target in self.json.get("targets", [])]

    @property
    def overrides(self) -> list[Json]:
        return list(self.json.get("fieldConfig", {}).get("overrides", []))

    @property
    def display_names(self) -> dict[str, str]:
        """What people see instead of a field's own name."""
        return {
            override["matcher"]["options"]: str(each["value"])
            for override in self.overrides
            for each in override["properties"]
            if override["matcher"]["id"] == "byName" and each["id"] == "displayName"
        }

    def says_what_nan_is(self, name: str) -> bool:
        """Whether the panel has a text in place of NaN in the field of this name."""
        looks = [self.json["fieldConfig"]["defaults"].get("mappings", [])]
        for override in self.overrides:
            if override["matcher"] == {"id": "byName", "options": name}:
                looks += [each["value"] for each in override["properties"] if each["id"] == "mappings"]
        return any(mapping.get("options", {}).get("match") == "nan" for look in looks for mapping in look)

    def __str__(self) -> str:
        return f"{self.board} {self.json['id']}: {self.title}"


@dataclass(frozen=True)
class CommittedBoard:
    """A board's file."""

    file: str
    json: Json

    @cached_property
    def panels(self) -> list[Panel]:
        """Its panels, without the headings."""
        return [Panel(self.file, each) for each in self.json["panels"] if each["type"] != "row"]

    @property
    def variables(self) -> list[Json]:
        return list(self.json["templating"]["list"])

    def panel(self, title: str, kind: str = "") -> Panel:
        """The only panel with this title (and kind)."""
        (found,) = (each for each in self.panels if each.title == title and kind in ("", each.kind))
        return found


def boards() -> list[CommittedBoard]:
    return [CommittedBoard(path.stem, json.loads(path.read_text())) for path in sorted(FOLDER.glob("*.json"))]


BOARDS = {board.file: board for board in boards()}
PANELS = [panel for board in BOARDS.values() for panel in board.panels]
