"""The names of the order size buckets: their span instead of the upper bound that Prometheus knows them by."""

from exporter.cells import SIZE_BUCKETS
from grafana.builder import Json
from grafana.builder.fields import for_name, for_pattern


def _bound(amount: float) -> str:
    """Return a pattern for a bound as a label: 1000, 1000.0, 1e+06."""
    short = f"{amount:g}".replace("+", r"\+")
    return rf"({amount:.0f}(\.0)?|{short})"


def _dollars(amount: float) -> str:
    """Write an amount as Grafana shortens it."""
    for size, suffix in ((1e6, "M"), (1e3, "K")):
        if amount >= size:
            return f"${amount / size:g}{suffix}"
    return f"${amount:g}"


def _spans() -> list[Json]:
    bounds = [0.0, *SIZE_BUCKETS]
    spans = zip(bounds, SIZE_BUCKETS, strict=False)
    named = [for_pattern(_bound(end), {"displayName": f"{_dollars(start)} – {_dollars(end)}"}) for start, end in spans]
    return [*named, for_name("+Inf", {"displayName": f"over {_dollars(bounds[-1])}"})]


SIZE_NAMES = _spans()
"""Overrides for a panel that shows the buckets of liquidation_size_usd."""
