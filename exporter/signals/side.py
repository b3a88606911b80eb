"""One coin and side: everything that an order changes, and what is measured of it at any moment."""

import math
from typing import ClassVar, TypeAlias

from exporter.model import Side
from exporter.signals.baselines import DAY_S, Baseline, Expectation
from exporter.signals.episode import Track
from exporter.signals.evidence import Evidence
from exporter.signals.hours import Hours
from exporter.signals.hysteresis import Hysteresis
from exporter.signals.run import ORDINARY_MULTIPLE, Run
from exporter.signals.scan import Scan
from exporter.signals.score import Facts
from exporter.signals.setting import Setting
from exporter.signals.state import State

STALE_MS = 60_000
"""Rates are derived anew by the first order after this; the fastest of them takes an hour to halve."""

Order: TypeAlias = tuple[int, float, float, float]
"""Place of the exchange, USD, ln USD, price."""


class SideState(State):
    """The state of one coin and side: `changed` in this batch, `ordered` since it was last judged.

    `calm` while nothing is on that time alone could end, neither a level nor an episode. `least_usd` are the faded USD
    up to which the gates are closed for certain. `ordinary` is the number of orders in 10 s up to which a run has not
    begun. `span` is from when to when the last episode lasted.
    """

    __slots__ = (
        "baseline",
        "calm",
        "changed",
        "episode",
        "evidence",
        "floor_usd",
        "hours",
        "hysteresis",
        "judged_ms",
        "least_usd",
        "muted",
        "name",
        "ordered",
        "ordinary",
        "refreshed",
        "run",
        "scan",
        "span",
    )
    PARTS: ClassVar = {
        "baseline": Baseline.load,
        "episode": Track.load_or_none,
        "evidence": Evidence.load,
        "hours": Hours.load,
        "hysteresis": Hysteresis.load,
        "run": Run.load,
        "scan": Scan.load,
    }

    def __init__(self, name: Side, floor_usd: float, muted: bool, setting: Setting, clock: int) -> None:
        exchanges = len(setting.exchanges.names)
        self.name = name
        self.floor_usd = floor_usd
        self.muted = muted
        self.changed = self.ordered = False
        self.calm = True
        self.judged_ms = 0
        self.least_usd = 0.0
        self.refreshed = clock - STALE_MS
        self.ordinary = 0.0
        self.evidence = Evidence(exchanges, clock)
        self.baseline = Baseline(exchanges, clock, setting.parameters.baselines.prior_size_usd)
        self.hours = Hours()
        self.scan = Scan()
        self.run = Run()
        self.hysteresis = Hysteresis()
        self.episode: Track | None = None
        self.span = (0, 0)

    def refresh(self, clock: int, believed: Expectation, setting: Setting) -> None:
        """Derive rates and expectations from what was learned."""
        exchanges, exposure, baseline, episode = setting.exchanges, setting.exposure, self.baseline, self.episode
        self.scan.learn(self.evidence.counts_at(clock), (clock - self.refreshed) * 0.001)
        frozen = episode is not None and clock - episode.opened_clock < setting.freeze_ms
        fresh = baseline.take_fresh(clock, setting.context_per_ms, frozen)
        self.hours.learn(setting.hour, fresh * exposure.gain)
        profiled = exchanges.observed_s >= setting.profile_after_s
        factor = self.hours.factor(setting.hour, exposure) if profiled else 1.0
        baseline.refresh(exchanges, believed, factor, setting.context_s)
        self.least_usd = setting.parameters.gates.relative * 30.0 * baseline.usd_rate
        self.scan.rate = baseline.rate
        self.ordinary = self.scan.ordinary(ORDINARY_MULTIPLE)
        self.refreshed = clock

    def observe(self, order: Order, clock: int, now_ms: int, trusted: bool, setting: Setting) -> None:
        """Take an order. `trusted`: the branching ratio learns from it."""
        place, usd, log_usd, price = order
        baseline = self.baseline
        mark = (log_usd - baseline.mean) / baseline.deviation
        trusted_rate = baseline.trusted_rate if trusted else None
        _, recent, count, _ = self.evidence.order(clock, place, usd, mark, baseline.rate, trusted_rate)
        weight = setting.winsorised if count > baseline.burst else 1.0
        if trusted:
            baseline.fresh_trusted += weight
        baseline.learn(place, setting.exchanges.gains[place], usd, log_usd, weight)
        self.run.add(now_ms, usd, price, place, recent <= self.ordinary)
        if self.episode is not None:
            self.episode.add(now_ms, usd, price, place)
        self.changed = self.ordered = True

    def facts(self, clock: int, against: Evidence) -> Facts:
        """Measure this moment; `against` is the other side's evidence. Changes nothing.

        The share is the smaller of those by USD and by orders, one large order can tip the USD of two equal sides. That
        by orders is (n + 1) / (all + 2), because a few orders on one side prove little.
        """
        evidence, baseline = self.evidence, self.baseline
        counts, usd = evidence.counts_at(clock), evidence.usd_at(clock)
        share = min(
            usd / (usd + against.usd_at(clock)) if usd else 0.5,
            (counts[2] + 1.0) / (counts[2] + against.counts_at(clock)[2] + 2.0),
        )
        return Facts(
            self.scan.statistic(counts),
            evidence.cusum_at(clock, baseline.rate),
            usd / (baseline.usd_rate * 30.0),
            evidence.branching,
            evidence.largest / evidence.usd if evidence.usd else 1.0,
            share,
            evidence.usd * evidence.usd / evidence.squares if evidence.squares else 1.0,
            counts[2],
            evidence.seconds_at(clock),
            baseline.rate * DAY_S,
        )

    def might_open(self, against_usd: float, setting: Setting) -> bool:
        """Tell cheaply, right after an order, whether the gates could be open; False is certain."""
        gates, evidence = setting.parameters.gates, self.evidence
        usd = evidence.usd
        return (
            usd > self.least_usd
            and evidence.counts[2] > gates.orders
            and evidence.largest < gates.concentration * usd
            and usd > gates.share * (usd + against_usd)
        )

    @property
    def run_usd(self) -> float:
        """USD of the present run; an open episode's when there is one."""
        return self.run.usd if self.episode is None else max(self.run.usd, self.episode.usd)

    def acceleration(self, clock: int) -> float:
        """Return ln of the rate of the last 3 s over that of the last 90 s; information only."""
        c3, _, _, c90 = self.evidence.counts_at(clock)
        return math.log((c3 / 3.0) / (c90 / 90.0)) if c3 > 1e-6 else 0.0

    def widen(self, exchanges: int) -> None:
        """Make room for exchanges that are new."""
        self.evidence.widen(exchanges)
        self.baseline.widen(exchanges)
