"""Which coins have windows besides the main ones."""

import random

import pytest

from exporter.cells import OTHER
from exporter.ledger import Ledger
from exporter.metrics.window_bases import WindowBases
from exporter.model import SIDES
from tests.unit.metrics.filled import DAY_MS, NOW_MS, event

MINUTE_MS = 60_000


class Market:
    """A ledger with one main coin, and the choice over it."""

    def __init__(self, limit, base_cap=1000):
        self.ledger = Ledger(["binance", "bybit"], ("BTC",), base_cap)
        self.bases = WindowBases(self.ledger.bases, limit)
        self._seq = 0

    def liquidate(self, base, usd, time_ms=NOW_MS, exchange="bybit", side="long"):
        self._seq += 1
        self.ledger.apply(self._seq, event(exchange, base, side, usd=usd, time_ms=time_ms))

    def chosen(self, now_ms=NOW_MS):
        coins = {}
        for cell in self.ledger.series():
            coins.setdefault(cell.key[1], []).append(cell)
        coins.pop(OTHER, None)
        before = self.bases.chosen
        assert self.bases.rank(now_ms // MINUTE_MS, coins) == (self.bases.chosen != before)
        assert "BTC" in self.bases.chosen
        return self.bases.chosen - {"BTC"}


def test_the_largest_coins_of_the_day_over_exchanges_and_sides():
    market = Market(3)
    market.liquidate("AAA", 60)
    market.liquidate("BBB", 40)
    market.liquidate("BBB", 40, exchange="binance", side="short")
    market.liquidate("CCC", 50)
    market.liquidate("OLD", 1000, time_ms=NOW_MS - DAY_MS - MINUTE_MS)
    assert market.chosen() == {"AAA", "BBB"}


def test_main_coins_count_first_and_always():
    market = Market(0)
    market.liquidate("AAA", 60)
    assert market.chosen() == set()


def test_coins_are_ranked_anew_when_a_minute_begins_and_not_before():
    market = Market(2)
    market.liquidate("AAA", 60)
    assert market.chosen() == {"AAA"}
    market.liquidate("BBB", 70)
    assert market.chosen(NOW_MS + 1) == {"AAA"}
    assert market.chosen(NOW_MS + MINUTE_MS) == {"BBB"}


def test_a_coin_leaves_only_for_a_larger_one():
    market = Market(2)
    market.liquidate("BBB", 60)
    assert market.chosen() == {"BBB"}
    market.liquidate("AAA", 60)
    assert market.chosen(NOW_MS + MINUTE_MS) == {"BBB"}, "as large is not larger"
    later = NOW_MS + 2 * DAY_MS
    assert market.chosen(later) == {"BBB"}, "its day has ended, and nobody wants the place"
    market.liquidate("AAA", 0.5, time_ms=later)
    assert market.chosen(later + MINUTE_MS) == {"AAA"}


def test_equal_coins_by_name():
    market = Market(2)
    for base in ("CCC", "AAA", "BBB"):
        market.liquidate(base, 60)
    assert market.chosen() == {"AAA"}


def test_coins_beyond_the_cap_have_no_windows():
    market = Market(5, base_cap=2)
    market.liquidate("AAA", 1)
    market.liquidate("BBB", 1000)
    assert market.chosen() == {"AAA"}


@pytest.mark.parametrize("seed", range(6))
def test_the_choice_is_that_of_ranking_everything_each_minute(seed):
    """Whatever is left out because it can not have become large enough: coins come and go, late events come in."""
    rng = random.Random(seed)
    market = Market(4)
    events = []
    now_ms = NOW_MS
    shown = set()
    for _ in range(150):
        now_ms += rng.choice((MINUTE_MS, MINUTE_MS, 3_600_000, 20_000_000))
        for _ in range(rng.randrange(5)):
            base, usd, time_ms = (
                rng.choice("STUVWXYZ"),
                rng.random(),
                now_ms - rng.choice((0, 0, rng.randrange(DAY_MS))),
            )
            market.liquidate(base, usd, time_ms, rng.choice(("binance", "bybit")), rng.choice(SIDES))
            events.append((base, usd, time_ms // MINUTE_MS))
        if rng.random() < 0.5:
            market.ledger.forget_minutes(now_ms)
        oldest = now_ms // MINUTE_MS - 1440
        usd = {base: sum(amount for name, amount, at in events if name == base and at > oldest) for base in "STUVWXYZ"}
        wanted = [base for base in usd if usd[base] or base in shown]
        wanted.sort(key=lambda base: (-usd[base], base not in shown, base))
        shown = set(wanted[:3])
        assert market.chosen(now_ms) == shown
