import pytest

from exporter.exchanges.base import Liquidations, Rejected
from exporter.feeds.sink import Taken
from exporter.feeds.status import ExchangeStatus
from exporter.intake import SAMPLES_PER_MINUTE, Intake
from exporter.model import FeedChange, Instrument
from tests.events import T0, raw

BTC = Instrument("binance", "BTCUSDT", "BTC", "USDT", "USDT", "perpetual")
PEPE = Instrument("binance", "1000PEPEUSDT", "PEPE", "USDT", "USDT", "perpetual", multiplier=1000)
ETHBTC = Instrument("binance", "ETHBTC", "ETH", "BTC", "BTC", "perpetual")
TSLA = Instrument("binance", "TSLAUSDT", "TSLA", "USDT", "USDT", "perpetual", asset_class="stock")
DAY_MS = 86_400_000


class RecordingJournal:
    """Takes what the intake hands over; `full` refuses, as a failing journal with a full queue does."""

    def __init__(self):
        self.entries, self.stamps, self.pending, self.settled, self.discarded, self.samples = [], [], [], [], [], []
        self.full = False

    def append(self, entry, stamp=None):
        self.entries.append(entry)
        self.stamps.append(stamp)
        return not self.full

    def keep_pending(self, event):
        self.pending.append(event)
        return not self.full

    def settle(self, event):
        if not self.full:
            self.settled.append(event)
        return not self.full

    def discard(self, event):
        self.discarded.append(event)

    def sample(self, sample):
        self.samples.append(sample)


@pytest.fixture
def journal():
    return RecordingJournal()


@pytest.fixture
def status():
    return ExchangeStatus("binance", ["futures"])


@pytest.fixture
def refreshed():
    return []


@pytest.fixture
def intake(journal, status, refreshed):
    taken = Intake(journal, {"binance": status}, 30 * DAY_MS, refreshed.append)
    taken.instruments("binance", [BTC, ETHBTC])
    return taken


def deliver(intake, *events, rejected=()):
    intake.liquidations("binance", Liquidations(list(events), rejected), T0 + 100, 2e-6)


def test_known_instruments_become_entries_with_their_size(intake, journal):
    deliver(intake, raw(1), raw(2, side="short"))
    assert [(e.base, e.side, e.base_quantity, e.notional_usd) for e in journal.entries] == [
        ("BTC", "long", 0.1, 5000.0),
        ("BTC", "short", 0.1, 5000.0),
    ]
    assert all(stamp.cost >= 1e-6 for stamp in journal.stamps)


def test_unknown_instruments_wait_and_are_asked_for(intake, journal, status, refreshed):
    deliver(intake, raw(1, instrument="1000PEPEUSDT", price=0.01, quantity=5.0))
    deliver(intake, raw(1, instrument="1000PEPEUSDT", price=0.01, quantity=5.0))
    assert not journal.entries
    assert len(journal.pending) == 1, "the same event twice waits once"
    assert status.pending_events == 1
    assert refreshed == ["binance", "binance"]
    intake.instruments("binance", [BTC, PEPE])
    (event,) = journal.settled
    assert (event.base, event.base_quantity, event.notional_usd) == ("PEPE", 5000.0, 0.05)
    assert status.pending_events == 0


def test_what_is_not_priced_in_dollars_waits_without_asking(intake, status, refreshed):
    deliver(intake, raw(1, instrument="ETHBTC"))
    assert (status.pending_events, refreshed) == (1, [])


def test_pending_events_of_an_earlier_run_are_taken_over(intake, journal, status):
    intake.restore([raw(1, instrument="1000PEPEUSDT")])
    assert status.pending_events == 1
    journal.full = True
    intake.instruments("binance", [PEPE])
    assert status.pending_events == 1, "a full queue leaves it waiting"
    journal.full = False
    intake.instruments("binance", [PEPE])
    assert status.pending_events == 0


def test_events_beyond_the_horizon_of_ids_are_refused_and_counted(intake, journal, status):
    deliver(intake, raw(0, time_ms=T0 - 31 * DAY_MS))
    assert not journal.entries
    assert status.quarantined == {"too_old": 1}


