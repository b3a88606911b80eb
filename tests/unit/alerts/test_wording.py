"""The texts of the fast path are those of the rules: both sides are held against the rules' own tests."""

import pytest

from exporter.alerts.wording import COIN_ALERT, MARKET_ALERT, annotations, coin_text, humanized, labels, market_text
from tests.rules.alerting import expected
from tests.unit.alerts.moments import episode


def test_a_coin():
    rule_labels, rule = expected("LiquidationCascade")
    told = episode(usd=4.3e6, max_score=91.0, exchanges=("bybit", "binance"))
    text = coin_text(told)
    found = annotations(
        COIN_ALERT, text, "http://localhost:3000/d/liq-overview", "http://prometheus.example/user/runbooks.md"
    )
    assert found == rule
    assert labels("BTC", "long", {}) == rule_labels


def test_the_market():
    rule_labels, rule = expected("MarketWideCascade", 1)
    text = market_text(episode("*", usd=60e6, max_score=90.0), {"SOL": 900_000.0, "BTC": 31e6})
    found = annotations(
        MARKET_ALERT, text, "http://localhost:3000/d/liq-overview", "http://prometheus.example/user/runbooks.md"
    )
    assert found == rule
    assert labels(None, "long", {}) == rule_labels


def test_without_coins_and_without_reasons():
    assert (
        market_text(episode("*", usd=999.0), {})
        == "$999 of longs liquidated over all coins\nhighest score of the market as a whole 91 of 100"
    )
    assert coin_text(episode(contributions=(-1.0,) * 6)).endswith("\nhighest score 91 of 100")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (999.0, "999"), (1000.0, "1k"), (350_000.0, "350k"), (4_213_000.0, "4.213M"), (1.25e9, "1.25G")],
)
def test_numbers_are_written_as_prometheus_writes_them(value, text):
    assert humanized(value) == text
