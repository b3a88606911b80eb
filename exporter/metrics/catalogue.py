"""Every metric family once: boards, rules and the exposition take names, labels and meaning from here.

The families of the process itself (`process_*`, `python_*`) are prometheus_client's own and are not listed.
"""

from exporter.metrics import market, pipeline, signals
from exporter.metrics.family import Family

FAMILIES: dict[str, Family] = {
    family.name: family
    for families in (
        market.TOTALS,
        market.WINDOWS,
        market.PRICES,
        market.SENTIMENT,
        signals.CASCADES,
        signals.MARKET_WIDE,
        pipeline.FEED_STATE,
        pipeline.FEED_COUNTERS,
        pipeline.STORES,
        pipeline.EXPORTER,
        pipeline.CHECK,
        pipeline.ALERTS,
    )
    for family in families
}
"""The families by name."""
