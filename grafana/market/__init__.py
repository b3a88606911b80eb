"""What was liquidated within the windows: of all coins, of a coin, of an exchange; boards put these panels together."""

BY = "$by"
"""The figure that shares, ratio, imbalance, sentiment and dominance refer to: `notional_usd` or `events`."""
SAMPLE_NOTE = "A feed that publishes a sample or a part shows less than was liquidated there."
STAR_NOTE = "* publishes a sample or a part: more was liquidated there."
"""What the star means that `queries.marked` puts behind a name."""
