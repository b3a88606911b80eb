"""What Grafana makes of a query before it sends it: values of variables, its own variables, SQL macros.

After Grafana's template service, the Prometheus data source's `interpolateQueryExpr` and the PostgreSQL data source's
macro engine, for the forms that boards use; an unknown one raises `ValueError`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Value = str | Sequence[str]
Variables = Mapping[str, Value]


class AllValue(str):
    """What a variable says that its All stands for: Grafana passes it on as it is, whatever the format."""

    __slots__ = ()


SCRAPE_S = 5
"""`timeInterval` of the provisioned Prometheus data source."""
REFERENCE = re.compile(r"\$(\w+)\b(?!\()|\$\{(\w+)(?::(\w+))?\}")
SPECIAL = re.compile(r"[$^*{}\[\]'+?.()|]")
MACRO = re.compile(r"\$__(\w+)\(([^()]*)\)")


@dataclass(frozen=True)
class Span:
    """The time range of a board, in Unix seconds; the step of a graph within it, and the shortest one it may have."""

    start: float
    end: float
    step: int
    shortest: int = SCRAPE_S

    @property
    def globals(self) -> dict[str, str]:
        """The variables that Grafana has by itself."""
        seconds = round(self.end - self.start)
        return {
            "__interval": f"{self.step}s",
            "__interval_ms": str(self.step * 1000),
            "__rate_interval": f"{max(self.step + self.shortest, 4 * self.shortest)}s",
            "__range": f"{seconds}s",
            "__range_s": str(seconds),
            "__range_ms": str(seconds * 1000),
            "__from": str(round(self.start * 1000)),
            "__to": str(round(self.end * 1000)),
        }


def promql(text: str, variables: Variables, board: Sequence[Mapping[str, Any]], span: Span) -> str:
    """The query that Prometheus gets; `board` are the definitions of the board's variables."""
    several = {each["name"]: bool(each.get("multi") or each.get("includeAll")) for each in board}

    def written(name: str, value: Value) -> str:
        if not several[name]:
            return str(value).replace("\\", "\\\\").replace("'", "\\\\'")
        values = [value] if isinstance(value, str) else value
        escaped = [SPECIAL.sub(lambda found: rf"\\{found[0]}", each.replace("\\", r"\\\\")) for each in values]
        return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"

    return _replaced(text, variables, span, written)


def sql(text: str, variables: Variables, board: Sequence[Mapping[str, Any]], span: Span, *, timescale: bool) -> str:
    """The query that PostgreSQL gets; `timescale` is the data source's switch for `time_bucket`."""
    several = {each["name"]: bool(each.get("multi") or each.get("includeAll")) for each in board}

    def written(name: str, value: Value) -> str:
        return value if isinstance(value, str) and not several[name] else _quoted(value)

    text = _replaced(text, variables, span, written)
    return MACRO.sub(lambda found: _macro(found[1], found[2], span, timescale=timescale), text)


def text_of(template: str, variables: Variables) -> str:
    """A title, legend or display name as people see it."""
    return REFERENCE.sub(lambda found: str(variables.get(found[1] or found[2], found[0])), template)


def _replaced(text: str, variables: Variables, span: Span, written: Any) -> str:
    def replaced(found: re.Match[str]) -> str:
        name, form = found[1] or found[2], found[3]
        if name in span.globals:
            return span.globals[name]
        if name not in variables:
            raise ValueError(f"unknown variable {found[0]} in {text}")
        value = variables[name]
        if isinstance(value, AllValue):
            return value
        return _formatted(value, form) if form else str(written(name, value))

    return REFERENCE.sub(replaced, text)


def _formatted(value: Value, form: str) -> str:
    """A value in one of the formats that a query can name: `${name:form}`."""
    values = [value] if isinstance(value, str) else list(value)
    if form in ("sqlstring", "singlequote"):
        return _quoted(values)
    if form in ("csv", "raw"):
        return ",".join(values)
    if form == "pipe":
        return "|".join(values)
    if form == "regex":
        return "|".join(map(re.escape, values))
    raise ValueError(f"unknown format {form}")


def _quoted(value: Value) -> str:
    values = [value] if isinstance(value, str) else value
    return ",".join("'" + each.replace("'", "''") + "'" for each in values)


def _macro(name: str, arguments: str, span: Span, *, timescale: bool) -> str:
    column, *more = (each.strip() for each in arguments.split(","))
    start, end = (f"'{datetime.fromtimestamp(each, UTC).isoformat()}'" for each in (span.start, span.end))
    if name == "timeFilter":
        return f"{column} BETWEEN {start} AND {end}"
    if name in ("timeFrom", "timeTo"):
        return start if name == "timeFrom" else end
    if name == "time":
        return f'{column} AS "time"'
    if name == "timeEpoch":
        return f'extract(epoch from {column}) AS "time"'
    if name in ("timeGroup", "timeGroupAlias"):
        alias = ' AS "time"' if name == "timeGroupAlias" else ""
        return _grouped(column, _seconds(more[0]), timescale=timescale) + alias
    raise ValueError(f"unknown macro $__{name}")


def _grouped(column: str, seconds: int, *, timescale: bool) -> str:
    if timescale:
        return f"time_bucket('{seconds:.3f}s',{column})"
    return f"floor(extract(epoch from {column})/{seconds})*{seconds}"


def _seconds(interval: str) -> int:
    """The seconds of `'5m'`."""
    found = re.fullmatch(r"'?(\d+)([smhd])'?", interval)
    if not found:
        raise ValueError(f"unknown interval {interval}")
    return int(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]
