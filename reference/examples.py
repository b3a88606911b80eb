"""Questions that people ask, and the queries that answer them."""

from typing import NamedTuple


class Example(NamedTuple):
    """A question, and the query (PromQL) that answers it."""

    question: str
    query: str


EXAMPLES = (
    Example(
        "USD liquidated in the last hour, by side: exact",
        'sum by (side) (liquidation_window_notional_usd{window="1h"})',
    ),
    Example(
        "USD of liquidated longs per minute, by exchange",
        'sum by (exchange) (rate(liquidation_notional_usd_total{side="long"}[5m])) * 60',
    ),
    Example(
        "Share of longs in the last four hours, all exchanges together",
        'sum(liquidation_window_notional_usd{window="4h", side="long"})\n'
        '/ sum(liquidation_window_notional_usd{window="4h"})',
    ),
    Example(
        "The ten coins with the most USD in a day",
        'topk(10, sum by (base) (liquidation_asset_window_notional_usd{window="24h"}))',
    ),
    Example(
        "Size that nine in ten liquidations of the last hour stay below",
        "histogram_quantile(0.9, sum by (le) (rate(liquidation_size_usd_bucket[1h])))",
    ),
    Example("Coins and sides in a critical cascade", "liquidation_cascade_level == 3"),
    Example(
        "The three components that raise BTC's score most, longs",
        'topk(3, liquidation_cascade_score_contribution{base="BTC", side="long"})',
    ),
    Example("Coins for which the level is unknown now", "liquidation_cascade_level == -1"),
    Example(
        "Exchanges that are enabled and not live",
        "liquidation_exchange_configured == 1 unless liquidation_exchange_up == 1",
    ),
    Example(
        "Seconds of the last hour that an exchange was not seen and that nobody could fill",
        "increase(liquidation_exchange_gap_seconds_total[1h])\n"
        "- increase(liquidation_exchange_filled_gap_seconds_total[1h])",
    ),
    Example(
        "Seconds since the control stream last proved that a feed delivers",
        "time() - liquidation_exchange_last_control_timestamp_seconds",
    ),
    Example("Records that a store lacks", "liquidation_store_lag_events"),
    Example(
        "99 % of events are on the disk within",
        "histogram_quantile(0.99, sum by (le) (rate(liquidation_commit_seconds_bucket[5m])))",
    ),
    Example(
        "Whether every source shows the journal's figures", 'max(liquidation_check_verdict{verdict="differs"}) == 0'
    ),
)
