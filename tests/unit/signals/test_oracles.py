"""What must not look like a cascade, whatever the weights: a week each, on coins of three sizes."""

import pytest

from tests.streams import DAY_S, ascents, background, cascade, order, play, rng, size, started

WEEK_S = 7 * DAY_S
PER_DAY = [60, 300, 1500]


def quiet_week(random, per_day):
    return background(random, per_day, WEEK_S)


def whales(random, per_day):
    """Single orders of 2 to 12 % of a mean day, three a day."""
    return quiet_week(random, per_day) + [
        order((day + random.random()) * DAY_S, random.choice(("long", "short")), 2e5 + per_day * 8e3 * share)
        for day in range(7)
        for share in (0.02, 0.06, 0.12)
    ]


def two_sided(random, per_day):
    """A burst a day in which both sides are liquidated alike."""
    orders = quiet_week(random, per_day)
    for day in range(7):
        start_s = (day + random.random()) * DAY_S
        orders += [
            order(start_s + 90 * random.random(), random.choice(("long", "short")), 1.8 * size(random))
            for _ in range(max(30, per_day // 20))
        ]
    return orders


def regime(random, per_day):
    """Four hours a day in which everything happens three times as often."""
    return background(
        random, per_day, WEEK_S, factor=lambda second: 3.0 if second // 3600 % 24 in {10, 11, 12, 13} else 1.0, most=3.0
    )


@pytest.mark.parametrize("kind", [quiet_week, whales, two_sided, regime])
def test_what_is_no_cascade_raises_no_alarm(kind):
    critical = warnings = weeks = 0
    for per_day in PER_DAY:
        for seed in range(2):
            changes, _ = play(started(), kind(rng(seed), per_day), WEEK_S + 600)
            critical += len(ascents(changes, 3)) + len(ascents(changes, 3, "*"))
            warnings += len(ascents(changes, 2))
            weeks += 1
    assert critical == 0
    assert warnings / weeks <= 0.2


@pytest.mark.parametrize(("per_day", "orders"), [(300, 80), (1500, 150), (6000, 400)])
def test_what_is_one_does(per_day, orders):
    random = rng(1)
    moment = 1.6 * DAY_S
    stream = background(random, per_day, 1.7 * DAY_S) + cascade(random, moment, orders, 45)
    changes, episodes = play(started(), stream, 1.8 * DAY_S)
    assert ascents(changes, 2)
    closed = [episode for episode in episodes if episode.base == "X" and episode.state == "closed"]
    assert len(closed) == 1
    assert closed[0].side == "long"


def test_large_single_orders_are_told_apart_from_cascades():
    engine = started()
    play(engine, [*background(rng(2), 300, 1.5 * DAY_S), order(1.5 * DAY_S + 30, usd=900_000.0)])
    prints = [each for each in engine.take_prints() if each.usd == 900_000.0]
    assert [each.alone for each in prints] == [True]
