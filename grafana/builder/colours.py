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
SERIOUS = "#d07aa8"
"""Between the two: the second of three levels."""
BAD = "#c2387a"
UNKNOWN = "#7d8794"

SERIES = "palette-classic-by-name"
"""A series has the same colour wherever its name stands."""
LINES = ("#d55e00", "#56b4e9", "#009e73", "#e69f00", "#cc79a7", "#0072b2")
"""Okabe and Ito's colours but for yellow and black, each of which is lost on one of the two grounds."""
STROKES = (
    ("", {"fill": "solid"}),
    ("╌", {"dash": [10, 6], "fill": "dash"}),
    ("┈", {"dash": [1, 6], "fill": "dot"}),
)
"""Kinds of lines, each with a sign that looks like it."""
