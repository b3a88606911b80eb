"""What was liquidated within the windows: of all coins, of a coin, of an exchange; boards put these panels together."""

BY = "$by"
"""The figure that shares, ratio, imbalance, sentiment and dominance refer to: `notional_usd` or `events`."""
SAMPLE_NOTE = "A feed that publishes a sample shows less than was liquidated there."
