"""The cascade signals, as `liquidation_cascade_*` and the history have them; boards put these panels together."""
