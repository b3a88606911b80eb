"""Every metric family once: boards, rules and the exposition take names, labels and meaning from here.

The families of the process itself (`process_*`, `python_*`) are prometheus_client's own and are not listed.
"""

from exporter.metrics import market, pipeline, signals
from exporter.metrics.family import Family

GROUPS: dict[str, tuple[Family, ...]] = {
    "Totals": market.TOTALS,
    "Windows": market.WINDOWS,
    "Prices": market.PRICES,
    "Sentiment": market.SENTIMENT,
    "Cascades": signals.CASCADES,
    "The market as a whole": signals.MARKET_WIDE,
    "Feeds: state": pipeline.FEED_STATE,
    "Feeds: counters": pipeline.FEED_COUNTERS,
    "Stores": pipeline.STORES,
    "Exporter and journal": pipeline.EXPORTER,
    "Check of itself": pipeline.CHECK,
    "Alerts": pipeline.ALERTS,
}
"""The families by what they are about, in the order of METRICS.md."""

FAMILIES: dict[str, Family] = {family.name: family for families in GROUPS.values() for family in families}
"""The families by name."""
