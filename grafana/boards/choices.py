"""Choices at the top that several boards offer, so that they are taken along from one to the other."""

from grafana.builder import Json, variables
from grafana.sql import EVERYTHING

WINDOW = variables.one_of("window", "Window", "The time that figures cover.", ["1h", "4h", "12h", "24h"], "24h")
BY = variables.one_of(
    "by",
    "Shares by",
    "What shares, sentiment, ratio and dominance count.",
    [("USD", "notional_usd"), ("events", "events")],
    "notional_usd",
)
COIN = variables.labels_of(
    "coin",
    "Coin",
    "Main coins, and those with the most USD in 24 hours.",
    "liquidation_asset_window_events",
    "base",
    first="BTC",
    several=False,
)


def coins(label: str, about: str) -> Json:
    """Return the choice of coins for the history: one, several or all."""
    family = 'liquidation_asset_events_total{base!="other"}'
    return variables.labels_of("coins", label, about, family, "base", everything=EVERYTHING)
