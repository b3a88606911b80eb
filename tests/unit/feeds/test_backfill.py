"""What is asked for together; the asking itself is in tests/integration/test_backfill.py."""

from exporter.exchanges.base import Span
from exporter.feeds.backfill import NEAR_MS, TOGETHER_MS, Job

MINUTE = 60_000


def job(*bounds, last=True):
    return Job("all", [Span(*each) for each in bounds], 0.0, last)


def test_a_feed_that_flaps_makes_one_question():
    assert job((0, 1000)).takes("all", Span(2000, 3000), last=True)
    assert job((0, 1000), (2000, 3000)).span == Span(0, 3000)


def test_outages_of_another_feed_or_pass_are_asked_for_apart():
    assert not job((0, 1000)).takes("other", Span(2000, 3000), last=True)
    assert not job((0, 1000)).takes("all", Span(2000, 3000), last=False)


def test_outages_far_apart_or_too_long_together_are_asked_for_apart():
    assert not job((0, 1000)).takes("all", Span(1000 + NEAR_MS, 5 * MINUTE), last=True)
    assert not job((0, 9 * MINUTE)).takes("all", Span(9 * MINUTE + 1, TOGETHER_MS), last=True)
