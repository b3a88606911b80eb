"""What the exchanges have in common: correlation, synchrony, who comes first; each as a matrix."""

from grafana.builder import Json, units
from grafana.builder.colours import PLAIN
from grafana.builder.fields import Look, for_pattern
from grafana.builder.panels import Panel
from grafana.builder.targets import table
from grafana.looks import SHARE

STRONG = "#2f9e8f"
STEPS = [(None, PLAIN), (0.25, "#7fae9f"), (0.5, STRONG)]
"""Faint, some, strong."""
NAME_WIDTH, LEAST_WIDTH = 76, 50
"""Of the columns of a matrix: the pairs of twelve exchanges fit half a laptop's screen. Grafana makes none narrower."""
NOT_KNOWN = " "


def _pairs(figure: str) -> str:
    """Return a figure of each pair of exchanges, once: as published, in the order of their names."""
    return f'max by (exchange_a, exchange_b) (liquidation_exchange_{figure}{{side="$pairs"}})'


def _matrix(title: str, about: str, expr: str, look: Look) -> Panel:
    matrix = {"rowField": "exchange_a", "columnField": "exchange_b", "valueField": "Value", "emptyValue": "null"}
    names = {"displayName": " ", "unit": units.TEXT, "mappings": [], "custom.align": "left", "custom.width": NAME_WIDTH}
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
        look=look.but(missing=NOT_KNOWN),
        custom={"align": "right", "minWidth": LEAST_WIDTH, "cellOptions": {"type": "color-text"}, "filterable": False},
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
        _pairs("correlation"),
        Look(unit=units.NUMBER, decimals=2, steps=STEPS, nothing="not known before an hour with both exchanges"),
    )


def synchrony() -> Panel:
    """Return how far the exchanges' orders come together."""
    return _matrix(
        "Within 2 s",
        "The share of two exchanges' orders that come within 2 s after one of the other, beyond what chance explains.",
        _pairs("synchrony_ratio"),
        SHARE.but(decimals=0, minimum=None, steps=STEPS, nothing="one exchange only"),
    )


def leads() -> Panel:
    """Return who comes first."""
    return _matrix(
        "Seconds ahead",
        "By how many seconds liquidations of the exchange at the left come before those of the exchange above, after "
        "when negative; ≈: together, by less than half a second. Empty while it is not significant. What an exchange "
        "delays before it publishes counts as well.",
        f"{_pairs('lead_seconds')} or NaN * {_pairs('synchrony_ratio')}",
        Look(
            unit=units.NUMBER,
            decimals=1,
            words={0: ("≈", PLAIN)},
            steps=[(None, PLAIN), (0.5, STRONG)],
            undefined=NOT_KNOWN,
            nothing="nobody significantly",
        ),
    )


def _sorted(field: str) -> Json:
    return {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": field, "desc": False}]}}
