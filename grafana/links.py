"""Links from a figure to the board that shows what is behind it, for the same time range."""

_LIVE = "/d/liq-live?${__url_time_range}&var-exchange="
_TITLE = "Its newest liquidations"

EVENTS_OF_SERIES = (_TITLE, f"{_LIVE}${{__field.labels.exchange}}")
"""From a series of an exchange."""
EVENTS_OF_ROW = (_TITLE, f"{_LIVE}${{__data.fields.Exchange}}")
"""From a row of a table with the column Exchange."""
EVENTS_OF_ROW_AND_COIN = (f"{_TITLE} of $coin", f"{_LIVE}${{__data.fields.Exchange}}&var-coins=$coin")
"""The same on a board with a chosen coin."""
