"""The metrics: every family once in the catalogue, and the page that shows them."""

from exporter.metrics.catalogue import FAMILIES
from exporter.metrics.exposition import Exposition
from exporter.metrics.family import Family

__all__ = ["FAMILIES", "Exposition", "Family"]
