"""A cascade is the same on every board that shows it, at one moment."""

import pytest

from tests.boards.committed import BOARDS
from tests.boards.frames import named, rows

CHOICE = {"coin": "BTC", "window": "24h", "by": "notional_usd", "level": "2", "pairs": "long"}
SIDES = {"longs": "long", "shorts": "short"}


def answers(demo, board, panel):
    return {query.letter: demo.live.answer(query, CHOICE, board.variables) for query in panel.queries}


def shown(demo, file, title, place=0):
    """What a panel shows, the first or another one with this title."""
    board = BOARDS[file]
    panel = [each for each in board.panels if each.title == title][place]
    return named(panel, answers(demo, board, panel))


def coins_now(demo):
    board = BOARDS["cascades"]
    panel = board.panel("Coins now")
    return {(row["Coin"], row["Side"]): row["Score"] for row in rows(panel, answers(demo, board, panel))}


@pytest.fixture
def scores(demo):
    """The scores as scraped, by coin and side."""
    found = demo.api.instant("liquidation_cascade_risk_score", demo.live.time)
    return {(series.labels["base"], series.labels["side"]): series.last for series in found}


def test_overview_coin_and_cascades_show_the_score_of_the_coin(demo, scores):
    expected = {name: scores["BTC", side] for name, side in SIDES.items()}
    assert shown(demo, "overview", "Cascade score", place=1) == expected
    assert shown(demo, "coin", "Cascade score") == expected
    table = coins_now(demo)
    for name, side in SIDES.items():
        assert table.get(("BTC", side), expected[name]) == expected[name]


def test_the_highest_score_leads_quick_look_and_the_table(demo, scores):
    (best,) = shown(demo, "quick", "Highest score").items()
    assert best[1] == max(scores.values())
    assert max(coins_now(demo).values()) == best[1]


def test_the_market_is_the_same_on_overview_and_cascades(demo):
    assert shown(demo, "overview", "Cascade score") == shown(demo, "cascades", "Cascade score · all coins")
