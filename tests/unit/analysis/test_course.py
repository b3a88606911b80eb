import msgspec

from exporter.analysis import Course, sampling
from exporter.exchanges import REGISTRY
from exporter.model import FILLED, FeedChange, Record
from tests.events import T0, liquidation
from tests.unit.analysis.market import EAGER, MINUTE_MS, feed


def course(*entries):
    """A course that took the entries, each at its own time or at that of the one before."""
    run = Course.blank(EAGER)
    applied_ms = 0
    for number, entry in enumerate(entries, 1):
        applied_ms = max(applied_ms, entry.time_ms)
        run.apply(Record(number, applied_ms, entry))
    return run


def filled(exchange, time_ms, line="futures"):
    return FeedChange(time_ms, exchange, line, up=True, reason=FILLED)


def test_a_filled_outage_turns_no_feed_up():
    down = [feed("okx", True, T0), feed("okx", False, T0 + 2000)]
    assert course(*down).engine.coverage("BTC") == 0.0
    assert course(*down, filled("okx", T0 + 2000)).engine.coverage("BTC") == 0.0
    assert course(*down, feed("okx", True, T0 + 2500)).engine.coverage("BTC") == 1.0, "else nothing could turn it up"


def test_a_filled_outage_leaves_no_trace_at_all():
    entries = [feed("okx", True, T0), feed("okx", False, T0 + 2000), feed("okx", True, T0 + 3000)]
    with_filled, without = course(*entries), course(*entries)
    with_filled.apply(Record(4, T0 + 5000, filled("okx", T0 + 2000)))
    assert with_filled.engine.snapshot() == without.engine.snapshot()
    assert with_filled.seq == 4


def test_what_was_filled_late_is_not_shown_to_the_engine():
    up = [feed("okx", True, T0)]
    now = T0 + 10 * MINUTE_MS
    event = liquidation(exchange="okx", base="BTC", time_ms=now - MINUTE_MS - 1, received_ms=now, origin="backfill")
    assert course(*up, event).engine.bases() == []
    in_time = msgspec.structs.replace(event, time_ms=now - MINUTE_MS)
    assert in_time.received_ms - in_time.time_ms == MINUTE_MS
    fresh = course(*up)
    fresh.apply(Record(2, in_time.time_ms, in_time))
    assert fresh.engine.bases() == ["BTC"]


def test_exchanges_that_no_record_names_are_not_missed():
    assert course(feed("bybit", True, T0)).engine.coverage("BTC") == 1.0
    assert course(feed("bybit", True, T0), feed("okx", False, T0)).engine.coverage("BTC") == 0.5


def test_the_order_in_which_exchanges_join_does_not_matter():
    names = list(REGISTRY)
    there, back = (course(*(feed(name, True, T0) for name in order)) for order in (names, names[::-1]))
    assert there.engine.snapshot() == back.engine.snapshot()


def test_what_an_exchange_publishes_comes_from_its_capability_record():
    for name, exchange in REGISTRY.items():
        expected = {"full": "full", "unspecified": "unknown"}.get(exchange.capability.completeness, "sampled")
        assert sampling(name) == expected
