import pytest

from exporter.exchanges import REGISTRY
from exporter.simulator.catalogue import EXCHANGES
from exporter.simulator.crowd import crowd
from exporter.simulator.limits import Guard, Limits, Rate, Use
from exporter.simulator.market import Prices


def test_a_socket_may_send_so_much_in_a_stretch_of_time_and_no_more():
    guard = Guard(Limits(messages=Rate(3, 1.0)))
    meter = guard.meter()
    allowed = []
    for now in (0.0, 0.5, 0.9, 1.2, 1.6):
        meter.message(now, "ping")
        allowed.append(guard.allows(now, meter))
    assert allowed == [True, True, True, True, True]
    meter.message(1.65, "ping")
    assert not guard.allows(1.65, meter)
    assert guard.refused == 1
    assert guard.uses() == [Use("messages on a socket", 4, 3, 1.0)]


def test_only_subscriptions_count_as_requests():
    guard = Guard(Limits(requests=Rate(1, 60.0)))
    meter = guard.meter()
    for text in ("ping", '{"op":"subscribe"}', None):
        meter.message(1.0, text)
        assert guard.allows(1.0, meter)
    meter.message(2.0, '{"op":"subscribe"}')
    assert not guard.allows(2.0, meter)


def test_the_texts_of_all_sockets_count_together():
    guard = Guard(Limits(address_messages=Rate(2, 60.0)))
    assert [guard.allows(float(now), guard.meter()) for now in range(3)] == [True, True, False]


def test_connections_are_limited_by_number_and_pace():
    guard = Guard(Limits(sockets=2, connects=Rate(3, 10.0)))
    assert [guard.admits(0.0, 0), guard.admits(1.0, 1), guard.admits(2.0, 2), guard.admits(3.0, 1)] == [
        True,
        True,
        False,
        False,
    ]
    assert guard.admits(11.5, 1)
    assert guard.uses() == [Use("sockets", 3, 2), Use("connects", 4, 3, 10.0)]


@pytest.mark.parametrize("name", EXCHANGES)
def test_a_crowd_is_listed_and_every_one_of_it_is_a_coin_of_its_own(name):
    exchange = EXCHANGES[name](Prices(1), 1)
    before = set(exchange.contracts)
    exchange.enlarge(800)
    more = [contract for symbol, contract in exchange.contracts.items() if symbol not in before]
    assert len(exchange.contracts) == 800
    assert len({contract.coin for contract in more}) == len(more)
    assert {contract.coin for contract in more} <= set(exchange.prices.usd)


def test_every_exchange_has_the_same_crowd():
    crowds = [[each.coin for each in crowd(exchange.table(), 5)] for exchange in EXCHANGES.values()]
    assert crowds == [crowds[0]] * len(REGISTRY)
