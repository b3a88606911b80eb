"""A small market with a cascade in it, as the exporter would receive it."""

import random

import msgspec

from exporter.model import FeedChange
from exporter.signals import Parameters
from exporter.signals.parameters import Gates, Levels, Threshold, Warmup
from tests.events import T0, liquidation

FEEDS = {"binance": "sampled", "bybit": "full"}
EAGER = Parameters(
    gates=Gates(closed_score=15.0),
    levels=Levels(
        watch=Threshold(enter=20.0, exit=10.0),
        warning=Threshold(enter=30.0, exit=20.0),
        critical=Threshold(enter=50.0, exit=40.0),
    ),
    warmup=Warmup(hours=0.0, orders=1),
    coins={},
    floor_usd=50_000.0,
    market_floor_usd=200_000.0,
)
"""Nothing to learn first, because a test cannot wait for six hours, and levels that any fit of the weights reaches."""
MINUTE_MS = 60_000


def feed(exchange, up, time_ms, line="futures"):
    return FeedChange(time_ms, exchange, line, up=up)


def market(seed=1, minutes=5, cascade_minute=3, late=0):
    """(received_ms, entry) in the order of arrival: feeds up, orders all the time, a minute of many large ones."""
    draw = random.Random(seed)
    arrivals = [(T0, feed(exchange, True, T0)) for exchange in FEEDS]
    end = T0 + minutes * MINUTE_MS
    cascade = T0 + cascade_minute * MINUTE_MS
    number = 0
    for start, stop, gap_ms, scale, bases in (
        (T0, end, 1500, 300.0, ("BTC", "ETH", "SOL")),
        (cascade, cascade + 45_000, 100, 20_000.0, ("BTC", "ETH", "SOL")),
    ):
        now = start
        while (now := now + draw.expovariate(1 / gap_ms)) < stop:
            number += 1
            arrivals.append(_order(draw, int(now), scale, draw.choice(bases), gap_ms < 1000, number))
    for _ in range(late):
        number += 1
        received, order = _order(draw, draw.randrange(T0, end), 1e6, "BTC", True, number)
        arrivals.append((received + 120_000, msgspec.structs.replace(order, received_ms=received + 120_000)))
    return sorted(arrivals, key=lambda each: each[0])


def _order(draw, time_ms, scale, base, cascade, number):
    received = time_ms + draw.randrange(5, 1400)
    order = liquidation(
        time_ms=time_ms,
        received_ms=received,
        exchange=draw.choice(list(FEEDS)),
        base=base,
        side="long" if cascade else draw.choice(["long", "short"]),
        notional_usd=draw.lognormvariate(0, 1) * scale,
        base_quantity=1.0,
        id=f"m-{number}",
    )
    return received, order
