"""Moments of an engine, made by hand."""

from exporter.analysis.status import CoinPresent, Present
from exporter.model import SIDES
from exporter.signals.readings import MARKET, Episode, Reading

START_MS = 1_795_094_400_000


def episode(base="BTC", side="long", *, usd=4_200_000.0, level=3, **facts):
    told = {
        "id": f"{base}|{side}|{START_MS}",
        "state": "open",
        "start_ms": START_MS,
        "opened_ms": START_MS + 4_000,
        "peak_ms": START_MS + 9_000,
        "end_ms": START_MS + 9_000,
        "closed_ms": None,
        "events": 110,
        "peak_usd": 1e6,
        "largest_usd": 3e5,
        "max_score": 91.2,
        "exchanges": ("bybit", "binance"),
        "first_exchange": "bybit",
        "price_first": 100.0,
        "price_extreme": 98.0,
        "price_last": 98.5,
        "price_buckets": 15,
        "branching": 0.8,
        "coverage": 1.0,
        "contributions": (3.1, 2.2, 0.2, 0.8, -0.5, -1.0),
        "flags": (),
    }
    return Episode(base=base, side=side, usd=usd, max_level=level, **(told | facts))


def reading(level, told=None):
    return Reading(
        score=91.2 if level == 3 else 20.0,
        level=level,
        x_calm=-5.0,
        excess=7.0,
        contributions=(3.1, 2.2, 0.2, 0.8, -0.5, -1.0),
        terms=(0.0,) * 9,
        open=level == 3,
        run_usd=told.usd if told else 0.0,
        branching=0.8,
        acceleration=0.0,
        coverage=1.0,
        warmup=False,
        episode=told,
    )


def critical(base="BTC", side="long", **facts):
    return {(base, side): reading(3, episode(base, side, **facts))}


def calmer(base="BTC", side="long", **facts):
    """Below critical again, within the episode."""
    return {(base, side): reading(1, episode(base, side, **facts))}


def calm(base="BTC", side="long"):
    return {(base, side): reading(0)}


def moment(second, *readings):
    """What the engine shows after so many seconds."""
    found = {key: each for part in readings for key, each in part.items()}
    coins = {
        base: CoinPresent(1.0, False, {side: found.get((base, side)) for side in SIDES})
        for base in {base for base, _ in found}
    }
    market = coins.pop(MARKET, CoinPresent(1.0, False, dict.fromkeys(SIDES)))
    return Present(START_MS + second * 1000, 0.5, coins, market, {})
