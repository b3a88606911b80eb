"""The chaos run must notice what it is there to notice."""

import pytest

from exporter.demo import fill
from exporter.simulator.truthfile import as_truth
from tests.chaos import verdict
from tests.events import liquidation


@pytest.fixture
def journal(tmp_path):
    def made(events):
        path = tmp_path / "journal.db"
        fill(path, events)
        return path

    return made


EVENTS = [liquidation(number) for number in range(6)]
TRUTH = [as_truth(event, certain=number != 3) for number, event in enumerate(EVENTS)]


def rows(events):
    return [(e.exchange, e.instrument, e.time_ms, e.side, e.price, e.quantity, e.id) for e in events]


def test_all_events_are_right_and_so_is_all_but_an_uncertain_one(journal):
    account = verdict.of_journal(journal(EVENTS[:3] + EVENTS[4:]), TRUTH)
    assert (account.certain, account.counted, account.all) == (5, 5, 6)
    assert (account.lost, account.doubled, account.right) == (0, 0, True)
    assert verdict.of_database(rows(EVENTS), TRUTH).right


def test_a_certain_event_that_is_missing_is_lost(journal):
    account = verdict.of_journal(journal(EVENTS[1:]), TRUTH)
    assert (account.lost, account.doubled, account.right) == (1, 0, False)


def test_an_event_that_is_there_twice_or_was_never_sent_is_doubled():
    account = verdict.of_database(rows([*EVENTS, EVENTS[0]]), TRUTH)
    assert (account.lost, account.doubled, account.unique, account.right) == (0, 1, False, False)
    account = verdict.of_database(rows([*EVENTS, liquidation(7)]), TRUTH)
    assert (account.lost, account.doubled, account.unique, account.right) == (0, 1, True, False)


def test_a_loss_and_a_repetition_do_not_cancel_out():
    account = verdict.of_database(rows([*EVENTS[1:], EVENTS[1]]), TRUTH)
    assert account.certain <= account.counted <= account.all
    assert (account.lost, account.doubled, account.right) == (1, 1, False)


def test_equal_events_that_were_sent_twice_are_counted_twice():
    twin = liquidation(0, id="twin")
    truth = [*TRUTH, as_truth(twin)]
    assert verdict.of_database(rows([*EVENTS, twin]), truth).right
    assert verdict.of_database(rows(EVENTS), truth).lost == 1


def test_the_past_of_an_exchange_may_have_whole_seconds():
    sent = liquidation(0, exchange="gate", time_ms=1_795_000_000_696)
    filled = liquidation(0, exchange="gate", time_ms=1_795_000_000_000, id="rest")
    assert verdict.of_database(rows([filled]), [as_truth(sent)]).right
    assert verdict.of_database(rows([filled, sent]), [as_truth(sent)]).doubled == 1
