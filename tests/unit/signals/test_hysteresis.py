import pytest

from exporter.signals.hysteresis import Hysteresis, entered, exit_score
from exporter.signals.parameters import Levels, Threshold

LEVELS = Levels(
    watch=Threshold(enter=40.0, exit=30.0),
    warning=Threshold(enter=51.0, exit=40.0),
    critical=Threshold(enter=73.0, exit=60.0),
)
DWELL_MS = 30_000.0


def at(level):
    hysteresis = Hysteresis()
    hysteresis.step(level, False, 0, DWELL_MS)
    return hysteresis


@pytest.mark.parametrize(("score", "level"), [(0, 0), (39.9, 0), (40, 1), (51, 2), (72.9, 2), (73, 3), (100, 3)])
def test_a_level_begins_at_its_entry(score, level):
    assert entered(score, LEVELS) == level


def test_a_level_may_end_below_its_exit():
    assert [exit_score(level, LEVELS) for level in (1, 2, 3)] == [30.0, 40.0, 60.0]


def test_it_rises_at_once_and_over_several_levels():
    hysteresis = Hysteresis()
    assert hysteresis.step(3, False, 0, DWELL_MS)
    assert hysteresis.level == 3


def test_it_falls_one_level_at_a_time_after_the_dwell():
    hysteresis = at(3)
    falls = [
        (second, hysteresis.level) for second in range(1, 200) if hysteresis.step(0, False, second * 1000, DWELL_MS)
    ]
    assert falls == [(31, 2), (61, 1), (91, 0)]


def test_one_moment_above_the_exit_starts_the_dwell_anew():
    hysteresis = at(2)
    hysteresis.step(0, False, 1_000, DWELL_MS)
    hysteresis.step(0, True, 29_000, DWELL_MS)
    assert not hysteresis.step(0, False, 32_000, DWELL_MS)
    assert hysteresis.step(0, False, 62_000, DWELL_MS)


def test_at_rest_nothing_changes():
    assert not Hysteresis().step(0, False, 1_000_000, DWELL_MS)
