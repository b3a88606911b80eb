"""The families of the market: what was liquidated, in all and within the windows, prices and sentiment."""

from exporter.metrics.family import Family

_SIDE = ("exchange", "side")
_BASE = ("exchange", "base", "side")
_WINDOW = ("exchange", "side", "window")
_BASE_WINDOW = ("exchange", "base", "side", "window")
_PRICE = ("exchange", "base")

_POSITIONS = "side is that of the liquidated position."
_EXACT = "Exact, by exchange time, up to the running minute; " + _POSITIONS
_CHOSEN = (
    "Main coins always; besides them those with the most USD in 24 hours, up to metrics.window_bases coins in all, "
    "with rows for the exchanges and sides that have had one. " + _EXACT
)

TOTALS = (
    Family(
        "liquidation_events_total",
        "counter",
        f"Liquidations committed to the journal since the first start; {_POSITIONS}",
        _SIDE,
    ),
    Family(
        "liquidation_notional_usd_total",
        "counter",
        f"Value of the liquidations in USD, each at its own price, since the first start; {_POSITIONS}",
        _SIDE,
        "usd",
    ),
    Family(
        "liquidation_size_usd",
        "histogram",
        f"Size of single liquidations in USD since the first start; {_POSITIONS}",
        _SIDE,
        "usd",
    ),
    Family(
        "liquidation_largest_usd",
        "gauge",
        f"Largest single liquidation in USD since the first start, 0 without any; {_POSITIONS}",
        _SIDE,
        "usd",
    ),
    Family(
        "liquidation_first_event_timestamp_seconds",
        "gauge",
        "Unix time, by the exchange's clock, of the exchange's first liquidation, from which rates of all time count; "
        "absent until there was one.",
        ("exchange",),
        "seconds",
    ),
    Family(
        "liquidation_asset_events_total",
        "counter",
        f"Liquidations of one coin since the first start; base is other for coins beyond the cap; {_POSITIONS}",
        _BASE,
    ),
    Family(
        "liquidation_asset_notional_usd_total",
        "counter",
        "Value of one coin's liquidations in USD since the first start; base is other for coins beyond the cap; "
        + _POSITIONS,
        _BASE,
        "usd",
    ),
    Family(
        "liquidation_asset_quantity_total",
        "counter",
        f"Liquidated amount of one coin in units of that coin since the first start; {_POSITIONS}",
        _BASE,
    ),
    Family(
        "liquidation_asset_first_event_timestamp_seconds",
        "gauge",
        "Unix time, by the exchanges' clocks, of the first liquidation of one coin, from which its rates of all time "
        "count; absent until there was one; base is other for coins beyond the cap.",
        ("base",),
        "seconds",
    ),
)

WINDOWS = (
    Family("liquidation_window_events", "gauge", f"Liquidations within the window. {_EXACT}", _WINDOW),
    Family(
        "liquidation_window_notional_usd",
        "gauge",
        f"Value in USD of the liquidations within the window. {_EXACT}",
        _WINDOW,
        "usd",
    ),
    Family(
        "liquidation_window_largest_usd",
        "gauge",
        f"Largest single liquidation within the window in USD, 0 without any. {_EXACT}",
        _WINDOW,
        "usd",
    ),
    Family(
        "liquidation_asset_window_events",
        "gauge",
        f"Liquidations of one coin within the window. {_CHOSEN}",
        _BASE_WINDOW,
    ),
    Family(
        "liquidation_asset_window_notional_usd",
        "gauge",
        f"Value in USD of one coin's liquidations within the window. {_CHOSEN}",
        _BASE_WINDOW,
        "usd",
    ),
    Family(
        "liquidation_asset_window_quantity",
        "gauge",
        f"Liquidated amount of one coin within the window, in units of that coin. {_CHOSEN}",
        _BASE_WINDOW,
    ),
    Family(
        "liquidation_asset_window_largest_usd",
        "gauge",
        f"Largest single liquidation of one coin within the window in USD, 0 without any. {_CHOSEN}",
        _BASE_WINDOW,
        "usd",
    ),
)

PRICES = (
    Family(
        "liquidation_mark_price_usd",
        "gauge",
        "Mark price of a main coin in USD per unit of the coin; absent until the exchange has sent one.",
        _PRICE,
        "usd",
    ),
    Family(
        "liquidation_last_price_usd",
        "gauge",
        "Price of a main coin's newest liquidation in USD per unit of the coin; absent until there was one.",
        _PRICE,
        "usd",
    ),
)

SENTIMENT = (
    Family(
        "liquidation_sentiment_band_ratio",
        "gauge",
        "Share of longs, 0 to 1, from which the sentiment is bearish (bearish_from), and up to which it is bullish "
        "(bullish_to), as configured.",
        ("band",),
        "ratio",
    ),
)
