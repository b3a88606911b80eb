"""The pictures in docs/images: recall against false alarms, and an episode second by second."""

from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.cascade_lab.comparison import NAIVE
from benchmarks.cascade_lab.detector import SIDES
from benchmarks.cascade_lab.episode import Shown
from benchmarks.cascade_lab.laboratory import CURVE_MOST, Results
from benchmarks.cascade_lab.symbolweek import CUSUM, SCAN, SCORE
from exporter.signals.parameters import Parameters

IMAGES = Path(__file__).parents[2] / "docs" / "images"
COLOURS = {
    SCORE: "#c2410c",
    SCAN: "#7c3aed",
    CUSUM: "#0f766e",
    NAIVE[0]: "#1d4ed8",
    NAIVE[1]: "#60a5fa",
    NAIVE[2]: "#0ea5e9",
}
LEVEL_COLOURS = {1: "#fde68a", 2: "#fdba74", 3: "#fca5a5"}
LEVEL_NAMES = {1: "watch", 2: "warning", 3: "critical"}
STYLE: dict[Any, object] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#6b7280",
    "axes.grid": True,
    "grid.color": "#e5e7eb",
    "grid.linewidth": 0.6,
    "svg.hashsalt": "cascade-lab",
    "savefig.facecolor": "white",
}


def draw(results: Results, shown: Shown, parameters: Parameters) -> None:
    """Draw all pictures."""
    mpl.use("Agg")
    with mpl.rc_context(STYLE):
        save(recall(results), "cascade-recall.svg")
        save(episode(shown, parameters), "cascade-episode.svg")


def save(figure: Figure, name: str) -> None:
    """Write a picture that only changes when its content does."""
    figure.savefig(IMAGES / name, metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)


def recall(results: Results) -> Figure:
    """Draw recall against false alarms for each detector, and the levels of the engine as points."""
    figure, axes = plt.subplots(figsize=(8.4, 4.6))
    for name, points in results.curves.items():
        shown = [(max(false, 0.01), hit) for false, hit in points]
        axes.plot(*zip(*shown, strict=True), color=COLOURS.get(name, "#9ca3af"), lw=2.4 if name == SCORE else 1.4,
                  ls="-" if name in COLOURS else ":")  # fmt: skip
        axes.annotate(name, shown[-1], xytext=(5, 0), textcoords="offset points", va="center",
                      color=COLOURS.get(name, "#6b7280"), fontsize=8)  # fmt: skip
    for name, (_, result) in results.levels.items():
        at = (max(result.false_per_week, 0.01), result.recall)
        axes.plot(*at, "o", color=COLOURS[SCORE], ms=6)
        axes.annotate(name, at, xytext=(-4, 7), textcoords="offset points", ha="right", fontweight="bold",
                      color=COLOURS[SCORE])  # fmt: skip
    axes.set(xscale="log", xlim=(0.01, CURVE_MOST), ylim=(0, 1), xlabel="false alarms per symbol-week",
             ylabel="share of the cascades found")  # fmt: skip
    axes.set_xticks([0.01, 0.05, 0.2, 1, 5], ["≤ 0.01", "0.05", "0.2", "1", "5"])
    axes.minorticks_off()
    axes.set_title(f"{results.plan.test} test symbol-weeks with 3 to 12 exchanges", loc="left", fontsize=10)
    return figure


def episode(shown: Shown, parameters: Parameters) -> Figure:
    """Draw an episode: price, USD per second, score and level, with the moments that matter."""
    start = shown.cascade.start
    times = [second.at - start for second in shown.seconds]
    figure, (price, usd, score) = plt.subplots(3, 1, figsize=(8.4, 6.4), sharex=True, height_ratios=[2, 2, 3])
    price.plot(times, [second.price for second in shown.seconds], color="#374151", lw=1)
    price.set_ylabel("price")
    usd.bar(times, [second.true_usd / 1e3 for second in shown.seconds], width=1, color="#d1d5db", label="liquidated")
    usd.bar(times, [second.usd / 1e3 for second in shown.seconds], width=1, color="#c2410c", label="shown by the feeds")
    usd.set_ylabel("thousand USD / s")
    usd.legend(frameon=False, loc="upper right")
    draw_score(score, times, shown, parameters)
    for axes in (price, usd, score):
        axes.axvline(0, color="#6b7280", lw=0.8, ls="--")
        axes.axvline(shown.cascade.eligible - start, color="#111827", lw=0.8, ls="-.")
    label(price, 0.0, "first order", "right")
    label(price, shown.cascade.eligible - start, "meets the definition", "left")
    side, size, day = SIDES[shown.cascade.side], shown.cascade.usd / 1e6, shown.stream.mean_day / 1e6
    title = (
        f"A simulated {side} cascade: {size:.1f} M USD in {shown.cascade.events:,} orders; a mean day has {day:.0f} M"
    )
    price.set_title(title, loc="left", fontsize=10)
    return figure


def label(axes: Axes, at: float, text: str, align: Literal["left", "right"]) -> None:
    """Name a vertical line at its top."""
    axes.annotate(text, (at, 1), xycoords=("data", "axes fraction"), xytext=(3 if align == "left" else -3, -2),
                  textcoords="offset points", ha=align, va="top", fontsize=8)  # fmt: skip


def draw_score(axes: Axes, times: list[float], shown: Shown, parameters: Parameters) -> None:
    """Draw the score over bands in the colour of the level."""
    scores = [second.reading.score if second.reading.score is not None else float("nan") for second in shown.seconds]
    levels = [second.reading.level for second in shown.seconds]
    for level, colour in LEVEL_COLOURS.items():
        axes.fill_between(times, 0, 100, where=[each == level for each in levels], color=colour, step="post", lw=0,
                          label=LEVEL_NAMES[level])  # fmt: skip
        enter = getattr(parameters.levels, LEVEL_NAMES[level]).enter
        axes.axhline(enter, color="#6b7280", lw=0.6, ls=":")
    axes.plot(times, scores, color="#111827", lw=1.4, label="score")
    axes.set(
        ylim=(0, 100), ylabel="score and level", xlabel="seconds since the first order", xlim=(times[0], times[-1])
    )
    axes.legend(frameon=True, framealpha=0.9, edgecolor="none", loc="upper right", ncols=4)
