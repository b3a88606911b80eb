from collections import Counter

import pytest

from tests.chaos.plan import DATABASE, EXPORTER, KILL, NETWORK, REDIS, draw


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kills", [0, 1, 9, 30])
def test_a_plan_kills_so_often_and_does_everything_else_at_least_once(seed, kills):
    plan = draw(seed, kills, 100.0)
    kinds = {lane: Counter(act.kind for act in acts) for lane, acts in plan.items()}
    assert sum(counter[KILL] for counter in kinds.values()) == kills
    assert kinds[EXPORTER]["limit the file size"] == 1
    assert (kinds[REDIS]["flush"], kinds[REDIS]["fill"], kinds[DATABASE]["read-only"]) == (1, 1, 1)
    wanted = {f"{what} {whom}" for what in ("cut", "silence", "lose answers of") for whom in (REDIS, DATABASE)}
    assert set(kinds[NETWORK]) == wanted
    if kills >= 9:
        assert all(kinds[lane][KILL] for lane in (EXPORTER, REDIS, DATABASE))


def test_a_seed_always_tells_the_same_story():
    assert draw(3, 30, 180.0) == draw(3, 30, 180.0) != draw(4, 30, 180.0)


def test_every_lane_takes_about_as_long_as_asked_for():
    for acts in draw(3, 30, 180.0).values():
        assert sum(act.after + act.lasts for act in acts) == pytest.approx(180, rel=0.5)
