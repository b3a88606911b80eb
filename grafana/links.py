"""Links from a figure to the board that shows what is behind it, for the same time range."""

COIN_OF_ROW = ("Everything about this coin", "/d/liq-coin?${__url_time_range}&var-coin=${__data.fields.Coin}")
"""From a row of a table with the column Coin."""
EXCHANGE_OF_ROW = (
    "Everything about this exchange",
    "/d/liq-exchange?${__url_time_range}&var-venue=${__data.fields.Exchange}",
)
"""From a row of a table with the column Exchange."""
EXCHANGE_OF_SERIES = (
    "Everything about this exchange",
    "/d/liq-exchange?${__url_time_range}&var-venue=${__field.labels.exchange}",
)
"""From a series of an exchange."""

ALERTS_OF_NUMBER = ("What fires", "/d/liq-alerts?${__url_time_range}")
"""From the number of alerts."""

_LIVE = "/d/liq-live?${__url_time_range}&var-exchange="
_TITLE = "Its newest liquidations"

EVENTS_OF_SERIES = (_TITLE, f"{_LIVE}${{__field.labels.exchange}}")
"""From a series of an exchange."""
EVENTS_OF_ROW = (_TITLE, f"{_LIVE}${{__data.fields.Exchange}}")
"""From a row of a table with the column Exchange."""
EVENTS_OF_ROW_AND_COIN = (f"{_TITLE} of $coin", f"{_LIVE}${{__data.fields.Exchange}}&var-coins=$coin")
"""The same on a board with a chosen coin."""
