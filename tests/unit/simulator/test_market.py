from itertools import islice, repeat
from random import Random

import pytest

from exporter.simulator.catalogue import EXCHANGES
from exporter.simulator.contracts import COINS
from exporter.simulator.market import Arrivals, Market, Prices, poisson
from exporter.simulator.scenarios import SCENARIOS, SCRIPTS, SUBSCRIBED_S, Cast, Phase, Surge

CAST = Cast(("binance", "bybit"), "bybit")


def market_of(script, seed=1, rate=None):
    contracts = [contract for exchange in EXCHANGES.values() for contract in exchange.table()]
    return Market(contracts, Prices(seed), iter(script), seed, rate)


def play(market, seconds, takes=lambda order: True):
    orders = []

    def offer(order):
        taken = takes(order)
        if taken:
            orders.append(order)
        return taken

    faults = [fault for _ in range(round(seconds * 20)) for fault in market.step(offer)]
    return orders, faults


def told(orders):
    return [(order.contract.symbol, order.time_ms, order.side, order.price, order.quantity) for order in orders]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_seed_tells_the_same_story_every_time(scenario):
    runs = []
    for seed in (7, 7, 8):
        market = market_of(SCRIPTS[scenario](Random(f"{seed}:script"), CAST), seed)
        orders, faults = play(market, 60)
        runs.append((told(orders), faults))
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
    assert len(runs[0][0]) > 20


def test_orders_happen_within_their_step():
    market = market_of(repeat(Phase(seconds=1, rate=50)))
    market.epoch_ms = 1_000_000
    for number in range(100):
        orders = []
        market.step(lambda order, orders=orders: bool(orders.append(order)) or True)
        assert all(1_000_000 + number * 50 <= order.time_ms < 1_000_050 + number * 50 for order in orders)


@pytest.mark.parametrize("takes", [lambda order: True, lambda order: order.contract.exchange in {"binance", "bybit"}])
def test_the_rate_counts_what_is_sent(takes):
    orders, _ = play(market_of(repeat(Phase(seconds=60, rate=1)), rate=300), 30, takes)
    assert len(orders) == pytest.approx(9000, rel=0.06)


def test_rate_zero_is_silence():
    assert play(market_of(SCRIPTS["busy"](Random(1), CAST), rate=0), 60)[0] == []


def test_arrivals_keep_their_mean_rate_and_cluster():
    rng, arrivals = Random(3), Arrivals(40, 0.6)
    seconds = [sum(arrivals.count(rng) for _ in range(20)) for _ in range(3000)]
    mean = sum(seconds) / len(seconds)
    assert mean == pytest.approx(40, rel=0.05)
    assert sum((each - mean) ** 2 for each in seconds) / len(seconds) > 1.15 * mean


@pytest.mark.parametrize("mean", [0.0, 0.3, 12.0, 400.0])
def test_poisson_has_its_mean(mean):
    rng = Random(5)
    assert sum(poisson(rng, mean) for _ in range(4000)) / 4000 == pytest.approx(mean, rel=0.08, abs=0.01)


def test_a_surge_takes_one_side_of_its_coins_and_moves_their_prices():
    surge = Surge("long", rate=60, drift=-0.002, branching=0.5)
    market = market_of(repeat(Phase(seconds=60, rate=0, surge=surge)))
    orders, _ = play(market, 40)
    surging = [order for order in orders if order.contract.traded_s == 0]
    assert {order.contract.coin for order in surging} == {"BTC", "ETH", "SOL"}
    assert {order.contract.exchange for order in surging} == set(EXCHANGES)
    assert {order.side for order in surging} == {"long"}
    fall = [usd / COINS[coin].price for coin, usd in market.prices.usd.items()]
    assert min(fall) < 0.97
    assert sum(each > 0.98 for each in fall) >= len(COINS) - 3


def test_a_new_contract_trades_from_its_time_on_and_surely_once():
    orders, _ = play(market_of(repeat(Phase(seconds=60, rate=0.001))), 50)
    first = {}
    for order in orders:
        first.setdefault((order.contract.exchange, order.contract.symbol), order.time_ms)
    assert first["binance", "VIRTUALUSDT"] == pytest.approx(3_000, abs=50)
    assert first["bybit", "MOODENGUSDT"] == pytest.approx(45_000, abs=50)


@pytest.mark.parametrize("scenario", ["calm", "cascade"])
def test_even_where_little_happens_every_exchange_soon_has_something_to_show(scenario):
    orders, _ = play(market_of(SCRIPTS[scenario](Random(5), CAST)), SUBSCRIBED_S + 0.1)
    assert {order.contract.exchange for order in orders} == set(EXCHANGES)


def test_two_equal_liquidations_happen():
    orders, _ = play(market_of(repeat(Phase(seconds=60, rate=100))), 20)
    rows = told(orders)
    assert len(set(rows)) < len(rows)


def test_bankruptcy_prices_lie_beyond_the_market():
    market = market_of(repeat(Phase(seconds=60, rate=100)))
    for order in play(market, 5)[0]:
        mark = market.prices.usd[order.contract.coin] * order.contract.multiplier
        away = float(order.price) / mark
        if order.contract.price_kind == "bankruptcy":
            assert 0.93 < away < 0.98 if order.side == "long" else 1.0 < away < 1.02
        else:
            assert away == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scripts_never_end_and_name_only_who_plays(scenario):
    phases = list(islice(SCRIPTS[scenario](Random(2), Cast(("binance",), "binance")), 200))
    assert len(phases) == 200
    assert {fault.exchange for phase in phases for fault in phase.faults} <= {"binance"}
    assert all(phase.seconds > 0 for phase in phases)


def test_the_scenarios_are_what_they_are_called():
    def phases(name):
        return list(islice(SCRIPTS[name](Random(1), CAST), 60))

    assert not any(phase.faults or phase.surge for phase in phases("calm"))
    assert {phase.surge.side for phase in phases("cascade") if phase.surge} == {"long", "short"}
    outages = {fault.kind for phase in phases("outage") for fault in phase.faults}
    assert outages == {"close", "abort", "half_open", "silence", "refuse", "refuse_rest", "offline"}
    hostile = phases("hostile")
    assert {fault.exchange for phase in hostile for fault in phase.faults} == {"bybit"}
    assert {fault.kind for phase in hostile for fault in phase.faults} >= {
        "garble",
        "flood",
        "flap",
        "stall",
        "refuse_subscriptions",
        "oversized",
        "not_utf8",
    }
    assert any(phase.duplicates for phase in phases("busy"))
