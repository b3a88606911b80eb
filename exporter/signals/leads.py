"""What the histograms of two exchanges' order times say: who leads, by how much, and whether that can be believed."""

import math
from itertools import combinations
from typing import NamedTuple

from exporter.model import Side
from exporter.signals.correlation import Minutes
from exporter.signals.exchanges import Exchanges
from exporter.signals.pairs import BIN_MS, WIDTH, Crossings
from exporter.signals.readings import Pair

LEAST_PAIRS = 200.0
LEAST_Z = 4.0
SIMULTANEOUS_S = 0.5


class Peak(NamedTuple):
    """The sharpest peak of a histogram: at `lag_s`, `z` deviations above chance."""

    lag_s: float
    z: float


def pair(crossings: Crossings, minutes: Minutes, exchanges: Exchanges, side: Side, places: tuple[int, int]) -> Pair:
    """Return what two exchanges have in common."""
    a, b = places
    histogram = crossings.histogram(a, b)
    pairs = math.fsum(histogram)
    found = peak(histogram, crossings.by_chance(a, b))
    believed = pairs >= LEAST_PAIRS and found.z >= LEAST_Z
    simultaneous = abs(found.lag_s) < SIMULTANEOUS_S
    first, later = math.fsum(histogram[WIDTH + 1 :]), math.fsum(histogram[:WIDTH])
    return Pair(
        a=exchanges.names[a],
        b=exchanges.names[b],
        side=side,
        pairs=pairs,
        lead_s=(0.0 if simultaneous else found.lag_s) if believed else None,
        peak_s=found.lag_s,
        z=found.z,
        asymmetry=(first - later) / (first + later + 1.0),
        synchrony=crossings.synchrony(a, b),
        correlation=minutes.correlation(a, b),
    )


def all_pairs(crossings: Crossings, minutes: Minutes, exchanges: Exchanges, side: Side) -> list[Pair]:
    """Return every pair of configured exchanges."""
    places = [place for place, retired in enumerate(exchanges.retired) if not retired]
    return [pair(crossings, minutes, exchanges, side, both) for both in combinations(places, 2)]


def peak(histogram: list[float], by_chance: float) -> Peak:
    """Find the peak with a triangular kernel of half a second.

    Chance is what the rates explain per bin, or the mean of the bins beyond 6 s where that is more: bursts that both
    exchanges share raise all lags together, and are no lead.
    """
    outer = histogram[:8] + histogram[-8:]
    chance = max(by_chance, math.fsum(outer) / len(outer))
    smooth = [0.5 * histogram[at - 1] + histogram[at] + 0.5 * histogram[at + 1] for at in range(1, len(histogram) - 1)]
    best = max(range(len(smooth)), key=lambda at: (smooth[at], -abs(at + 1 - WIDTH)))
    offset = 0.0
    if 0 < best < len(smooth) - 1:
        before, here, after = smooth[best - 1 : best + 2]
        bend = before - 2.0 * here + after
        offset = 0.5 * (before - after) / bend if bend else 0.0
    z = (smooth[best] - 2.0 * chance) / math.sqrt(1.5 * chance + 1.0)
    return Peak((best + 1 - WIDTH + offset) * BIN_MS / 1000.0, z)
