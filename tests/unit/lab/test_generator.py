import statistics
from itertools import pairwise

import msgspec
import pytest

from benchmarks.cascade_lab.draws import Sizes
from benchmarks.cascade_lab.feeds import Seen, observe
from benchmarks.cascade_lab.stream import BACKGROUND, BURST, WHALE, generate
from benchmarks.cascade_lab.world import LENGTH, SHIFTS, TIERS, World, venues_of, world_of

MAJOR = World(TIERS[0], venues=3)


@pytest.fixture(scope="module")
def majors():
    return [generate(MAJOR, seed) for seed in (1, 2, 3)]


@pytest.fixture(scope="module")
def mid():
    return generate(World(TIERS[1], venues=6), 7)


def test_a_seed_gives_the_same_stream_every_time_and_another_seed_another(mid):
    again = generate(World(TIERS[1], venues=6), 7)
    assert again.orders == mid.orders
    assert observe(again, 7) == observe(mid, 7)
    assert generate(World(TIERS[1], venues=6), 8).orders != mid.orders


def test_orders_arrive_in_clusters_as_on_the_market(majors):
    shares = []
    for stream in majors:
        times = [order[0] for order in stream.orders if order[1] == 1]
        gaps = [later - earlier for earlier, later in pairwise(times)]
        shares.append(sum(gap < 1.0 for gap in gaps) / len(gaps))
    assert 0.60 <= statistics.fmean(shares) <= 0.80, "measured on a full feed of BTC: 0.77"


def test_the_everyday_flow_has_the_rate_and_the_sizes_of_its_tier(majors):
    everyday = [order for stream in majors for order in stream.orders if order[4] == BACKGROUND]
    per_day = len(everyday) / len(majors) / (LENGTH / 86_400)
    assert per_day == pytest.approx(6000, rel=0.15)
    sizes = sorted(order[3] for order in everyday)
    assert sizes[len(sizes) // 2] == pytest.approx(920, rel=0.05)
    assert sizes[int(len(sizes) * 0.95)] == pytest.approx(29_172, rel=0.15)


def test_a_sampled_feed_hides_most_of_a_cascade(majors):
    true = shown = 0
    for seed, stream in enumerate(majors, start=1):
        seen = [each for each in observe(stream, seed) if each.up is None and each.venue == 0]
        for plan in stream.plans:
            start, end = plan.start, plan.start + plan.seconds
            true += sum(order[1] == 0 and start <= order[0] <= end for order in stream.orders)
            shown += sum(start * 1000 <= each.applied <= end * 1000 for each in seen)
    assert 0.03 < shown / true < 0.3


def test_what_a_feed_shows(mid):
    seen = [each for each in observe(mid, 7) if each.up is None]
    for index, venue in enumerate(mid.venues):
        mine = [each for each in seen if each.venue == index]
        true = {(int(order[0] * 1000), order[3]) for order in mid.orders if order[1] == index}
        assert {(each.time, each.usd) for each in mine} <= true
        if venue.delivery == "sampled":
            assert len({each.time // 1000 for each in mine}) == len(mine), "one order a second"


def test_time_never_runs_backwards_and_no_order_is_taken_before_it_happened(mid):
    seen = observe(mid, 7)
    assert [each.applied for each in seen] == sorted(each.applied for each in seen)
    assert all(each.applied >= each.time for each in seen)


def test_nothing_comes_from_a_feed_that_is_down():
    stream = generate(msgspec.structs.replace(MAJOR, leader_lost=True), 4)
    down, lost = set(), 0
    for each in observe(stream, 4):
        if each.up is not None:
            (down.discard if each.up else down.add)(each.venue)
            lost += not each.up
        else:
            assert each.venue not in down
    assert lost >= len(stream.plans) > 0


def test_exchanges_share_the_flow():
    for count in (3, 7, 12):
        venues = venues_of(World(TIERS[2], venues=count))
        assert len(venues) == count
        assert sum(venue.share for venue in venues) == pytest.approx(1.0)
        assert {venue.delivery for venue in venues} >= {"batch", "sampled"}


def test_a_shift_changes_the_share_on_sampled_feeds():
    venues = venues_of(world_of(5, "80 % on sampled feeds"))
    assert sum(venue.share for venue in venues if venue.delivery == "sampled") == pytest.approx(0.8)


@pytest.mark.parametrize("shift", SHIFTS)
def test_every_shift_gives_a_stream(shift):
    world = msgspec.structs.replace(world_of(6, shift), tier=TIERS[3])
    stream = generate(world, 6)
    assert {order[4] for order in stream.orders} >= {BACKGROUND, BURST, WHALE}
    assert isinstance(observe(stream, 6)[0], Seen)
    assert stream.mean_day == Sizes(world).mean_day
