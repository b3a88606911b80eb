"""The laboratory of the cascade detector: simulated markets with a known truth, rival rules, the fit, the tables."""
