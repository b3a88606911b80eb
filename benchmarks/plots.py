"""The goals as a picture: every ratio with the spread of its rounds, over its floor."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "liquidations"

from matplotlib import pyplot as plt  # noqa: E402 - the kind of output has to be chosen first

from benchmarks.report import Row  # noqa: E402 - as above
from benchmarks.results import Section  # noqa: E402 - as above

IMAGES = Path(__file__).parents[1] / "docs" / "images"
TICKS = (0.25, 0.5, 1, 2, 4, 8)
COLOURS = {"met": "#2a9d5c", "floor only": "#d99a1c", "MISSED": "#c8402f"}


def draw(sections: Mapping[str, Section]) -> None:
    """Draw the ratios of all sections; 1 is the floor, whatever its unit, and more is better."""
    rows = [row for section in sections.values() for row in section.rows if row.anchor and row.floor]
    figure, axes = plt.subplots(figsize=(9, 0.42 * len(rows) + 1.2), layout="constrained")
    for place, row in enumerate(reversed(rows)):
        middle, *ends = (over_floor(row, value) for value in (row.figure, row.low, row.high))
        axes.plot([min(ends), max(ends)], [place, place], color=COLOURS[row.verdict], linewidth=2, alpha=0.5)
        axes.plot(middle, place, "o", color=COLOURS[row.verdict])
        if row.target:
            axes.plot(over_floor(row, row.target), place, "|", color="#555555", markersize=14)
    axes.axvline(1.0, color="#555555", linewidth=1)
    axes.set_xscale("log")
    axes.set_xticks(TICKS, [f"{tick:g}x" for tick in TICKS])
    axes.minorticks_off()
    axes.set_yticks(range(len(rows)), [f"{row.goal} {row.what}" for row in reversed(rows)], fontsize=8)
    axes.set_xlabel("measured over floor (median, lowest and highest round; | is the target)")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(IMAGES / "performance-goals.svg", metadata={"Date": None})
    plt.close(figure)


def over_floor(row: Row, value: float) -> float:
    """Return how many times as good as the floor a value is."""
    assert row.floor
    return value / row.floor if row.sense == "at least" else row.floor / value
