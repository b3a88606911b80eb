"""The families of the cascade signals: scores, levels, episodes, the market, and what the exchanges have in common."""

from exporter.metrics.family import Family

_SIDE = ("base", "side")
_PAIR = ("exchange_a", "exchange_b", "side")

_POSITIONS = "side is that of the liquidated position."
_SHOWN = "Main coins always, others while they are at a level or have windows. " + _POSITIONS
_UNKNOWN = "absent while unknown, because too few of the feeds are up."
_LEVELS = "-1 unknown, 0 none, 1 watch, 2 warning, 3 critical; a level of 1 or more is held while coverage is lost."

CASCADES = (
    Family(
        "liquidation_cascade_risk_score",
        "gauge",
        f"Risk that a liquidation cascade is running, 0 to 100; {_UNKNOWN} {_SHOWN}",
        _SIDE,
    ),
    Family("liquidation_cascade_level", "gauge", f"Level of the score: {_LEVELS} {_SHOWN}", _SIDE),
    Family(
        "liquidation_cascade_score_contribution",
        "gauge",
        "What a component adds to the logit of the score beyond an ordinary minute, before the gates; "
        f"{_UNKNOWN} {_SHOWN}",
        ("base", "side", "component"),
    ),
    Family(
        "liquidation_cascade_branching_ratio",
        "gauge",
        f"How many further liquidations one liquidation sets off, 0 to 1; {_UNKNOWN} {_SHOWN}",
        _SIDE,
    ),
    Family("liquidation_cascade_active", "gauge", f"1 while an episode is open, 0 otherwise. {_SHOWN}", _SIDE),
    Family(
        "liquidation_cascade_episode_notional_usd",
        "gauge",
        f"Value of the open episode's liquidations so far in USD, 0 without one. {_SHOWN}",
        _SIDE,
        "usd",
    ),
    Family(
        "liquidation_cascade_episode_events",
        "gauge",
        f"Liquidations of the open episode so far, 0 without one. {_SHOWN}",
        _SIDE,
    ),
    Family(
        "liquidation_cascade_episode_start_timestamp_seconds",
        "gauge",
        f"Unix time of the open episode's first liquidation; absent without one. {_SHOWN}",
        _SIDE,
        "seconds",
    ),
    Family(
        "liquidation_cascade_episode_max_score",
        "gauge",
        f"Highest score of the open episode so far, 0 to 100; absent without one. {_SHOWN}",
        _SIDE,
    ),
    Family(
        "liquidation_cascade_episode_contribution",
        "gauge",
        "What a component added to the logit of the score when that was the highest of the open episode; absent "
        f"without one. {_SHOWN}",
        ("base", "side", "component"),
    ),
    Family(
        "liquidation_cascades_total",
        "counter",
        "Cascades that are over, under the highest level they reached, warning or critical. Main coins always, others "
        f"once they have had one; {_POSITIONS}",
        ("base", "side", "level"),
    ),
    Family(
        "liquidation_cascade_coverage_ratio",
        "gauge",
        "Share of the coin's ordinary USD whose exchanges are up, 0 to 1. Main coins always, others while they are at "
        "a level or have windows.",
        ("base",),
        "ratio",
    ),
    Family(
        "liquidation_cascade_warmup",
        "gauge",
        "1 while it is still being learned what is ordinary for the coin, and its level is held down; 0 after that.",
        ("base",),
    ),
    Family(
        "liquidation_large_prints_total",
        "counter",
        "Single liquidations of at least the coin's floor (signals.floor_usd). Main coins always, others once they "
        f"have had one; {_POSITIONS}",
        ("exchange", "base", "side"),
    ),
)

MARKET_WIDE = (
    Family(
        "liquidation_market_cascade_risk_score",
        "gauge",
        f"Risk that a cascade is running in the market as a whole, 0 to 100; {_UNKNOWN} {_POSITIONS}",
        ("side",),
    ),
    Family(
        "liquidation_market_cascade_level",
        "gauge",
        f"Level of the market, by its score and by how many coins cascade: {_LEVELS} {_POSITIONS}",
        ("side",),
    ),
    Family(
        "liquidation_market_cascade_active",
        "gauge",
        f"1 while an episode of the market is open, 0 otherwise; {_POSITIONS}",
        ("side",),
    ),
    Family(
        "liquidation_market_cascade_episode_notional_usd",
        "gauge",
        f"Value of the market's open episode so far in USD, 0 without one; {_POSITIONS}",
        ("side",),
        "usd",
    ),
    Family(
        "liquidation_market_cascade_episode_max_score",
        "gauge",
        f"Highest score of the market's open episode so far, 0 to 100; absent without one; {_POSITIONS}",
        ("side",),
    ),
    Family(
        "liquidation_stress_ratio",
        "gauge",
        "Share of the last 30 days in which the last 1h or 24h held fewer USD; absent before a day was seen and while "
        f"unknown; {_POSITIONS}",
        ("side", "window"),
        "ratio",
    ),
    Family(
        "liquidation_exchange_correlation",
        "gauge",
        f"Correlation of two exchanges' USD per minute over about an hour, -1 to 1; absent before that; {_POSITIONS}",
        _PAIR,
    ),
    Family(
        "liquidation_exchange_synchrony_ratio",
        "gauge",
        "Share of two exchanges' orders that come within 2 s after one of the other, beyond what chance explains, over "
        f"about an hour; {_POSITIONS}",
        _PAIR,
        "ratio",
    ),
    Family(
        "liquidation_exchange_lead_seconds",
        "gauge",
        "By how much liquidations at exchange_a come before those at exchange_b, in seconds, negative when after; 0 "
        f"below half a second; absent while it is not significant; {_POSITIONS}",
        _PAIR,
        "seconds",
    ),
)
