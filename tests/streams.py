"""Streams of liquidation orders for the tests of the signals: (time in ms, base, side, exchange, USD, price)."""

import math
import random

from exporter.signals import Engine, Parameters

START_MS = 1_700_000_000_000
DAY_S = 86_400.0
FULL = {"a": "full"}


def started(parameters=None, feeds=FULL):
    """Return an engine whose exchanges are all up."""
    engine = Engine(parameters or Parameters(), feeds)
    for exchange in feeds:
        engine.feed(exchange, True, START_MS)
    return engine


def size(rng):
    """Return an order's USD: log-normal as on a full feed of BTC."""
    return rng.lognormvariate(6.9, 2.1)


def order(second, side="long", usd=1000.0, base="X", exchange="a", price=100.0):
    return START_MS + int(second * 1000), base, side, exchange, usd, price


def times(rng, per_day, seconds, factor=lambda _second: 1.0, most=1.0):
    """Return the times of a Poisson process, whose rate is multiplied by `factor`, at most `most`."""
    second, result = 0.0, []
    while (second := second + rng.expovariate(per_day * most / DAY_S)) < seconds:
        if rng.random() * most < factor(second):
            result.append(second)
    return result


def background(rng, per_day, seconds, exchanges=("a",), **rate):
    """Return orders of both sides without any dependence between them."""
    return [
        order(second, rng.choice(("long", "short")), size(rng), exchange=rng.choice(exchanges))
        for second in times(rng, per_day, seconds, **rate)
    ]


def cascade(rng, start_s, orders, seconds, side="long", exchanges=("a",), *, base="X", scale=1.8):
    """Return a one-sided burst of larger orders at falling prices."""
    moments = sorted(start_s + seconds * rng.random() for _ in range(orders))
    return [
        order(moment, side, scale * size(rng), base, rng.choice(exchanges), 100.0 - 0.02 * number)
        for number, moment in enumerate(moments)
    ]


def hawkes(rng, ratio, rate, count, decay=0.2):
    """Return the times of a Hawkes process with an exponential kernel: `rate` is its mean, per second."""
    immigrants, excitation, second, result = rate * (1 - ratio), 0.0, 0.0, []
    while len(result) < count:
        bound = immigrants + ratio * decay * excitation
        gap = rng.expovariate(bound)
        second += gap
        excitation *= math.exp(-decay * gap)
        if rng.random() * bound <= immigrants + ratio * decay * excitation:
            result.append(second)
            excitation += 1.0
    return result


def play(engine, orders, until_s=None):
    """Give the orders to an engine in the order of their times; return changes of level and episodes."""
    for time_ms, base, side, exchange, usd, price in sorted(orders):
        engine.order(base, side, exchange, usd, price, time_ms, time_ms)
    if until_s is not None:
        engine.advance(START_MS + int(until_s * 1000))
    return engine.take_changes(), engine.take_episodes()


def ascents(changes, level, base="X"):
    """Return the changes by which a coin reached a level from below."""
    return [change for change in changes if change.base == base and change.previous < level <= change.level]


def rng(seed):
    return random.Random(seed)
