"""What no liquidation can be is put aside by reason, with its row, at every exchange; the rows beside it count."""

import json

import pytest

from exporter.analysis import Course
from exporter.exchanges import REGISTRY
from exporter.feeds.status import ExchangeStatus
from exporter.intake import Intake
from exporter.journal import Batch, Database
from exporter.ledger import Ledger
from exporter.model import Instrument, Record, resolve
from exporter.stats import Bands
from tests.unit.analysis.market import EAGER, feed
from tests.unit.exchanges.writers import WRITERS, T
from tests.unit.test_intake import RecordingJournal

EXCHANGES = pytest.mark.parametrize("name", REGISTRY)
SIGNED = {"gate", "bitfinex"}
"""Whose quantities have a sign, which is the side."""
HOUR_MS = 3_600_000
MARK = "7.654321"
"""A number by which a row is found again."""


def row(name, quantity="2.5", price="50000", time_ms=T):
    """A row whose quantity has no sign, where it could have one."""
    return (name != "gate", quantity, price, time_ms)


def read(name, *rows):
    """What is read of rows: events and refusals."""
    parsed = [REGISTRY[name].parse(json.dumps(frame), T) for frame in WRITERS[name](rows)]
    return [event for each in parsed for event in each.events], [bad for each in parsed for bad in each.rejected]


def instrument(name, event):
    return Instrument(name, event.instrument, "BTC", "USDT", "USDT", "perpetual")


@EXCHANGES
@pytest.mark.parametrize("value", ["0", "0.0", "-1", "", " ", "abc", "nan", "inf", "1e400", "1e-400", None])
@pytest.mark.parametrize("what", ["price", "quantity"])
def test_an_impossible_number_is_refused_with_its_row(name, what, value):
    if value == "-1" and what == "quantity" and name in SIGNED:
        (event,), _ = read(name, row(name, quantity=value))
        assert (event.quantity, event.side) == (1.0, "long" if name == "gate" else "short")
        return
    other = {"price": "quantity", "quantity": "price"}[what]
    good, bad = row(name, price="50000"), row(name, **{what: value, other: MARK})
    events, rejected = read(name, good, bad, row(name, price="50001", time_ms=T + 1))
    assert [event.price for event in events] == [50_000.0, 50_001.0], "the rows beside it count"
    assert [each.reason for each in rejected] == [what]
    assert MARK in rejected[0].row


@EXCHANGES
def test_numbers_with_an_exponent_are_what_they_say(name):
    (event,), rejected = read(name, row(name, quantity="2.5e-3", price="5.0E4"))
    assert (event.quantity, event.price, rejected) == (0.0025, 50_000.0, [])


@EXCHANGES
@pytest.mark.parametrize("time_ms", [T // 1000, T * 1000, 0, -1])
def test_a_time_in_another_unit_is_refused(name, time_ms):
    if name == "gate" and time_ms == T // 1000:
        (event,), _ = read(name, row(name, time_ms=time_ms))
        assert event.time_ms == T, "Gate writes either"
        return
    if name == "dydx" and time_ms == T * 1000:
        return  # its times are texts, and a year has four digits
    events, rejected = read(name, row(name, price="50000"), row(name, price=MARK, time_ms=time_ms))
    assert [event.price for event in events] == [50_000.0]
    assert [each.reason for each in rejected] == ["time"]
    assert MARK in rejected[0].row


@EXCHANGES
def test_what_was_refused_is_counted_and_kept(name):
    journal, status = RecordingJournal(), ExchangeStatus(name, ["all"])
    intake = Intake(journal, {name: status}, 30 * 24 * HOUR_MS, lambda _: None)
    for frame in WRITERS[name]([row(name, price=""), row(name, quantity="0", price=MARK)]):
        intake.liquidations(name, REGISTRY[name].parse(json.dumps(frame), T), T, 0.0)
    assert status.quarantined == {"price": 1, "quantity": 1}
    assert {(sample.exchange, sample.reason) for sample in journal.samples} == {(name, "price"), (name, "quantity")}
    assert MARK.encode() in journal.samples[1].frame


@EXCHANGES
def test_an_unknown_instrument_waits_and_is_asked_for(name):
    journal, status, asked = RecordingJournal(), ExchangeStatus(name, ["all"]), []
    intake = Intake(journal, {name: status}, 30 * 24 * HOUR_MS, asked.append)
    (frame,) = WRITERS[name]([row(name)])
    intake.liquidations(name, REGISTRY[name].parse(json.dumps(frame), T), T, 0.0)
    assert (journal.entries, status.pending_events, asked) == ([], 1, [name])
    intake.instruments(name, [instrument(name, journal.pending[0])])
    assert (len(journal.settled), status.pending_events) == (1, 0)


@EXCHANGES
@pytest.mark.parametrize("off_ms", [3 * HOUR_MS, -5 * HOUR_MS], ids=["of the future", "hours late"])
def test_a_time_that_is_off_counts_and_is_not_what_the_detector_sees(name, off_ms, tmp_path):
    (raw,), rejected = read(name, row(name, time_ms=T + off_ms))
    assert rejected == []
    event = resolve(raw, instrument(name, raw))
    database = Database(tmp_path / "journal.db")
    up, counted = database.write(Batch([feed(name, True, T - HOUR_MS), event])).records
    database.close()
    assert counted.applied_ms == (T if off_ms > 0 else up.applied_ms), "never after it was received"
    ledger = Ledger([name], ["BTC"], 10)
    ledger.apply(counted.seq, event)
    assert [ledger.stats(None, window, T, Bands()).total.events for window in (None, "24h")] == [1, 1]
    course = Course.blank(EAGER)
    for record in (up, Record(counted.seq, counted.applied_ms, event)):
        course.apply(record)
    assert course.engine.bases() == (["BTC"] if off_ms > 0 else [])
