"""Fits weights, levels and the calm reference on train weeks and writes them where the engine has them."""

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from benchmarks.cascade_lab.evaluation import Week, threshold_for
from benchmarks.cascade_lab.fit import calm_of, shifted, weights_of
from benchmarks.cascade_lab.symbolweek import SCORE, Done, logit, score_of
from exporter.signals import parameters as module
from exporter.signals.parameters import Levels, Parameters, Threshold, Weights

FALSE_PER_WEEK = {"watch": 2.5, "warning": 0.8, "critical": 0.04}
"""False alarms per symbol-week on train weeks that choose the levels; below the targets, because they vary by seed."""
WATCH_AT = 40.0
"""The intercept is shifted so that watch begins here, just above what closed gates allow."""
EXIT_BELOW = 0.45
"""A level may end this far below its beginning, in the logit: 40 falls to 30, 50 to 39."""
ROUNDS = 2
"""The context baseline stands still during an episode, so that the terms depend a little on the levels: fit again."""


class Fitted(msgspec.Struct, frozen=True):
    """The fitted parameters, and how many samples in and out of cascades they rest on."""

    parameters: Parameters
    positive: int
    negative: int
    train: list[Week]


def fitted(parameters: Parameters, run: Callable[[str, Parameters], list[Done]]) -> Fitted:
    """Fit, run the engine with the result, and fit once more."""
    positive = negative = 0
    weeks: list[Week] = []
    for turn in range(1, ROUNDS + 1):
        done = run(f"train weeks, round {turn}", parameters)
        weights, positive, negative = weights_of(done)
        weeks = [valued(one, weights) for one in done]
        parameters = with_levels(msgspec.structs.replace(parameters, weights=weights, calm=calm_of(done)), weeks)
    return Fitted(parameters, positive, negative, weeks)


def valued(done: Done, weights: Weights) -> Week:
    """Return the week with the logits that these weights give."""
    logits = tuple([(at, logit(terms, weights)) for at, terms in side] for side in done.samples)
    return msgspec.structs.replace(done.week, points=done.week.points | {SCORE: (logits[0], logits[1])})


def with_levels(parameters: Parameters, weeks: Sequence[Week]) -> Parameters:
    """Return the parameters with levels for the wanted false alarms and the intercept that puts watch at its score."""
    logits = {name: threshold_for(weeks, SCORE, allowed) for name, allowed in FALSE_PER_WEEK.items()}
    shift = math.log(WATCH_AT / (100.0 - WATCH_AT)) - logits["watch"]
    thresholds = {name: level_at(x + shift) for name, x in logits.items()}
    return msgspec.structs.replace(
        parameters,
        weights=rounded(shifted(parameters.weights, shift)),
        levels=Levels(**thresholds, dwell_s=parameters.levels.dwell_s),
    )


def level_at(x: float) -> Threshold:
    """Return a level that begins at a logit, in whole points."""
    return Threshold(enter=float(round(score_of(x))), exit=float(round(score_of(x - EXIT_BELOW))))


def rounded(weights: Weights) -> Weights:
    """Return the weights with three decimals, as the file has them."""
    return Weights(**{name: round(value, 3) for name, value in msgspec.structs.asdict(weights).items()})


def write(parameters: Parameters) -> Path:
    """Write the fitted numbers into the file that defines the engine's defaults; return its path."""
    path = Path(module.__file__)
    path.write_text(written(path.read_text(encoding="utf-8"), parameters), encoding="utf-8")
    return path


def written(text: str, parameters: Parameters) -> str:
    """Return the source with the fitted numbers as defaults and everything else as it was."""
    for section in (parameters.weights, parameters.calm):
        for name, value in msgspec.structs.asdict(section).items():
            text = replaced(text, type(section).__name__, rf"    {name}: \w+ = ", f"{value:.3f}")
    for name in FALSE_PER_WEEK:
        level: Threshold = getattr(parameters.levels, name)
        default = f"Threshold(enter={level.enter}, exit={level.exit})"
        text = replaced(text, "Levels", rf"    {name}: \w+ = ", default)
    return text


def replaced(text: str, section: str, left: str, right: str) -> str:
    """Replace a default of a section; raises `ValueError` where it does not stand once."""
    pattern = rf"(class {section}\(.*?\n{left})(?:-?[\d.]+|Threshold\([^)]*\))"
    result, count = re.subn(pattern, lambda match: match[1] + right, text, count=1, flags=re.DOTALL)
    if count != 1:
        raise ValueError(f"{section} has no default {left.strip()!r}")
    return result
