"""Where liquidations happened on the price axis: realised ones, not a model of where they will happen.

Prices fall into buckets of 0.1 %; USD and orders fade with a half-life of six hours. At most 512 buckets are kept.
"""

import math
import statistics
from array import array
from bisect import bisect_left
from typing import ClassVar, NamedTuple

from exporter.signals.readings import Cluster
from exporter.signals.state import State, doubles

BUCKETS = 512
SLACK = 64
"""Buckets beyond the limit before the lightest are dropped together."""
DENSE = 3.0
"""A bucket belongs to a cluster from this multiple of the median bucket on."""
SHOWN = 5

_LN_RATIO = math.log(1.001)
_HALF_LIFE_MS = 6 * 3_600_000.0
_MOST_HALVINGS = 200.0


class _Span(NamedTuple):
    first: int
    last: int
    usd: float
    events: float
    moment: float


class Prices(State):
    """The buckets of one coin and side, by rising price; weights are multiplied by a growing gain instead of fading.

    The bucket of the last order is at place `at` and goes from `low` to `high`: the next one mostly falls into it.
    """

    __slots__ = ("at", "buckets", "events", "high", "last_price", "low", "origin_ms", "usd")
    PARTS: ClassVar = {"buckets": doubles, "events": doubles, "usd": doubles}

    def __init__(self, now_ms: int) -> None:
        self.origin_ms = now_ms
        self.last_price = 0.0
        self.at = 0
        self.low = self.high = 0.0
        self.buckets: array[float] = array("d")
        self.usd: array[float] = array("d")
        self.events: array[float] = array("d")

    def add(self, price: float, usd: float, now_ms: int) -> None:
        """Take an order; a price that is not positive is none."""
        if price <= 0.0:
            return
        self.last_price = price
        halvings = (now_ms - self.origin_ms) / _HALF_LIFE_MS
        if halvings > _MOST_HALVINGS:
            halvings = self._rescale(now_ms)
        gain = 2.0**halvings
        at = self.at
        if not self.low <= price < self.high:
            at = self._find(price)
        self.usd[at] += usd * gain
        self.events[at] += gain
        if len(self.buckets) >= BUCKETS + SLACK:
            self._drop()

    def clusters(self, now_ms: int) -> list[Cluster]:
        """Return the largest clusters, largest first."""
        if not self.buckets:
            return []
        fading = 2.0 ** ((self.origin_ms - now_ms) / _HALF_LIFE_MS)
        spans = sorted(self._spans(), key=lambda span: (-span.usd, span.first))[:SHOWN]
        return [self._cluster(span, fading) for span in spans]

    def _spans(self) -> list[_Span]:
        """Join the dense buckets over at most one that is not."""
        dense = DENSE * statistics.median(self.usd)
        spans: list[_Span] = []
        for bucket, usd, events in zip(self.buckets, self.usd, self.events, strict=True):
            if usd < dense:
                continue
            here = int(bucket)
            if spans and here - spans[-1].last <= 2:
                span = spans.pop()
                joined = (span.first, here, span.usd + usd, span.events + events, span.moment + usd * (bucket + 0.5))
                spans.append(_Span(*joined))
            else:
                spans.append(_Span(here, here, usd, events, usd * (bucket + 0.5)))
        return spans

    def _cluster(self, span: _Span, fading: float) -> Cluster:
        centre = math.exp(span.moment / span.usd * _LN_RATIO)
        return Cluster(
            low=math.exp(span.first * _LN_RATIO),
            high=math.exp((span.last + 1) * _LN_RATIO),
            centre=centre,
            usd=span.usd * fading,
            events=span.events * fading,
            distance=centre / self.last_price - 1.0,
        )

    def _find(self, price: float) -> int:
        """Return the place of a price's bucket, a new one where there was none, and remember it for the next order."""
        bucket = math.floor(math.log(price) / _LN_RATIO)
        at = bisect_left(self.buckets, bucket)
        if at == len(self.buckets) or self.buckets[at] != bucket:
            self.buckets.insert(at, bucket)
            self.usd.insert(at, 0.0)
            self.events.insert(at, 0.0)
        self.at = at
        self.low, self.high = math.exp(bucket * _LN_RATIO), math.exp((bucket + 1) * _LN_RATIO)
        return at

    def _drop(self) -> None:
        """Drop the lightest buckets; of equal ones the lower price."""
        order = sorted(range(len(self.usd)), key=lambda at: (self.usd[at], at))
        for at in sorted(order[: len(order) - BUCKETS], reverse=True):
            del self.buckets[at], self.usd[at], self.events[at]
        self.low = self.high = 0.0

    def _rescale(self, now_ms: int) -> float:
        """Move the origin, so that the gain stays far from what a float can hold; returns the halvings since then."""
        fading = 2.0 ** ((self.origin_ms - now_ms) / _HALF_LIFE_MS)
        self.usd = array("d", [usd * fading for usd in self.usd])
        self.events = array("d", [events * fading for events in self.events])
        self.origin_ms = now_ms
        return 0.0
