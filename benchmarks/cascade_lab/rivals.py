"""The rules that trackers use, and z-scores: what a detector has to beat."""

import math
from collections import deque
from collections.abc import Callable, Iterator

from benchmarks.cascade_lab.alarms import Points
from benchmarks.cascade_lab.feeds import Seen

LEAST_COUNT, LEAST_USD, LEAST_Z = 8, 50_000.0, 2.0
"""Values below these are not kept: no threshold is ever that low."""
WINDOW_MS = 60_000


def thinned(points: Points) -> Points:
    """Return the points without those that add nothing: no higher than one less than a second before.

    When a threshold is first crossed stays exact; the end of an alarm moves by less than a second.
    """
    kept: Points = []
    for at, value in points:
        if not kept or value > kept[-1][1] or at - kept[-1][0] >= 1000:
            kept.append((at, value))
    return kept


def count60(orders: list[Seen]) -> Points:
    """Orders in the last 60 s."""
    times: deque[int] = deque()
    points = []
    for order in orders:
        times.append(order.applied)
        while times[0] <= order.applied - WINDOW_MS:
            times.popleft()
        if len(times) >= LEAST_COUNT:
            points.append((order.applied, float(len(times))))
    return points


def usd60(orders: list[Seen]) -> Points:
    """USD in the last 60 s."""
    return [(at, total) for at, total in rolling_usd(orders, WINDOW_MS) if total >= LEAST_USD]


def rolling_usd(orders: list[Seen], window_ms: int) -> Iterator[tuple[int, float]]:
    """Yield at each order the USD of the window that ends with it."""
    window: deque[Seen] = deque()
    total = 0.0
    for order in orders:
        window.append(order)
        total += order.usd
        while window[0].applied <= order.applied - window_ms:
            total -= window.popleft().usd
        yield order.applied, total


def z10(orders: list[Seen]) -> Points:
    """USD in 10 s against the last hour."""
    return z_scores(orders, 10_000, 3_600_000, float)


def z60(orders: list[Seen]) -> Points:
    """USD in 60 s against the last day."""
    return z_scores(orders, 60_000, 86_400_000, float)


def z60_log(orders: list[Seen]) -> Points:
    """Logarithm of the USD in 60 s against the last day."""
    return z_scores(orders, 60_000, 86_400_000, math.log1p)


def z_scores(orders: list[Seen], window_ms: int, half_life_ms: int, scale: Callable[[float], float]) -> Points:
    """Return how many standard deviations a window lies above the exponentially weighted mean of closed windows."""
    keep = 0.5 ** (window_ms / half_life_ms)
    mean = square = weight = filled = 0.0
    bucket, points = 0, []
    for order, (at, total) in zip(orders, rolling_usd(orders, window_ms), strict=True):
        current = at // window_ms
        if current > bucket:
            value, empty = scale(filled), keep ** (current - bucket - 1)
            mean = (mean * keep + value * (1 - keep)) * empty
            square = (square * keep + value**2 * (1 - keep)) * empty
            weight = 1 - (1 - weight) * keep * empty
            bucket, filled = current, 0.0
        filled += order.usd
        if weight > 0.0:
            level = mean / weight
            z = (scale(total) - level) / math.sqrt(max(square / weight - level**2, 1e-9))
            if z >= LEAST_Z:
                points.append((at, z))
    return points


RIVALS: dict[str, Callable[[list[Seen]], Points]] = {
    "count in 60 s": count60,
    "USD in 60 s": usd60,
    "z of USD, 10 s vs 1 h": z10,
    "z of USD, 60 s vs 24 h": z60,
    "z of log USD, 60 s vs 24 h": z60_log,
}
BOTH = "both, scaled"


def both(counts: Points, usd: Points, count_unit: float, usd_unit: float) -> Points:
    """Return the smaller of the two rules, each in units of its own threshold."""
    totals = dict(usd)
    return [(at, min(count / count_unit, totals.get(at, 0.0) / usd_unit)) for at, count in counts]
