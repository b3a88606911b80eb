"""One meaning for each colour, on every board.

The two sides are orange and blue, as on the exporter's own page: people with any common kind of colour blindness tell
them apart, on dark and on light ground. States carry a word beside their colour.
"""

LONG = "#e08a35"
"""Liquidated longs: forced selling, the market falls."""
SHORT = "#4a97db"
"""Liquidated shorts: forced buying, the market rises."""
PLAIN = "#8e9bab"
"""Neither side: totals, counts, prices."""

GOOD = "#2f9e8f"
WATCH = "#d9b43a"
BAD = "#c2387a"
UNKNOWN = "#7d8794"

EXCHANGES = "palette-classic-by-name"
"""An exchange has the same colour wherever its name stands."""
