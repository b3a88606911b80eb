from collections import Counter

from exporter.bookkeeper import Bookkeeper
from exporter.broadcast import Broadcast
from exporter.config import Config
from exporter.feeds.status import ExchangeStatus
from exporter.gaps import Gaps
from exporter.journal import Committed, JournalStatus, Stamp
from exporter.ledger import Ledger
from exporter.model import FeedChange, Record
from exporter.view import View
from tests.events import T0, liquidation


def books():
    status = ExchangeStatus("binance", ["futures"])
    ledger = Ledger(["binance"], ["BTC"], 100)
    view = View(Config(), ledger, Gaps(), JournalStatus(), newest=None, exchanges={"binance": status})
    return view, status, Bookkeeper(view, Broadcast())


def commit(*entries, duplicates=None):
    records = [Record(seq, entry.time_ms, entry) for seq, entry in enumerate(entries, 1)]
    stamps = [None if isinstance(entry, FeedChange) else Stamp(0.0, 3e-6) for entry in entries]
    return Committed(records, stamps, Counter(duplicates or {}))


def test_records_reach_ledger_gaps_and_status():
    view, status, keeper = books()
    keeper.apply(
        commit(
            liquidation(1, base_quantity=100.0, notional_usd=250.0),
            FeedChange(T0 + 2000, "binance", "futures", up=False, reason="reset"),
            liquidation(3, base="ETH", received_ms=T0 + 3000 + 61_000),
            duplicates={"binance": 4, "gone": 1},
        )
    )
    assert view.ledger.cells["binance", "*", "long"].events == 2
    assert view.ledger.last_seq == 3
    assert [level.base_quantity for level in view.levels.ladder("BTC", "long")] == [100.0]
    assert view.gaps.seconds("binance", T0 + 5000) == 3.0
    assert status.last_event_ms == T0 + 3000
    assert status.last_prices == {"BTC": 2.5}, "USD per plain unit, main coins only"
    assert (status.duplicates, status.late_events) == (4, 1)
    assert sum(status.delay.counts) == 2
    assert sum(view.processing.counts) == 2
    assert view.processing.total >= 6e-6


def test_an_older_event_does_not_set_the_last_price_back():
    _, status, keeper = books()
    keeper.apply(commit(liquidation(5, notional_usd=6000.0), liquidation(1, notional_usd=1000.0)))
    assert status.last_prices["BTC"] == 6000.0 / 0.1


def test_back_filled_events_are_counted_and_say_nothing_about_delay():
    _, status, keeper = books()
    keeper.apply(commit(liquidation(1, origin="backfill", received_ms=T0 + 3_600_000)))
    assert (status.backfilled_events, sum(status.delay.counts)) == (1, 0)


async def test_new_records_are_published_to_every_reader():
    view, _, _ = books()
    broadcast = Broadcast()
    keeper = Bookkeeper(view, broadcast)
    async with broadcast.subscribe() as one, broadcast.subscribe() as two:
        keeper.apply(commit(liquidation(1)))
        assert one.get_nowait() == two.get_nowait()
        for _ in range(300):
            keeper.apply(commit(liquidation(1)))
        assert one.qsize() <= 200, "a reader that does not read holds no memory"
