"""One coin and side: everything that an order changes, and what is measured of it at any moment."""

import math
from typing import ClassVar, TypeAlias

from exporter.model import Side
from exporter.signals.baselines import DAY_S, Baseline, Expectation
from exporter.signals.branching import Branching
from exporter.signals.cusum import Cusum
from exporter.signals.decay import Recent
from exporter.signals.episode import Track
from exporter.signals.hours import Hours
from exporter.signals.hysteresis import Hysteresis
from exporter.signals.run import ORDINARY_MULTIPLE, Run
from exporter.signals.scan import Scan
from exporter.signals.score import Facts
from exporter.signals.setting import Setting
from exporter.signals.sizes import Sizes
from exporter.signals.state import State

STALE_MS = 30_000
"""Rates are derived anew by the first order after this; the fastest of them takes an hour to change."""

Order: TypeAlias = tuple[int, float, float, float]
"""Place of the exchange, USD, ln USD, price."""


class SideState(State):
    """The state of one coin and side: `changed` since it was last judged, `refreshed` at this clock.

    `span` is from when to when the last episode lasted.
    """

    __slots__ = (
        "baseline",
        "branching",
        "changed",
        "cusum",
        "episode",
        "floor_usd",
        "hours",
        "hysteresis",
        "muted",
        "name",
        "ordinary",
        "recent",
        "refreshed",
        "run",
        "scan",
        "sizes",
        "span",
    )
    PARTS: ClassVar = {
        "recent": Recent.load,
        "baseline": Baseline.load,
        "sizes": Sizes.load,
        "hours": Hours.load,
        "scan": Scan.load,
        "cusum": Cusum.load,
        "branching": Branching.load,
        "run": Run.load,
        "hysteresis": Hysteresis.load,
        "episode": Track.load_or_none,
    }

    def __init__(self, name: Side, floor_usd: float, muted: bool, setting: Setting, clock: int) -> None:
        exchanges = len(setting.exchanges.names)
        self.name = name
        self.floor_usd = floor_usd
        self.muted = muted
        self.changed = False
        self.ordinary = 0.0
        """Orders in 10 s up to which a run has not begun."""
        self.refreshed = clock - STALE_MS
        self.recent = Recent(exchanges, clock)
        self.baseline = Baseline(exchanges, clock)
        self.sizes = Sizes(setting.parameters.baselines.prior_size_usd)
        self.hours = Hours()
        self.scan = Scan()
        self.cusum = Cusum(clock)
        self.branching = Branching(clock)
        self.run = Run()
        self.hysteresis = Hysteresis()
        self.episode: Track | None = None
        self.span = (0, 0)

    @property
    def at_rest(self) -> bool:
        """Whether nothing is on that time alone could end."""
        return self.episode is None and not self.hysteresis.level

    def refresh(self, clock: int, believed: Expectation, setting: Setting) -> None:
        """Derive rates and expectations from what was learned; `recent` was brought up to `clock`."""
        exchanges, exposure, baseline, episode = setting.exchanges, setting.exposure, self.baseline, self.episode
        self.scan.learn(self.recent.counts, (clock - self.refreshed) * 0.001)
        self.sizes.settle()
        frozen = episode is not None and clock - episode.opened_clock < setting.freeze_ms
        fresh = baseline.take_fresh(clock, setting.context_per_ms, frozen)
        self.hours.learn(setting.hour, fresh * exposure.gain)
        profiled = exchanges.observed_s >= setting.profile_after_s
        factor = self.hours.factor(setting.hour, exposure) if profiled else 1.0
        baseline.refresh(exchanges, believed, factor, self.sizes.typical_usd)
        self.scan.rate = baseline.rate
        self.ordinary = self.scan.ordinary(ORDINARY_MULTIPLE)
        self.refreshed = clock

    def observe(self, order: Order, clock: int, now_ms: int, trusted: bool, setting: Setting) -> None:
        """Take an order; `recent` was brought up to `clock`. `trusted`: the branching ratio may learn from it."""
        place, usd, log_usd, price = order
        recent, sizes, baseline = self.recent, self.sizes, self.baseline
        _, before, count, _ = recent.counts
        weight = setting.winsorised if count > baseline.burst else 1.0
        self.cusum.order(clock, baseline.rate, (log_usd - sizes.mean) / sizes.deviation)
        if trusted:
            self.branching.order(clock, baseline.trusted_rate)
            baseline.fresh_trusted += weight
        clip = sizes.clip_usd
        baseline.learn(place, setting.exchanges.gains[place], usd, min(clip, usd), weight)
        sizes.learn(log_usd, weight)
        self.run.add(now_ms, usd, price, place, before <= self.ordinary)
        recent.add(place, usd)
        if self.episode is not None:
            self.episode.add(now_ms, usd, price, place)

    def facts(self, clock: int, against_usd: float) -> Facts:
        """Measure this moment; `against_usd` is the other side's decayed USD of 30 s. Changes nothing."""
        recent, baseline = self.recent, self.baseline
        counts, usd = recent.counts, recent.usd
        concentration = recent.largest / usd if usd else 1.0
        breadth = usd * usd / recent.squares if recent.squares else 1.0
        if clock > recent.clock:
            dt = (clock - recent.clock) * 0.001
            fading = math.exp(dt / -30.0)
            usd *= fading
            c3, c10, c30, c90 = counts
            counts = (c3 * math.exp(dt / -3.0), c10 * math.exp(dt / -10.0), c30 * fading, c90 * math.exp(dt / -90.0))
        return Facts(
            self.scan.statistic(counts),
            self.cusum.at(clock, baseline.rate),
            usd / (baseline.usd_rate * 30.0),
            self.branching.ratio,
            concentration,
            usd / (usd + against_usd) if usd else 0.5,
            breadth,
            counts[2],
            baseline.rate * DAY_S,
        )

    def might_open(self, setting: Setting) -> bool:
        """Tell cheaply, right after an order, whether the gates could be open; False is certain."""
        gates, recent = setting.parameters.gates, self.recent
        return (
            recent.counts[2] > gates.orders
            and recent.usd > gates.relative * 30.0 * self.baseline.usd_rate
            and recent.largest < gates.concentration * recent.usd
        )

    @property
    def run_usd(self) -> float:
        """USD of the present run; an open episode's when there is one."""
        return self.run.usd if self.episode is None else max(self.run.usd, self.episode.usd)

    def acceleration(self, clock: int) -> float:
        """Return ln of the rate of the last 3 s over that of the last 90 s; information only."""
        dt = max(clock - self.recent.clock, 0) * 0.001
        c3, _, _, c90 = self.recent.counts
        c3 *= math.exp(dt / -3.0)
        c90 *= math.exp(dt / -90.0)
        return math.log((c3 / 3.0) / (c90 / 90.0)) if c3 > 1e-6 else 0.0

    def widen(self, exchanges: int) -> None:
        """Make room for exchanges that are new."""
        self.recent.widen(exchanges)
        self.baseline.widen(exchanges)
