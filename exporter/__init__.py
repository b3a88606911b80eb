"""Prometheus exporter for crypto liquidations."""

__version__ = "0.1.0"
