"""Exchanges on localhost: their real wire protocols, scripted scenarios, known truth."""

from exporter.simulator.past import past
from exporter.simulator.report import render
from exporter.simulator.scenarios import SCENARIOS
from exporter.simulator.serve import serve
from exporter.simulator.simulator import Simulator
from exporter.simulator.truth import Comparison, compare
from exporter.simulator.truthfile import TruthEvent

__all__ = ["SCENARIOS", "Comparison", "Simulator", "TruthEvent", "compare", "past", "render", "serve"]
