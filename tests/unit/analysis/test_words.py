import pytest

from exporter.analysis.words import REASONS, details, headline, reasons
from exporter.signals.readings import COMPONENTS, LevelChange
from tests.unit.metrics.filled import episode, reading

PARTS = (4.5, 1.25, 0.5, 0.25, 0.75, -1.5)


def change(base="BTC", side="long", level=2, previous=1, **more):
    return LevelChange(1, base, side, level, previous, 52.4, PARTS, **{"coverage": 1.0} | more)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (change(), "BTC longs: cascade warning (was watch)"),
        (change("*", "short", 3, 0), "market shorts: cascade critical (was none)"),
    ],
)
def test_a_headline_names_coin_side_and_levels(what, words):
    assert headline(what) == words


def test_details_say_how_much_where_and_why():
    assert details(change(), reading(52.4, 2, episode("BTC", "long"))) == {
        "score": 52,
        "usd": 2_345_678,
        "events": 87,
        "exchanges": "bybit,binance",
        "why": "; ".join(reasons(PARTS)),
    }


def test_a_fall_needs_no_reason_and_missing_feeds_are_said():
    said = details(change(level=0, coverage=0.62), reading(3.0, 0))
    assert said == {"score": 52, "usd": 2_400_000, "coverage": "62%"}


def test_a_level_by_many_coins_says_so():
    assert details(change("*", by_breadth=True), None)["why"] == "several coins at once"


def test_every_component_has_words_and_penalties_are_no_reasons():
    assert set(REASONS) == set(COMPONENTS)
    assert reasons((0.0, -1.0, 0.0, 0.5, -0.1, -2.0)) == [f"{REASONS['breadth']} +0.5"]
