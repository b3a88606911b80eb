import pytest

from exporter.simulator.receipts import SETTLING_S, Receipts


class Sent:
    """Stands for a record: all that receipts touch is its certainty."""

    certain = False


@pytest.fixture
def receipts():
    return Receipts()


def send(receipts):
    record = Sent()
    receipts.sent([record])
    return record


def test_certain_once_answered_and_the_socket_lived_on(receipts):
    record = send(receipts)
    payload = receipts.ping()
    receipts.settle(100.0)
    assert not record.certain
    receipts.pong(payload, 10.0)
    receipts.settle(10.0 + SETTLING_S - 0.01)
    assert not record.certain
    receipts.settle(10.0 + SETTLING_S)
    assert record.certain


def test_a_pong_proves_nothing_that_was_sent_after_its_ping(receipts):
    before = send(receipts)
    payload = receipts.ping()
    after = send(receipts)
    receipts.pong(payload, 0.0)
    receipts.settle_answered()
    assert before.certain
    assert not after.certain
    assert receipts.unpinged


def test_the_newest_pong_answers_for_the_earlier_pings(receipts):
    first = send(receipts)
    receipts.ping()
    second = send(receipts)
    payload = receipts.ping()
    assert not receipts.answered_all
    receipts.pong(payload, 0.0)
    assert receipts.answered_all
    receipts.settle(SETTLING_S)
    assert first.certain
    assert second.certain


@pytest.mark.parametrize("payload", [b"", b"2", b"0", b"x", b"\xff", b"-1", b"99999999999999999999"])
def test_pongs_that_answer_no_ping_prove_nothing(receipts, payload):
    record = send(receipts)
    receipts.ping()
    receipts.pong(payload, 0.0)
    receipts.settle_answered()
    assert not record.certain


def test_a_completed_close_proves_everything(receipts):
    answered = send(receipts)
    receipts.pong(receipts.ping(), 0.0)
    pinged = send(receipts)
    receipts.ping()
    fresh = send(receipts)
    receipts.settle_all()
    assert answered.certain
    assert pinged.certain
    assert fresh.certain
