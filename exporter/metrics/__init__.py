"""The metrics: every family once in the catalogue, and the page that shows them."""

from exporter.metrics.catalogue import FAMILIES, Family
from exporter.metrics.exposition import Exposition

__all__ = ["FAMILIES", "Exposition", "Family"]
