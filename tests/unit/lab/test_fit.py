import math
from pathlib import Path
from random import Random

import numpy as np
import pytest

from benchmarks.cascade_lab import fitting
from benchmarks.cascade_lab.fit import LEFT_OUT_AFTER, label_of, logistic
from benchmarks.cascade_lab.fitting import level_at, replaced
from benchmarks.cascade_lab.truth import Cascade, Neutral, Truth
from exporter.signals.parameters import Levels, Parameters, Threshold, Weights


def test_the_regression_finds_the_weights_that_made_the_data():
    rng = Random(1)
    features = [(rng.gauss(3.0, 2.0), rng.gauss(-1.0, 0.5)) for _ in range(20_000)]
    chances = [1 / (1 + math.exp(-(-2.0 + 0.8 * first - 1.5 * second))) for first, second in features]
    wanted = [float(rng.random() < chance) for chance in chances]
    solution = logistic(np.array(features), np.array(wanted))
    assert list(solution) == pytest.approx([-2.0, 0.8, -1.5], abs=0.1)


def test_what_teaches_what():
    cascade = Cascade(side=0, start=100.0, end=200.0, eligible=120.0, usd=1e6, days=0.2, events=50)
    natural, small = Neutral(0, 1000.0, 1100.0, natural=True), Neutral(0, 2000.0, 2100.0, natural=False)
    truth = Truth([cascade], [natural, small])
    assert label_of(truth, 0, 150.0) is True
    assert label_of(truth, 0, 1050.0) is True
    assert label_of(truth, 0, 200.0 + LEFT_OUT_AFTER) is None
    assert label_of(truth, 0, 2050.0) is None
    assert label_of(truth, 0, 500.0) is False
    assert label_of(truth, 1, 150.0) is False


def test_levels_are_whole_points_with_an_exit_below():
    assert level_at(0.0) == Threshold(enter=50.0, exit=39.0)


def test_the_fit_becomes_the_defaults_of_the_engine():
    wanted = Parameters(
        weights=Weights(**dict.fromkeys(Weights.__struct_fields__, -1.25)),
        levels=Levels(warning=Threshold(enter=61.0, exit=45.0)),
    )
    text = fitting.written(Path(fitting.module.__file__).read_text(), wanted)
    names = {"__name__": "written"}
    exec(text, names)
    written = names["Parameters"]()
    assert [getattr(written.weights, name) for name in Weights.__struct_fields__] == [-1.25] * 10
    assert (written.levels.warning.enter, written.levels.warning.exit) == (61.0, 45.0)
    assert written.levels.critical.enter == Parameters().levels.critical.enter


def test_a_default_that_is_not_there_is_an_error():
    with pytest.raises(ValueError, match="no default"):
        replaced("class Weights(Section):\n    scan: float = 1.0\n", "Weights", "    other: float = ", "2")
