from exporter.feeds.status import State
from exporter.stores import StoreState, StoreStatus
from exporter.web.describe import is_starting
from exporter.web.health import readiness
from tests.unit.web.views import make_view


def test_ready_when_the_journal_writes_and_a_feed_is_live():
    answer = readiness(make_view())
    assert answer.ready
    assert answer.reason == ""
    assert answer.exchanges["binance"].state is State.LIVE


def test_not_ready_while_every_exchange_connects_for_the_first_time():
    view = make_view(state=None)
    assert not readiness(view).ready
    view.exchanges["bybit"].feeds["linear"].connections[0] = State.BLOCKED
    answer = readiness(view)
    assert answer.ready
    assert answer.exchanges["bybit"].ready
    assert not answer.exchanges["binance"].ready


def test_not_ready_before_any_exchange_is_there():
    view = make_view()
    view.exchanges.clear()
    assert "no exchange" in readiness(view).reason


def test_red_when_the_journal_fails_whatever_the_feeds_do():
    view = make_view()
    view.journal.up = False
    view.journal.error = "/var/lib/liq/journal.db: disk full"
    answer = readiness(view)
    assert not answer.ready
    assert answer.reason == "the journal fails: journal.db: disk full"


def test_a_store_that_is_down_is_told_and_does_not_turn_it_red():
    view = make_view()
    store = view.stores["timescale"] = StoreStatus()
    store.state, store.reason, store.lag_events = StoreState.DOWN, "connection refused", 12
    answer = readiness(view)
    assert answer.ready
    assert answer.stores["timescale"].state is StoreState.DOWN
    assert answer.stores["timescale"].reason == "connection refused"
    assert answer.stores["timescale"].lag_events == 12


def test_an_exchange_that_reconnects_is_not_starting():
    status = make_view(state=None).exchanges["binance"]
    assert is_starting(status)
    status.reconnects["refused"] += 1
    assert not is_starting(status)
    status.reconnects.clear()
    status.last_message_ms = 1
    assert not is_starting(status)
