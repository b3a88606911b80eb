from exporter.signals.market import Coins
from exporter.signals.parameters import Breadth, Parameters
from tests.streams import DAY_S, START_MS, background, cascade, play, rng, started

RULES = Breadth()


def test_three_coins_at_a_level_are_the_market():
    coins = Coins()
    for number, base in enumerate("XYZ"):
        assert coins.count(0, RULES) == 0
        coins.moved(base, 2, number)
    assert coins.count(10, RULES) == 2
    for base in "XYZ":
        coins.moved(base, 3, 10)
    assert coins.count(20, RULES) == 3


def test_eight_coins_at_warning_are_critical():
    coins = Coins()
    for base in "ABCDEFGH":
        coins.moved(base, 2, 0)
    assert coins.count(0, RULES) == 3


def test_a_coin_counts_for_a_minute_after_it_left():
    coins = Coins()
    for base in "XYZ":
        coins.moved(base, 2, 0)
    coins.moved("X", 1, 5_000)
    assert coins.count(65_000, RULES) == 2
    assert coins.count(65_001, RULES) == 0
    assert set(coins.members) == {"Y", "Z"}


def market_wide(bases, seed=1):
    random = rng(seed)
    orders = []
    for base in bases:
        orders += [(row[0], base, *row[2:]) for row in background(random, 300, 1.5 * DAY_S)]
        orders += cascade(random, 1.5 * DAY_S + 5, 120, 40, base=base)
    return orders


def test_a_market_wide_cascade_raises_the_market_and_one_coin_does_not():
    parameters = Parameters(market_floor_usd=1e12)
    engine = started(parameters)
    changes, _ = play(engine, market_wide(["A"]), 1.5 * DAY_S + 60)
    assert not [change for change in changes if change.base == "*"]
    engine = started(parameters)
    changes, episodes = play(engine, market_wide(["A", "B", "C", "D"]), 1.5 * DAY_S + 60)
    market = [change for change in changes if change.base == "*"]
    assert market
    assert all(change.by_breadth for change in market)
    assert engine.market("long").level >= 2
    assert engine.market("short").level == 0
    assert any(episode.base == "*" for episode in episodes)


def test_the_market_falls_with_its_coins():
    engine = started()
    play(engine, market_wide(["A", "B", "C", "D"]), 1.5 * DAY_S + 60)
    engine.advance(START_MS + int((1.5 * DAY_S + 900) * 1000))
    assert engine.market("long").level == 0
    assert engine.market("long").episode is None


def test_the_market_has_its_own_floor():
    changes, _ = play(started(Parameters(market_floor_usd=1e12)), market_wide(["A", "B"]), 1.5 * DAY_S + 60)
    assert {change.base for change in changes} == {"A", "B"}
