import math

import pytest

from exporter.signals import Parameters
from exporter.signals.parameters import Coin, EpisodeRules, Gates
from tests.streams import DAY_S, START_MS, background, cascade, order, play, rng, started

CASCADE_S = 1.5 * DAY_S
FEEDS = {"a": "full", "b": "full"}


def story(orders, parameters=None, until_s=CASCADE_S + 3600):
    engine = started(parameters, FEEDS)
    changes, episodes = play(engine, background(rng(1), 300, CASCADE_S, "ab") + orders, until_s)
    return changes, [episode for episode in episodes if episode.base == "X"]


def burst(start_s=20.0, side="long", orders=120, seconds=40):
    return cascade(rng(2), CASCADE_S + start_s, orders, seconds, side, "ab")


def test_an_episode_is_told_when_it_opens_rises_and_closes():
    changes, episodes = story(burst())
    assert [episode.state for episode in episodes][-1] == "closed"
    assert {episode.id for episode in episodes} == {f"X|long|{episodes[0].start_ms}"}
    ascending = [episode.max_level for episode in episodes]
    assert ascending == sorted(ascending)
    assert max(ascending) == max(change.level for change in changes if change.base == "X")


def test_its_figures_are_those_of_the_orders_between_start_and_end():
    orders = burst()
    _, episodes = story(orders)
    last = episodes[-1]
    own = [row for row in sorted(orders) if last.start_ms <= row[0] <= last.end_ms]
    assert last.events == len(own)
    assert last.usd == pytest.approx(math.fsum(row[4] for row in own), rel=1e-12)
    assert last.largest_usd == max(row[4] for row in own)
    assert (last.price_first, last.price_last) == (own[0][5], own[-1][5])
    assert last.price_extreme == min(row[5] for row in own)
    assert last.exchanges == tuple(dict.fromkeys(row[3] for row in own))
    assert last.first_exchange == own[0][3]
    assert last.price_buckets == 1 + int(math.log(last.price_first / last.price_extreme) / math.log(1.001))


def test_it_begins_with_the_burst_and_not_with_the_alarm():
    orders = burst()
    _, episodes = story(orders)
    assert episodes[0].start_ms == min(row[0] for row in orders)
    assert episodes[0].opened_ms > episodes[0].start_ms


def test_it_is_over_after_two_minutes_without_an_order_that_belongs_to_it():
    _, episodes = story(burst())
    last = episodes[-1]
    assert 120_000 <= last.closed_ms - last.end_ms <= 180_000


def test_the_peak_is_the_heaviest_ten_seconds():
    orders = [order(CASCADE_S + 20 + n / 4, usd=3000.0, exchange="ab"[n % 2]) for n in range(240)]
    orders += [order(CASCADE_S + 50 + n / 20, usd=20_000.0, exchange="ab"[n % 2]) for n in range(60)]
    _, episodes = story(orders)
    assert CASCADE_S + 50 <= (episodes[-1].peak_ms - START_MS) / 1000 <= CASCADE_S + 60
    assert 60 * 20_000 <= episodes[-1].peak_usd <= 60 * 20_000 + 40 * 3000


def test_a_short_cascade_has_its_extreme_above():
    orders = [(*row[:5], 100.0 + number) for number, row in enumerate(sorted(burst(side="short")))]
    _, episodes = story(orders)
    assert episodes[-1].price_extreme == episodes[-1].price_last > episodes[-1].price_first


def test_a_long_one_is_flagged_and_rolled_over():
    rules = EpisodeRules(prolonged_min=0.25, roll_over_h=0.01)
    _, episodes = story(burst(orders=400, seconds=120), Parameters(episodes=rules))
    closed = [episode for episode in episodes if episode.state == "closed"]
    assert len(closed) >= 2
    assert {"prolonged", "rolled_over"} <= set(closed[0].flags)
    assert closed[1].start_ms > closed[0].end_ms


def test_two_sides_that_cascade_together_are_flagged():
    orders = burst(20, "long", 200, 30) + burst(21, "short", 200, 30)
    _, episodes = story(orders, Parameters(gates=Gates(share=0.1)))
    closed = [episode for episode in episodes if episode.state == "closed"]
    assert {episode.side for episode in closed} == {"long", "short"}
    assert all("two_sided" in episode.flags for episode in closed)


def test_two_sides_one_after_the_other_are_two_episodes():
    _, episodes = story(burst(20, "long", 200, 30) + burst(300, "short", 400, 30))
    closed = [episode for episode in episodes if episode.state == "closed"]
    assert [episode.side for episode in closed] == ["long", "short"]
    assert not any("two_sided" in episode.flags for episode in closed)


def test_a_muted_coin_has_a_score_but_neither_levels_nor_episodes():
    engine = started(Parameters(coins={"X": Coin(mute=True)}), FEEDS)
    orders = background(rng(1), 300, CASCADE_S, "ab") + burst()
    changes, episodes = play(engine, orders)
    assert not [change for change in changes if change.base == "X"]
    assert not [episode for episode in episodes if episode.base == "X"]
    assert engine.reading("X", "long").score > 51


def test_below_its_floor_a_coin_does_not_cascade():
    changes, episodes = story(burst(), Parameters(coins={"X": Coin(floor_usd=1e9)}))
    assert not [change for change in changes if change.base == "X"]
    assert not episodes
