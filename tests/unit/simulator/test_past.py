from collections import Counter
from itertools import pairwise

import pytest

from exporter.simulator import past
from exporter.simulator.catalogue import EXCHANGES

UNTIL_MS = 1_763_640_012_345


@pytest.fixture(scope="module")
def events():
    return list(past(3, UNTIL_MS))


def test_the_past_is_always_the_same(events):
    assert events == list(past(3, UNTIL_MS))
    assert events[:100] != list(past(4, UNTIL_MS))[:100]


def test_it_is_a_day_of_all_exchanges_in_order(events):
    assert 20_000 < len(events) < 60_000
    assert all(before.time_ms <= after.time_ms for before, after in pairwise(events))
    assert {event.exchange for event in events} == set(EXCHANGES)
    assert {event.side for event in events} == {"long", "short"}
    assert events[0].time_ms >= UNTIL_MS - 24 * 3_600_000 - 2 * 60_000


def test_it_leaves_out_the_last_minute(events):
    assert UNTIL_MS - 180_000 < events[-1].time_ms < UNTIL_MS - 60_000


def test_ids_are_its_own(events):
    assert len({event.id for event in events}) == len(events)
    assert all(event.id.startswith("past-") and event.origin == "replay" for event in events)


def test_days_have_a_rhythm_and_once_a_cascade(events):
    minutes = Counter(event.time_ms // 60_000 for event in events)
    worst, count = minutes.most_common(1)[0]
    assert count > 500
    cascade = [event for event in events if event.time_ms // 60_000 == worst]
    assert sum(event.side == "long" and event.base in {"BTC", "ETH", "SOL"} for event in cascade) > 0.9 * count
    hours = Counter()
    for minute, number in minutes.items():
        if not worst - 5 < minute < worst + 5:
            hours[minute // 60 % 24] += number
    assert hours[15] > 2 * hours[3]


def test_hours_say_how_far_back_it_goes():
    events = list(past(3, UNTIL_MS, hours=2))
    assert UNTIL_MS - 2 * 3_600_000 - 2 * 60_000 <= events[0].time_ms < UNTIL_MS - 2 * 3_600_000 + 60_000
    assert list(past(3, UNTIL_MS, hours=0)) == []
