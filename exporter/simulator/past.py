"""A simulated past: what the exporter would have in its journal had it run since yesterday."""

from collections.abc import Iterator
from math import cos, exp, pi
from operator import attrgetter
from random import Random

from exporter.model import LONG, Liquidation, Side
from exporter.simulator.catalogue import EXCHANGES
from exporter.simulator.contracts import COINS
from exporter.simulator.market import poisson
from exporter.simulator.orders import Order, Pool, draw_order, draw_side
from exporter.simulator.scenarios import MAJORS

MINUTE_MS = 60_000
MEAN_RATE = 24.0
CASCADE_MINUTES = 4
CASCADE_RATE = 900.0
CASCADE_SCALE = 2.0
CASCADE_FALL = 0.008
LONG_SHARE = 0.53
BUSIEST_HOUR = 15
VOLATILITY = 0.0006
DELAY_MS = 300


def past(seed: int, until_ms: int, hours: int = 24) -> Iterator[Liquidation]:
    """Yield `hours` of liquidations of all exchanges in the order of their times, about 40,000 a day.

    They end before the last full minute before `until_ms`. The hours around 15:00 UTC are the busiest; somewhere in the
    past longs of the majors cascaded. The same seed and end always give the same past. Every id begins with `past-`.
    """
    rng = Random(f"{seed}:past")
    minutes = hours * 60
    first = until_ms // MINUTE_MS - 1 - minutes
    cascade = first + rng.randrange(max(1, minutes * 3 // 4))
    traded = [contract for exchange in EXCHANGES.values() for contract in exchange.table() if not contract.traded_s]
    pool, majors = Pool(traded), Pool(traded, MAJORS)
    number = 0
    for minute, prices in zip(range(first, first + minutes), _prices(rng, minutes, cascade - first), strict=True):
        orders = [_order(rng, pool, prices, minute) for _ in range(poisson(rng, _rate(minute)))]
        if cascade <= minute < cascade + CASCADE_MINUTES:
            count = poisson(rng, CASCADE_RATE * exp(cascade - minute))
            orders += [_order(rng, majors, prices, minute, LONG, CASCADE_SCALE) for _ in range(count)]
        for order in sorted(orders, key=attrgetter("time_ms")):
            number += 1
            yield order.liquidation(order.time_ms + DELAY_MS, f"past-{seed}-{number}", "replay")


def _rate(minute: int) -> float:
    """Return the mean number of liquidations in a minute: the rhythm of a day, 1.21 being the exponential's mean."""
    hour = minute / 60 % 24
    return MEAN_RATE * exp(0.9 * cos((hour - BUSIEST_HOUR) / 24 * 2 * pi)) / 1.21


def _prices(rng: Random, minutes: int, cascade: int) -> list[dict[str, float]]:
    """Return the coins' USD prices for each minute.

    The walk is made backwards from where the live market begins, so that nothing jumps when it opens.
    """
    prices = {coin.name: coin.price for coin in COINS.values()}
    trail = []
    for minute in reversed(range(minutes)):
        trail.append(dict(prices))
        falling = cascade <= minute < cascade + CASCADE_MINUTES
        for name in prices:
            fall = CASCADE_FALL if falling and name in MAJORS else 0.0
            prices[name] *= exp(fall + rng.gauss(0.0, VOLATILITY))
    return trail[::-1]


def _order(
    rng: Random, pool: Pool, prices: dict[str, float], minute: int, side: Side | None = None, scale: float = 1.0
) -> Order:
    contract = pool.draw(rng)
    time_ms = minute * MINUTE_MS + rng.randrange(MINUTE_MS)
    side = side or draw_side(rng, LONG_SHARE)
    return draw_order(rng, contract, prices[contract.coin], side, time_ms, scale)
