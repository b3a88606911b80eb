"""What the benchmarks say of a figure."""

import pytest

from benchmarks.report import Measured, at_least, at_most, times_as_fast, times_the_cost
from benchmarks.splice import splice


@pytest.mark.parametrize(
    ("rounds", "verdict", "gross"),
    [
        ([20, 21, 22], "met", False),
        ([9, 10, 11], "floor only", False),
        ([4, 5, 6], "MISSED", False),
        ([1, 2, 3], "MISSED", True),
    ],
)
def test_a_figure_is_judged_by_its_median_and_fails_a_change_by_its_best(rounds, verdict, gross):
    row = at_least("x", "x", rounds, 8, 14)
    assert (row.verdict, row.grossly_missed) == (verdict, gross)
    inverse = at_most("x", "x", [1 / each for each in rounds], 1 / 8, 1 / 14)
    assert (inverse.verdict, inverse.grossly_missed) == (verdict, gross)


def test_as_fast_means_more_a_second_or_less_time():
    rates = times_as_fast("P8", "x", Measured("", "events/s", [200.0]), Measured("naive", "events/s", [100.0]), 1, 2)
    times = times_as_fast("P1", "x", Measured("", "µs", [1.0]), Measured("peer", "µs", [2.0]), 1, 2)
    cost = times_the_cost("P3", "x", Measured("", "µs", [1.0]), Measured("peer", "µs", [2.0]), 1, 0.5)
    assert rates.figure == times.figure == 2
    assert cost.figure == 0.5
    assert (times.ours, times.anchor) == ("1 µs", "peer 2 µs")
    assert {rates.verdict, times.verdict, cost.verdict} == {"met"}


def test_only_what_is_between_the_markers_is_replaced(tmp_path):
    document = tmp_path / "page.md"
    document.write_text("a\n<!-- one: written by x -->\nold\n<!-- end of one -->\nb\n")
    splice(document, "one", "new", "x")
    assert document.read_text() == "a\n<!-- one: written by x -->\n\nnew\n\n<!-- end of one -->\nb\n"
    with pytest.raises(ValueError, match="lacks"):
        splice(document, "two", "new", "x")
