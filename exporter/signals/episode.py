"""An episode while it runs: what belongs to it so far, and its form as a record."""

import math
from typing import ClassVar

from exporter.model import LONG, Side
from exporter.signals.parameters import EpisodeRules
from exporter.signals.readings import Episode
from exporter.signals.run import Run
from exporter.signals.score import Contributions
from exporter.signals.state import State

PEAK_S = 10
_LN_BUCKET = math.log(1.001)


class Stretch(State):
    """A stretch of orders: sums, extremes, and the exchanges by their first order."""

    __slots__ = ("events", "first", "high", "largest", "last", "low", "places", "usd")

    def __init__(self) -> None:
        self.usd = 0.0
        self.events = 0
        self.largest = 0.0
        self.first = 0.0
        self.last = 0.0
        self.low = math.inf
        self.high = 0.0
        self.places: list[int] = []

    def add(self, usd: float, price: float, place: int) -> None:
        """Take an order."""
        if not self.events:
            self.first = price
        self.usd += usd
        self.events += 1
        self.last = price
        if usd > self.largest:
            self.largest = usd
        if price < self.low:
            self.low = price
        if price > self.high:
            self.high = price
        if place not in self.places:
            self.places.append(place)

    def absorb(self, tail: "Stretch") -> None:
        """Take over a stretch that follows this one."""
        if not self.events:
            self.first = tail.first
        self.usd += tail.usd
        self.events += tail.events
        self.last = tail.last
        self.largest = max(self.largest, tail.largest)
        self.low = min(self.low, tail.low)
        self.high = max(self.high, tail.high)
        self.places += [place for place in tail.places if place not in self.places]


class Track(State):
    """A running episode: `body` is what belongs to it, `tail` what came after the last order with a high score.

    `seconds` are the USD of the last ten whole seconds, the newest at `second`.
    """

    __slots__ = (
        "body",
        "branching",
        "contributions",
        "coverage",
        "end_ms",
        "flags",
        "hot_clock",
        "max_level",
        "max_score",
        "opened_clock",
        "opened_ms",
        "peak_ms",
        "peak_usd",
        "second",
        "seconds",
        "start_ms",
        "tail",
    )
    PARTS: ClassVar = {"body": Stretch.load, "tail": Stretch.load}

    def __init__(self, run: Run, now_ms: int, clock: int) -> None:
        self.start_ms = run.start_ms
        self.opened_ms = now_ms
        self.end_ms = now_ms
        self.opened_clock = clock
        self.hot_clock = clock
        self.max_score = 0.0
        self.max_level = 0
        self.branching = 0.0
        self.coverage = 1.0
        self.contributions: list[float] = []
        self.flags: list[str] = []
        self.peak_ms = run.start_ms
        self.peak_usd = 0.0
        self.second = run.start_ms // 1000
        self.seconds = [0.0] * PEAK_S
        self.body = Stretch()
        self.tail = Stretch()
        for time_ms, usd, price, place in run.rows:
            self.add(time_ms, usd, price, place)
        self._settle_sums(run)

    @property
    def usd(self) -> float:
        """USD of everything since the start."""
        return self.body.usd + self.tail.usd

    def add(self, now_ms: int, usd: float, price: float, place: int) -> None:
        """Take an order; whether it belongs to the episode shows later."""
        self.tail.add(usd, price, place)
        second = now_ms // 1000
        seconds = self.seconds
        if second > self.second:
            for passed in range(self.second + 1, min(second, self.second + PEAK_S) + 1):
                seconds[passed % PEAK_S] = 0.0
            self.second = second
        seconds[self.second % PEAK_S] += usd
        held = sum(seconds)
        if held > self.peak_usd:
            self.peak_usd = held
            self.peak_ms = now_ms

    def hot(self, now_ms: int, clock: int) -> None:
        """Take the tail in: its last order still had a high score."""
        self.body.absorb(self.tail)
        self.tail = Stretch()
        self.end_ms = now_ms
        self.hot_clock = clock

    def rate(self, score: float, contributions: Contributions, branching: float) -> None:
        """Remember the highest score and what made it."""
        if score > self.max_score:
            self.max_score = score
            self.contributions = list(contributions)
            self.branching = branching

    def flag(self, name: str) -> None:
        """Mark the episode, once."""
        if name not in self.flags:
            self.flags.append(name)

    def over(self, clock: int, level: int, rules: EpisodeRules) -> bool:
        """Tell whether it has ended: quiet for long enough and no longer at warning."""
        return level < 2 and clock - self.hot_clock >= rules.quiet_s * 1000.0

    def record(self, base: str, side: Side, names: list[str], closed_ms: int | None = None) -> Episode:
        """Return the episode as others see it, closed when `closed_ms` is given."""
        body = self.body
        priced = body.high > 0.0
        exchanges = tuple(names[place] for place in body.places)
        return Episode(
            id=f"{base}|{side}|{self.start_ms}",
            base=base,
            side=side,
            state="open" if closed_ms is None else "closed",
            start_ms=self.start_ms,
            opened_ms=self.opened_ms,
            peak_ms=self.peak_ms,
            end_ms=self.end_ms,
            closed_ms=closed_ms,
            usd=body.usd,
            events=body.events,
            peak_usd=self.peak_usd,
            largest_usd=body.largest,
            max_score=self.max_score,
            max_level=self.max_level,
            exchanges=exchanges,
            first_exchange=exchanges[0],
            price_first=body.first if priced else None,
            price_extreme=(body.low if side == LONG else body.high) if priced else None,
            price_last=body.last if priced else None,
            price_buckets=1 + int(math.log(body.high / body.low) / _LN_BUCKET) if priced else 0,
            branching=self.branching,
            coverage=self.coverage,
            contributions=tuple(self.contributions),
            flags=tuple(sorted(self.flags)),
        )

    def _settle_sums(self, run: Run) -> None:
        """Count orders of the run that its ring no longer knows one by one."""
        self.tail.usd = max(self.tail.usd, run.usd)
        self.tail.events = max(self.tail.events, run.events)
