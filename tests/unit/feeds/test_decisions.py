"""The pure decisions: back-off, flood, liveness, assignment, rotation age."""

from hypothesis import given
from hypothesis import strategies as st

from exporter.exchanges.base import Quota
from exporter.feeds.allowance import Allowance
from exporter.feeds.backoff import Backoff
from exporter.feeds.junk import LEAST, WINDOW_S, GarbleMeter, JunkMeter
from exporter.feeds.liveness import Liveness, Verdict
from exporter.feeds.rotation import rotate_after
from exporter.feeds.sharding import Assignment


def test_backoff_doubles_to_its_cap():
    backoff = Backoff(cap=10, stable_after=60)
    assert [backoff.after(0, 1.0) for _ in range(6)] == [1, 2, 4, 8, 10, 10]


def test_backoff_has_full_jitter():
    backoff = Backoff(cap=60, stable_after=60)
    assert [backoff.after(0, roll) for roll in (0.0, 0.5, 0.25)] == [0, 1, 1]


def test_backoff_begins_again_only_after_a_stable_life():
    backoff = Backoff(cap=60, stable_after=30)
    for _ in range(4):
        backoff.after(29.9, 1.0)
    assert backoff.ceiling() == 16
    assert backoff.after(30, 1.0) == 1
    assert backoff.after(0, 1.0) == 2


def test_backoff_survives_years_of_failures():
    backoff = Backoff(cap=60, stable_after=30)
    assert max(backoff.after(0, 1.0) for _ in range(5000)) == 60


def test_a_cap_below_the_first_delay_holds():
    assert Backoff(cap=0.5, stable_after=1).after(0, 1.0) == 0.5


def test_junk_up_to_the_limit_is_tolerated():
    meter = JunkMeter(per_second=3)
    assert not any(meter.flooded(at) for at in (0.0, 0.1, 0.2))
    assert meter.flooded(0.99)


def test_junk_spread_over_more_than_a_second_is_no_flood():
    meter = JunkMeter(per_second=3)
    assert not any(meter.flooded(number * 0.34) for number in range(100))


@given(st.lists(st.floats(0, 20), min_size=1, max_size=60).map(sorted), st.integers(1, 8))
def test_a_flood_is_more_than_the_limit_within_any_second(times, limit):
    meter = JunkMeter(limit)
    for index, now in enumerate(times):
        recent = sum(1 for at in times[: index + 1] if now - at < 1.0)
        assert meter.flooded(now) == (recent > limit)


def test_a_window_of_mostly_malformed_frames_is_no_feed():
    meter = GarbleMeter(0.0)
    assert not any(meter.garbled(WINDOW_S * number / 20, number + 1) for number in range(20))
    assert meter.garbled(WINDOW_S, 21)
    assert not meter.garbled(WINDOW_S + 0.1, 22), "the next window begins anew"


def test_malformed_frames_among_as_many_good_ones_are_endured():
    meter = GarbleMeter(0.0)
    assert not any(meter.garbled(number / 10, 2 * (number + 1)) for number in range(200))


def test_a_few_malformed_frames_prove_nothing():
    meter = GarbleMeter(0.0)
    assert not any(meter.garbled(number * WINDOW_S / (LEAST - 2), number + 1) for number in range(100))


@given(st.lists(st.floats(0, 1), max_size=200), st.integers(1, 20))
def test_an_address_never_sends_more_than_its_quota_even_across_a_restart(pauses, messages):
    seconds = 10.0
    now, sent = 0.0, [-seconds + (number + 1) * seconds / messages for number in range(messages)]  # the run before
    allowance = Allowance(Quota(messages, seconds, unanswered=1), 0.0)
    for pause in pauses:
        now += pause + allowance.wait(now + pause)
        allowance.spend(now)
        sent.append(now)
    for at in sent:
        assert sum(at - seconds + 1e-6 < other <= at for other in sent) <= messages


def test_what_was_not_sent_can_be_sent_at_once():
    allowance = Allowance(Quota(messages=5, seconds=10.0, unanswered=1), 0.0)
    for _ in range(5):
        assert allowance.wait(60.0) == 0
        allowance.spend(60.0)
    assert allowance.wait(60.0) == 10


def test_without_a_quota_anything_goes():
    allowance = Allowance(None, 0.0)
    for _ in range(1000):
        allowance.spend(1.0)
        assert allowance.wait(1.0) == 0


def test_liveness_is_proven_by_control_messages_only():
    liveness = Liveness(silent_after=10, opened=100)
    assert liveness.verdict(100) is Verdict.WAITING
    assert liveness.verdict(110.1) is Verdict.SILENT
    liveness.hear(111)
    assert liveness.verdict(121) is Verdict.LIVE
    assert liveness.verdict(121.1) is Verdict.SILENT
    assert liveness.verdict(131.1) is Verdict.DEAD


def test_instruments_fill_shards_in_order():
    assignment = Assignment(2)
    assignment.update(["A", "B", "C", "D", "E"])
    assert assignment.shards == [["A", "B"], ["C", "D"], ["E"]]


def test_assignment_is_sticky_and_reuses_room():
    assignment = Assignment(2)
    assignment.update(["A", "B", "C"])
    assignment.update(["C", "B", "X", "Y", "Z"])
    assert assignment.shards == [["B", "X"], ["C", "Y"], ["Z"]]


def test_no_capacity_means_one_shard():
    assignment = Assignment(0)
    assignment.update(["A", "B", "C"])
    assignment.update(["A", "B", "C", "D"])
    assert assignment.shards == [["A", "B", "C", "D"]]


names = st.lists(st.sampled_from("ABCDEFGHIJKL"))


@given(st.lists(names, min_size=1, max_size=6), st.integers(0, 4))
def test_assignment_carries_exactly_what_is_listed_within_capacity(updates, capacity):
    assignment = Assignment(capacity)
    for update in updates:
        before = {name: number for number, shard in enumerate(assignment.shards) for name in shard}
        assignment.update(update)
        after = {name: number for number, shard in enumerate(assignment.shards) for name in shard}
        assert sorted(after) == sorted(set(update))
        assert sum(map(len, assignment.shards)) == len(after)
        assert all(after[name] == before[name] for name in after.keys() & before.keys())
        assert not capacity or all(len(shard) <= capacity for shard in assignment.shards)


@given(st.floats(0, 1, exclude_max=True))
def test_rotation_comes_before_the_cut(roll):
    assert 0.9 * 86_400 <= rotate_after(86_400, roll) <= 0.96 * 86_400
