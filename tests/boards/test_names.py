"""What the structure rules read out of a query."""

import pytest

from tests.boards.names import metrics, outside_rate, ranges


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('sum by (exchange, side) (a_total{x="by (b_total)", y=~"c|d"})', {"a_total"}),
        ("60 * -sum(rate(a_total[$__rate_interval])) / on (window) group_left () (b or vector(1e6))", {"a_total", "b"}),
        ('liquidation_window_$by{window="$window"}', {"liquidation_window_notional_usd", "liquidation_window_events"}),
        ("liquidation_${by}_total > bool 3", {"liquidation_notional_usd_total", "liquidation_events_total"}),
        ('label_replace(time() - max(a_seconds) unless b == Inf, "x", "y", "", "")', {"a_seconds", "b"}),
        ("a offset 5m and b @ end()", {"a", "b"}),
    ],
)
def test_metrics(text, found):
    assert metrics(text) == found


def test_what_is_in_no_rate():
    text = "sum(rate(a_total[5m])) + increase(b_total[$__range]) + c_total / max(irate((d_total)[1m:5s]))"
    assert outside_rate(text) == {"c_total"}


def test_ranges():
    assert ranges('rate(a{b=~"[0-9]"}[5m]) + increase(c[$__range])') == {"5m", "$__range"}
