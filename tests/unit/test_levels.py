import math
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.ledger import Ledger
from exporter.levels import PAGE_BUCKETS, RATIO, Levels, bucket, edge
from tests.events import liquidation, random_liquidations

PRICES = st.floats(1e-20, 1e20)
POSITIVE = st.floats(1e-12, 1e12)


def filled(events):
    levels = Levels()
    for event in events:
        levels.apply(event)
    return levels


def priced(price, **fields):
    return liquidation(base_quantity=1.0, notional_usd=price, **fields)


@given(PRICES)
def test_every_price_lies_between_the_edges_of_its_bucket(price):
    index = bucket(price)
    assert edge(index) <= price < edge(index + 1)


@given(st.integers(-40_000, 40_000))
def test_a_price_on_an_edge_belongs_to_the_bucket_above(index):
    assert bucket(edge(index)) == index
    assert bucket(math.nextafter(edge(index), 0)) == index - 1


@pytest.mark.parametrize("price", [1e-9, 0.00001234, 0.9999, 1.0, 1.0005, 1.001, 67_123.4, 126_000.0, 1e9])
def test_the_bucket_is_the_whole_part_of_the_logarithm(price):
    assert abs(bucket(price) - math.log(price) / math.log(1.001)) <= 1
    assert bucket(1.0) == 0
    assert bucket(math.nextafter(1.0, 0)) == -1


def test_sums_of_the_buckets_are_the_totals_of_the_ledger():
    events = random_liquidations(11, 5000)
    levels, ledger = filled(events), Ledger(["binance", "bybit"], ["BTC"], 1000)
    for seq, event in enumerate(events, 1):
        ledger.apply(seq, event)
    expected = defaultdict(lambda: [0.0, 0.0])
    for (_, base, side), cell in ledger.cells.items():
        expected[base, side][0] += cell.base_quantity
        expected[base, side][1] += cell.usd
    assert len(levels.keys()) == 10
    for key in levels.keys():  # noqa: SIM118 - not a dict
        assert levels.sums(*key) == pytest.approx(expected[key], rel=1e-9)


@given(st.lists(st.tuples(st.sampled_from(["A", "B"]), st.sampled_from(["long", "short"]), POSITIVE, POSITIVE)))
def test_nothing_is_lost_whatever_the_amounts(rows):
    levels = filled(liquidation(base=b, side=s, base_quantity=q, notional_usd=u) for b, s, q, u in rows)
    for base, side in levels.keys():  # noqa: SIM118 - not a dict
        group = [(q, u) for b, s, q, u in rows if (b, s) == (base, side)]
        exact = math.fsum(q for q, _ in group), math.fsum(u for _, u in group)
        assert levels.sums(base, side) == pytest.approx(exact, rel=1e-9)
        ladder = levels.ladder(base, side)
        assert [level.bucket for level in ladder] == sorted({bucket(u / q) for q, u in group})
        assert [levels.at(base, side, level.bucket) for level in ladder] == [(x.base_quantity, x.usd) for x in ladder]


def test_a_ladder_rises_and_tells_where_its_buckets_lie():
    prices = [50_000.0, 49_990.0, 51_000.0, 50_000.0, 10.0, 0.25]
    ladder = filled([priced(price) for price in prices]).ladder("BTC", "long")
    assert [level.usd for level in ladder] == [0.25, 10.0, 49_990.0, 100_000.0, 51_000.0]
    assert ladder[3].base_quantity == 2.0
    for level in ladder:
        assert level.from_usd <= level.usd / level.base_quantity < level.to_usd
        assert level.to_usd / level.from_usd == pytest.approx(RATIO)


def test_the_price_is_that_of_a_plain_unit():
    of_a_thousand = liquidation(base="PEPE", price=0.012, base_quantity=1000.0, notional_usd=0.012)
    of_one = liquidation(base="PEPE", price=0.000012, base_quantity=1.0, notional_usd=0.000012)
    levels = Levels()
    assert levels.apply(of_a_thousand) == levels.apply(of_one) == bucket(0.000012)


def test_what_is_unknown_is_empty():
    levels = filled([priced(10.0)])
    assert levels.ladder("ETH", "long") == levels.ladder("BTC", "short") == []
    assert levels.sums("ETH", "long") == levels.at("ETH", "long", 3) == levels.at("BTC", "long", 3) == (0.0, 0.0)


def test_changes_are_the_pages_touched_since_the_last_call():
    levels = filled([priced(edge(5)), priced(edge(6)), priced(edge(-1)), priced(edge(PAGE_BUCKETS))])
    assert sorted(page.number for page in levels.take_changes()) == [-1, 0, 1]
    assert levels.take_changes() == []
    levels.apply(priced(edge(5)))
    (page,) = levels.take_changes()
    assert (page.number, page.sums[10], page.sums[11]) == (0, 2.0, 2 * edge(5))
    levels.apply(priced(edge(5)))
    assert page.sums[10] == 2.0, "what was taken is a copy: it is written in another thread"


def test_pages_restore_the_same_levels_bit_for_bit():
    events = random_liquidations(12, 4000)
    live, restored = filled(events), filled([])
    restored.restore(filled(events[:2500]).take_changes())
    assert restored.take_changes() == [], "what came from the file need not be written again"
    for event in events[2500:]:
        restored.apply(event)
    assert restored.keys() == live.keys()
    for key in live.keys():  # noqa: SIM118 - not a dict
        assert restored.ladder(*key) == live.ladder(*key)