def test_rejected_rows_are_counted_and_sampled_but_not_without_bound(intake, journal, status):
    for _ in range(50):
        deliver(intake, rejected=[Rejected("quantity", '{"q":"0"}')])
    assert status.quarantined == {"quantity": 50}
    assert len(journal.samples) == SAMPLES_PER_MINUTE
    assert status.last_error == 'quantity: {"q":"0"}'


def test_pending_events_are_given_up_with_the_retention(intake, journal, status):
    deliver(intake, raw(1, instrument="NEWUSDT"))
    intake.expire(T0 + 29 * DAY_MS)
    assert status.pending_events == 1
    intake.expire(T0 + 31 * DAY_MS)
    assert (status.pending_events, status.quarantined) == (0, {"unresolved": 1})
    assert [each.id for each in journal.discarded] == ["raw-1"]


def test_feed_changes_pass_through(intake, journal):
    change = FeedChange(T0, "binance", "futures", up=True)
    intake.feed_changed(change)
    assert journal.entries == [change]


def test_an_exchange_that_is_no_longer_configured_is_no_error(intake):
    intake.quarantine("gone", "malformed", b"\xff", T0)


def test_what_is_not_crypto_is_told_apart_and_left_out(intake, journal, status, refreshed):
    deliver(intake, raw(1, instrument="TSLAUSDT"))
    intake.instruments("binance", [TSLA])
    deliver(intake, raw(2, instrument="TSLAUSDT"))
    assert not journal.entries
    assert not journal.settled
    assert (status.excluded, status.pending_events) == ({"stock": 2}, 0)
    intake.asset_classes = ("crypto", "stock")
    deliver(intake, raw(3, instrument="TSLAUSDT"))
    assert [entry.base for entry in journal.entries] == ["TSLA"]


def test_other_closures_are_counted_by_kind_and_in_no_total(intake, journal, status):
    found = Liquidations([raw(1)], others=["deleverage", "deleverage", "settlement"])
    intake.liquidations("binance", found, T0, 0.0)
    assert len(journal.entries) == 1
    assert status.excluded == {"deleverage": 2, "settlement": 1}


def test_another_coin_as_quote_is_worth_its_mark_price_at_that_moment(intake, journal, status):
    status.mark_prices["BTC"] = 100_000.0
    deliver(intake, raw(1, instrument="ETHBTC", price=0.03, quantity=2.0, time_ms=T0, received_ms=T0 + 50))
    (event,) = journal.entries
    assert (event.base_quantity, event.notional_usd) == (2.0, pytest.approx(6000.0))
    assert event.usd_rate == 100_000.0, "and the price is kept with the event"
    late = raw(2, instrument="ETHBTC", time_ms=T0 - 120_000, received_ms=T0)
    deliver(intake, late)
    assert status.pending_events == 1, "the price of two minutes later is not the event's"


def test_what_was_asked_for_afterwards_says_so(intake, journal):
    assert intake.backfilled("binance", Liquidations([raw(1)]), T0) == Taken(recorded=1)
    assert [entry.origin for entry in journal.entries] == ["backfill"]


def test_what_becomes_of_the_past_is_told(intake, status):
    unknown = raw(2, instrument="NEWUSDT")
    assert intake.backfilled("binance", Liquidations([raw(1), unknown]), T0) == Taken(recorded=1, waiting=1)
    assert intake.backfilled("binance", Liquidations([unknown]), T0) == Taken(known=1)
    assert intake.backfilled("binance", Liquidations([raw(3, time_ms=T0 - 31 * DAY_MS)]), T0) == Taken(too_old=1)


def test_what_a_new_subscriber_is_told_counts_from_the_first_start_on(intake, journal, status):
    intake.instruments("binance", [BTC])
    intake.begun_ms["binance"] = T0
    told = [raw(time_ms=T0 - 1, id="before"), raw(time_ms=T0, id="since")]
    intake.repeated("binance", Liquidations(told, repeated=True), T0 + 10)
    assert [(entry.id, entry.origin) for entry in journal.entries] == [("since", "backfill")]
    journal.entries.clear()
    intake.repeated("binance", Liquidations(told, repeated=True), T0 + 31 * DAY_MS)
    assert (journal.entries, status.quarantined["too_old"]) == ([], 0), "it was told before"
