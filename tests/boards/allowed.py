"""Metrics of which a healthy demo has none, and why that is right: queries for them may find nothing."""

from collections.abc import Mapping

from exporter.config import Metrics
from tests.boards.substitution import Value

REASONS = {
    "ALERTS": "nothing is wrong",
    "prometheus_notifications_latency_seconds": "no alert was sent to Alertmanager so far",
    "alertmanager_notification_latency_seconds_bucket": "Alertmanager is scraped every 15 s, the demo is young",
    "liquidation_stress_ratio": "known after a day",
    "liquidation_exchange_correlation": "known after an hour",
    "liquidation_exchange_lead_seconds": "known when it is significant",
    "liquidation_exchange_synchrony_ratio": "looked at once a minute",
}
ANY_LABELS = ("ALERTS",)
"""Metrics whose series each have labels of their own: what fires says which columns of a table are filled."""
MAIN_COINS_ONLY = ("liquidation_mark_price_usd", "liquidation_last_price_usd")


def may_be_empty(text: str, choice: Mapping[str, Value]) -> bool:
    """Whether a query may find nothing with these choices."""
    if any(metric in text for metric in REASONS):
        return True
    other_coin = choice.get("coin") not in Metrics().bases
    return other_coin and any(metric in text for metric in MAIN_COINS_ONLY)
