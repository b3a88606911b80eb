"""Cascade detection and cross-exchange signals: pure, event time only, O(1) per event, plain floats.

`Engine` is the way in; `Parameters` is everything that can be tuned; `readings` is everything that comes out.
"""

from exporter.signals.engine import Engine
from exporter.signals.parameters import Parameters, Sampling

__all__ = ["Engine", "Parameters", "Sampling"]
