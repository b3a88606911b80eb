from math import inf

import msgspec
import pytest

from exporter.exchanges.base import OLDEST, Ack, Quota
from exporter.feeds.allowance import Allowance
from exporter.feeds.failures import Ended, Reason
from exporter.feeds.subscriptions import Refusals, Subscriptions
from tests.wire import NAMED, ToyExchange

ANY = Allowance(None, 0.0)


def book(
    exchange: ToyExchange | None = None, refusals: Refusals | None = None, allowance: Allowance = ANY
) -> Subscriptions:
    return Subscriptions(exchange or ToyExchange(), NAMED, ["BTC"], refusals or Refusals(), allowance, timeout=10)


def sent(requests: Subscriptions, now: float = 0.0) -> list[str]:
    frames = []
    while (frame := requests.take(now)) is not None:
        frames.append(frame)
    return frames


def test_control_goes_first_and_keys_do_not_collide():
    requests = book()
    requests.want(["A", "B"])
    assert sent(requests) == ["control|1", "sub|2|A,B"]
    requests.want(["A", "B", "C"])
    assert sent(requests) == ["sub|3|C"]


def test_complete_once_every_request_is_answered():
    requests = book()
    requests.want(["A"])
    assert not requests.complete
    sent(requests)
    requests.answer(Ack("1", ok=True))
    assert not requests.complete
    requests.answer(Ack("2", ok=True))
    assert requests.complete


def test_an_answer_to_nothing_is_ignored():
    requests = book()
    assert requests.answer(Ack("77", ok=False)) is None
    assert not requests.complete


def test_an_answer_that_names_nothing_is_that_of_the_oldest_request():
    exchange, refusals = ToyExchange(), Refusals()
    exchange.names_per_request = 1
    requests = book(exchange, refusals)
    requests.want(["A", "B"])
    sent(requests)
    requests.answer(Ack("1", ok=True))
    refused = requests.answer(Ack(OLDEST, ok=False))
    assert refused is not None
    assert refused.instruments == ("A",)
    assert requests.answer(Ack(OLDEST, ok=True)) is None
    assert requests.complete
    assert requests.answer(Ack(OLDEST, ok=False)) is None


def test_an_overdue_answer_ends_the_socket():
    requests = book()
    sent(requests, now=5)
    requests.check(15)
    with pytest.raises(Ended) as ended:
        requests.check(15.1)
    assert ended.value.reason is Reason.ACK_TIMEOUT
    assert "control|1" in ended.value.text


def test_unsent_requests_are_not_overdue():
    requests = book()
    requests.check(1e9)


def test_a_refused_control_stream_ends_the_socket():
    requests = book()
    sent(requests)
    with pytest.raises(Ended, match="no such stream") as ended:
        requests.answer(Ack("1", ok=False, message="no such stream"))
    assert ended.value.reason is Reason.REFUSED


def test_a_refused_mark_price_of_one_coin_is_dropped_and_nothing_else():
    exchange, refusals = ToyExchange(), Refusals()
    exchange.optional_control = ("ETH",)
    requests = book(exchange, refusals)
    requests.want(["ETH", "BTC"])
    assert sent(requests) == ["control|1", "control|mark-ETH", "sub|2|ETH,BTC"]
    refused = requests.answer(Ack("mark-ETH", ok=False))
    assert refused is not None
    assert refused.instruments == ("ETH",)
    requests.want(["ETH", "BTC"])
    assert sent(requests) == []
    assert refusals.acceptable(["ETH", "BTC"]) == ["ETH", "BTC"]


def refuse(requests: Subscriptions, bad: set[str]) -> list[str]:
    """Answer like an exchange that refuses a request with a bad name in it; returns what was given up."""
    dropped = []
    while frames := sent(requests):
        for frame in frames:
            key, _, names = frame.partition("|")[2].partition("|")
            refused = requests.answer(Ack(key, ok=bad.isdisjoint(names.split(","))))
            dropped += refused.instruments if refused else ()
    return dropped


@pytest.mark.parametrize("bad", [{"C"}, {"A"}, {"H"}, {"A", "B"}, {"B", "E", "H"}])
def test_a_refused_batch_is_halved_until_the_culprits_stand_alone(bad):
    refusals = Refusals()
    requests = book(refusals=refusals)
    names = list("ABCDEFGH")
    requests.want(names)
    assert set(refuse(requests, bad)) == bad
    assert requests.complete
    assert refusals.acceptable(names) == [name for name in names if name not in bad]


def test_when_every_instrument_is_refused_the_socket_is_no_use():
    requests = book()
    requests.want(["A", "B", "C"])
    with pytest.raises(Ended) as ended:
        refuse(requests, {"A", "B", "C"})
    assert ended.value.reason is Reason.REFUSED


def test_a_refused_instrument_is_asked_for_again_only_when_wanted_again():
    requests = book()
    requests.want(["A", "B"])
    refuse(requests, {"B"})
    assert sent(requests) == []
    requests.want(["A", "B"])
    assert [frame.rpartition("|")[2] for frame in sent(requests)] == ["B"]


def test_refusals_are_told_once_and_forgotten_with_a_new_listing():
    refusals = Refusals()
    requests = book(refusals=refusals)
    requests.want(["A", "B"])
    sent(requests)
    requests.answer(Ack("2", ok=False))
    sent(requests)
    refused = requests.answer(Ack("3", ok=False))
    assert refused is not None
    assert refusals.news(refused)
    assert not refusals.news(refused)
    assert refusals.acceptable(["A", "B"]) == ["B"]
    refusals.forget()
    assert refusals.acceptable(["A", "B"]) == ["A", "B"]


def test_refused_instruments_are_tried_again_rather_than_none():
    refusals = Refusals()
    refusals.add("A")
    assert refusals.acceptable(["A"]) == ["A"]


def test_requests_keep_the_pace_that_the_exchange_allows():
    feed = msgspec.structs.replace(NAMED, request_every_s=0.5)
    requests = Subscriptions(ToyExchange(), feed, [], Refusals(), ANY, timeout=10)
    requests.want(["A"])
    assert (requests.take(10.0), requests.take(10.4)) == ("control|1", None)
    assert requests.pause(10.4) == pytest.approx(0.1)
    assert not requests.complete
    assert requests.take(10.5) == "sub|2|A"
    assert requests.pause(10.5) == inf


def test_sockets_share_what_an_address_may_send_and_have_unanswered():
    allowance = Allowance(Quota(messages=60, seconds=60.0, unanswered=2), -100.0)
    one, other = book(allowance=allowance), book(allowance=allowance)
    assert (one.take(0.0), other.take(0.0)) == ("control|1", "control|1")
    one.want(["A"])
    assert one.take(0.0) is None
    assert 0 < one.pause(0.0) < 1
    other.answer(Ack("1", ok=True))
    assert one.take(0.0) == "sub|2|A"
    other.want(["A"])
    assert other.take(0.0) is None
    one.abandon()
    assert other.take(0.0) == "sub|2|A"
    other.answer(Ack("2", ok=True))
    assert allowance.unanswered == 0
