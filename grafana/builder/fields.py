"""How values look: unit, decimals, colours, words, thresholds, links; for a whole panel or for one column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from grafana.builder import Json
from grafana.builder.colours import PLAIN, UNKNOWN


@dataclass(frozen=True, kw_only=True)
class Look:
    """The look of a value.

    `colour` is a fixed colour or, when it starts with `palette-`, a way to choose one; `steps` are thresholds as
    (from, colour), the first one without a lower end; `words` are texts and colours in place of values, `ranges` the
    same as (from, to, text, colour); `undefined` stands in place of a share of nothing (NaN), `nothing` in place of no
    data; `links` are (title, URL).
    """

    unit: str = ""
    decimals: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    colour: str = PLAIN
    steps: Sequence[tuple[float | None, str]] = ()
    words: Mapping[float, tuple[str, str]] | None = None
    ranges: Sequence[tuple[float | None, float | None, str, str]] = ()
    undefined: str = ""
    nothing: str = ""
    links: Sequence[tuple[str, str]] = ()
    name: str = ""

    def but(self, **changes: object) -> "Look":
        """Return this look with changes."""
        return replace(self, **changes)  # type: ignore[arg-type]  # dataclasses.replace checks the names itself

    def json(self) -> Json:
        """Return the field configuration as Grafana writes it."""
        config: Json = {"color": self._colour(), "mappings": self._mappings(), "thresholds": self._thresholds()}
        optional = {
            "unit": self.unit or None,
            "decimals": self.decimals,
            "min": self.minimum,
            "max": self.maximum,
            "noValue": self.nothing or None,
            "displayName": self.name or None,
            "links": [{"title": title, "url": url} for title, url in self.links] or None,
        }
        return config | {key: value for key, value in optional.items() if value is not None}

    def _colour(self) -> Json:
        if self.steps:
            return {"mode": "thresholds"}
        if self.colour.startswith("palette-"):
            return {"mode": self.colour}
        return {"mode": "fixed", "fixedColor": self.colour}

    def _thresholds(self) -> Json:
        steps = self.steps or [(None, self.colour if self.colour.startswith("#") else PLAIN)]
        return {"mode": "absolute", "steps": [{"value": value, "color": colour} for value, colour in steps]}

    def _mappings(self) -> list[Json]:
        mappings: list[Json] = []
        if self.words:
            words = self.words.items()
            options = {
                f"{value:g}": {"text": text, "color": colour, "index": index}
                for index, (value, (text, colour)) in enumerate(words)
            }
            mappings.append({"type": "value", "options": options})
        for index, (start, end, text, colour) in enumerate(self.ranges):
            result = {"text": text, "color": colour, "index": index}
            mappings.append({"type": "range", "options": {"from": start, "to": end, "result": result}})
        if self.undefined:
            result = {"text": self.undefined, "color": UNKNOWN, "index": 0}
            mappings.append({"type": "special", "options": {"match": "nan", "result": result}})
        return mappings


def for_name(name: str, properties: Mapping[str, object]) -> Json:
    """Return an override of the field with this name: `properties` by Grafana's ids."""
    return _override({"id": "byName", "options": name}, properties)


def for_pattern(pattern: str, properties: Mapping[str, object]) -> Json:
    """Return an override of the fields whose names match a regular expression."""
    return _override({"id": "byRegexp", "options": pattern}, properties)


def looks(look: Look) -> dict[str, object]:
    """Return a look as properties of an override."""
    says_nothing = [key for key, value in look.json().items() if value in ([], "")]
    says_nothing += [] if look.steps else ["thresholds"]
    return {key: value for key, value in look.json().items() if key not in says_nothing}


def _override(matcher: Json, properties: Mapping[str, object]) -> Json:
    return {"matcher": matcher, "properties": [{"id": key, "value": value} for key, value in properties.items()]}
