"""What there is to find in a stream: cascades that meet the definition, and stretches on which nobody is judged."""

from collections import deque
from collections.abc import Iterator

import msgspec

from benchmarks.cascade_lab.stream import BACKGROUND, Order, Stream
from benchmarks.cascade_lab.world import WARM_UP

LEAST_USD = 100_000.0
LEAST_DAYS = 0.05
LEAST_EVENTS = 20
"""The definition: at least this many true orders on one side, worth the larger of the first two (USD, mean days)."""
NATURAL_SECONDS = 120.0
"""Everyday flow that meets the definition within this time is a natural cluster."""
WHALE_PART = 0.9
"""Where one order has this much of the USD, it is a large order among unrelated small ones and no cluster."""
AFTER = 60.0
"""An alarm up to this many seconds after the last order still belongs to it."""


class Cascade(msgspec.Struct, frozen=True):
    """A cascade that meets the definition: seconds of its first and last order, and when it first met it."""

    side: int
    start: float
    end: float
    eligible: float
    usd: float
    days: float
    events: int


class Neutral(msgspec.Struct, frozen=True):
    """A stretch on one side in which an alarm is neither right nor wrong; `natural` ones meet the definition."""

    side: int
    start: float
    end: float
    natural: bool


class Truth(msgspec.Struct, frozen=True):
    """All that is to be found in a stream, in time order."""

    cascades: list[Cascade]
    neutral: list[Neutral]


def truth_of(stream: Stream) -> Truth:
    """Return what is to be found in a stream."""
    least = max(LEAST_USD, LEAST_DAYS * stream.mean_day)
    cascades, neutral = [], []
    for index, plan in enumerate(stream.plans):
        orders = [order for order in stream.orders if order[4] == index and order[2] == plan.side]
        found = cascade_of(orders, plan.side, least, stream.mean_day)
        if found is None:
            neutral.append(Neutral(plan.side, orders[0][0], orders[-1][0], natural=False))
        else:
            cascades.append(found)
    for side in (0, 1):
        neutral += naturals(stream.orders, side, least)
    return Truth(cascades, sorted(neutral, key=lambda stretch: stretch.start))


def cascade_of(orders: list[Order], side: int, least: float, mean_day: float) -> Cascade | None:
    """Return the cascade that these orders are, or nothing when they do not meet the definition."""
    total, eligible = 0.0, None
    for count, order in enumerate(orders, start=1):
        total += order[3]
        if eligible is None and total >= least and count >= LEAST_EVENTS:
            eligible = order[0]
    if eligible is None:
        return None
    return Cascade(side, orders[0][0], orders[-1][0], eligible, total, total / mean_day, len(orders))


def naturals(orders: list[Order], side: int, least: float) -> Iterator[Neutral]:
    """Yield the stretches in which everyday flow on a side meets the definition."""
    window: deque[tuple[float, float]] = deque()
    total, start, end = 0.0, 0.0, None
    for time, _, on, usd, cause, _ in orders:
        if on != side or cause != BACKGROUND:
            continue
        window.append((time, usd))
        total += usd
        while window[0][0] < time - NATURAL_SECONDS:
            total -= window.popleft()[1]
        if total < least or len(window) < LEAST_EVENTS or max(usd for _, usd in window) >= WHALE_PART * total:
            continue
        if end is not None and window[0][0] <= end:
            end = time
            continue
        if end is not None and end >= WARM_UP:
            yield Neutral(side, start, end, natural=True)
        start, end = window[0][0], time
    if end is not None and end >= WARM_UP:
        yield Neutral(side, start, end, natural=True)
