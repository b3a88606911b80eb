"""What the exchanges have in common: correlation, synchrony, who comes first; each as a matrix."""

from grafana.builder import Json, units
from grafana.builder.colours import PLAIN
from grafana.builder.fields import Look, for_pattern
from grafana.builder.panels import Panel
from grafana.builder.targets import table
from grafana.looks import SHARE

STEPS = [(None, PLAIN), (0.25, "#7fae9f"), (0.5, "#2f9e8f")]
"""Faint, some, strong."""
SWAPS = (("t", "exchange_a"), ("exchange_a", "exchange_b"), ("exchange_b", "t"))
"""Labels to be set, each to the value of another."""


def _both_ways(family: str, sign: str = "") -> str:
    """Return the pairs as published, and the same the other way round."""
    pairs = swapped = f'{family}{{side="$pairs"}}'
    for label, source in SWAPS:
        swapped = f'label_join({swapped}, "{label}", "", "{source}")'
    return f"max by (exchange_a, exchange_b) ({pairs} or {sign}{swapped})"


def _matrix(title: str, about: str, expr: str, look: Look) -> Panel:
    matrix = {"rowField": "exchange_a", "columnField": "exchange_b", "valueField": "Value", "emptyValue": "null"}
    names = {"displayName": " ", "unit": units.TEXT, "mappings": [], "custom.align": "left", "custom.width": 84}
    changes: list[Json] = [
        _sorted("exchange_b"),  # the columns stand in the order in which they occur
        {"id": "groupingToMatrix", "options": matrix},
        _sorted("exchange_a\\exchange_b"),
    ]
    return Panel(
        kind="table",
        title=f"{title} · $pairs positions",
        about=about,
        targets=[table(expr)],
        look=look.but(missing="–"),
        custom={"align": "right", "minWidth": 50, "cellOptions": {"type": "color-text"}, "filterable": False},
        overrides=[for_pattern("exchange_a.*", names)],
        changes=changes,
        options={"showHeader": True, "cellHeight": "sm", "footer": {"show": False, "reducer": ["sum"], "fields": ""}},
    )


def correlation() -> Panel:
    """Return how the exchanges' minutes go together."""
    return _matrix(
        "Correlation",
        "How far two exchanges' liquidated USD per minute rise and fall together over about an hour: 1 together, 0 "
        "independent, below 0 one against the other.",
        _both_ways("liquidation_exchange_correlation"),
        Look(unit=units.NUMBER, decimals=2, steps=STEPS, nothing="not known before an hour with both exchanges"),
    )


def synchrony() -> Panel:
    """Return how far the exchanges' orders come together."""
    return _matrix(
        "Within 2 s",
        "The share of two exchanges' orders that come within 2 s after one of the other, beyond what chance explains.",
        _both_ways("liquidation_exchange_synchrony_ratio"),
        SHARE.but(decimals=1, minimum=None, steps=STEPS, nothing="one exchange only"),
    )


def leads() -> Panel:
    """Return who comes first."""
    return _matrix(
        "Who comes first",
        "By how much liquidations of the exchange at the left come before those of the exchange above, after when "
        "negative; together: by less than half a second. Empty while it is not significant. What an exchange delays "
        "before it publishes counts as well.",
        _both_ways("liquidation_exchange_lead_seconds", "-"),
        Look(
            unit=units.SECONDS,
            decimals=1,
            words={0: ("together", PLAIN)},
            steps=[(None, PLAIN), (0.5, "#2f9e8f")],
            nothing="nobody significantly",
        ),
    )


def _sorted(field: str) -> Json:
    return {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": field, "desc": False}]}}
