import pytest

from exporter.metrics import Exposition
from exporter.stores import StoreState
from tests.unit.metrics.filled import NOW_MS, attach, empty_view
from tests.unit.metrics.parsed import values


def page(view):
    return values(Exposition(view).render(None, NOW_MS)[0])


def test_only_configured_stores_are_shown():
    assert not [series for series in page(empty_view()) if series.startswith("liquidation_store_")]


@pytest.mark.parametrize(
    ("state", "up", "leader"),
    [
        (StoreState.CONNECTING, 0, 0),
        (StoreState.FOLLOWING, 1, 1),
        (StoreState.STANDBY, 1, 0),
        (StoreState.DOWN, 0, 0),
        (StoreState.FAULT, 0, 0),
    ],
)
def test_up_and_leader(state, up, leader):
    view = empty_view()
    attach(view, "redis", state)
    shown = page(view)
    assert shown['liquidation_store_up{store="redis"}'] == up
    assert shown['liquidation_store_leader{store="redis"}'] == leader
    assert shown['liquidation_store_lag_events{store="redis"}'] == 17
    assert shown['liquidation_store_failures_total{store="redis"}'] == 3
    assert shown['liquidation_store_write_seconds_count{store="redis"}'] == 3


def test_a_store_that_never_answered_has_no_time_of_success():
    view = empty_view()
    attach(view, "redis").last_success_ms = 0
    shown = page(view)
    assert not [series for series in shown if series.startswith("liquidation_store_last_success")]
