"""What is told, from when, and until when."""

import pytest

from exporter.alerts.roll import COVERED_AFTER_MS, END_AFTER_MS, Roll
from exporter.config import AlertsSection
from tests.unit.alerts.moments import START_MS, calm, calmer, critical, moment

OFF = AlertsSection()
END_S = END_AFTER_MS // 1000
COVERED_S = COVERED_AFTER_MS // 1000


def told(roll, second):
    """Coins (or the market, empty) with what is posted of them: on, or over."""
    alerts = roll.told(START_MS + second * 1000)
    return {(each.labels.get("base", ""), "over" if each.ended_ms else "on") for each in alerts}


@pytest.fixture
def roll():
    roll = Roll()
    roll.look(moment(0, calm()), OFF)
    return roll


def test_it_opens_at_critical_and_lasts_until_the_episode_is_over(roll):
    assert not roll.look(moment(1, calmer(level=2)), OFF)
    assert told(roll, 1) == set()
    assert roll.look(moment(2, critical()), OFF)
    assert not roll.look(moment(3, calmer()), OFF)
    assert not roll.look(moment(4, critical()), OFF), "again at critical is nothing new"
    assert told(roll, 4) == {("BTC", "on")}
    assert not roll.look(moment(5, calm()), OFF)
    assert told(roll, 5) == set(), "what the rules still send must not be told otherwise"
    assert roll.look(moment(5 + END_S, calm()), OFF)
    assert told(roll, 5 + END_S) == {("BTC", "over")}
    roll.forget(roll.told(START_MS + (5 + END_S) * 1000))
    assert told(roll, 6 + END_S) == set()


def test_the_labels_are_those_of_the_rule_and_of_prometheus_itself(roll):
    roll.look(moment(2, critical(side="short")), AlertsSection(labels={"site": "a"}))
    [alert] = roll.told(START_MS)
    assert alert.labels == {
        "alertname": "LiquidationCascade",
        "severity": "critical",
        "domain": "market",
        "base": "BTC",
        "side": "short",
        "site": "a",
    }


def test_the_last_figures_of_the_episode_stay_with_its_end(roll):
    roll.look(moment(2, critical(usd=1e6)), OFF)
    roll.look(moment(3, calmer(usd=5.2e6)), OFF)
    roll.look(moment(4, calm()), OFF)
    [alert] = roll.told(START_MS + (4 + END_S) * 1000)
    assert alert.annotations["description"].startswith("$5.2M of BTC longs")


def test_what_ended_opens_again_only_at_critical(roll):
    roll.look(moment(2, critical()), OFF)
    roll.look(moment(3, calm()), OFF)
    assert not roll.look(moment(4, calmer(level=2)), OFF)
    assert told(roll, 4) == set()
    assert roll.look(moment(5, critical()), OFF)
    assert told(roll, 5) == {("BTC", "on")}


def test_a_coin_that_is_no_longer_shown_is_over(roll):
    roll.look(moment(2, critical("WIF")), OFF)
    roll.look(moment(3, calm()), OFF)
    assert told(roll, 3 + END_S) == {("WIF", "over")}


def test_after_a_start_an_episode_that_has_been_critical_is_told():
    roll = Roll()
    assert roll.look(moment(0, calmer(level=3)), OFF)
    other = Roll()
    assert not other.look(moment(0, calmer(level=2)), OFF)


def test_below_the_minimum_of_its_coin_and_mute(roll):
    config = AlertsSection(minimum_usd={"BTC": 5e6}, mute=("DOGE",))
    assert not roll.look(moment(2, critical(usd=4.9e6), critical("DOGE", usd=1e9)), config)
    assert roll.look(moment(3, critical(usd=5e6), critical("DOGE", usd=1e9)), config)
    assert told(roll, 3) == {("BTC", "on")}


def test_a_coin_told_before_the_market_ends_with_it_and_one_told_later_by_itself(roll):
    roll.look(moment(2, critical()), OFF)
    roll.look(moment(4, critical(), critical("*")), OFF)
    later = 5 + COVERED_S
    roll.look(moment(later, critical(), critical("SOL"), critical("*")), OFF)
    roll.look(moment(later + 1, calm(), calm("SOL"), critical("*")), OFF)
    assert told(roll, later + 1) == {("BTC", "on"), ("", "on")}
    assert told(roll, later + 1 + END_S) == {("BTC", "on"), ("SOL", "over"), ("", "on")}
    roll.look(moment(later + 2, calm(), calm("*")), OFF)
    assert told(roll, later + 2 + END_S) == {("BTC", "over"), ("SOL", "over"), ("", "over")}


def test_the_other_side_of_the_market_holds_nothing(roll):
    roll.look(moment(2, critical(), critical("*", "short")), OFF)
    roll.look(moment(3, calm(), critical("*", "short")), OFF)
    assert told(roll, 3) == {("", "on")}
