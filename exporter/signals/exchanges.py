"""The exchanges as the detector sees them: which are up, how long each was observed, what each publishes.

The slow baseline of a coin is an exponentially weighted rate on the observed time of each exchange: no time passes for
an exchange that is down. Every coin keeps plain sums to which an order adds `gains[i]`, a number that doubles with each
half-life of observed time; dividing by the present gain is the decay, so that no coin has to be touched for it.
"""

import math
from collections.abc import Mapping

from exporter.signals.parameters import Baselines, Sampling
from exporter.signals.state import State

MOST_HALVINGS = 400.0
"""A gain beyond 2**400 is scaled back, long before a float is full."""

_LN2 = math.log(2.0)


class Exchanges(State):
    """Per exchange, in one order that never changes: newly configured ones come last, dropped ones are retired.

    `scales` turn a coin's sum into orders per second, `live_scales` are 0 while the exchange is down, `full_scales`
    also where it does not publish every order. `priors` is the part of the prior that is still believed.
    """

    __slots__ = (
        "full",
        "full_scales",
        "gains",
        "halvings_taken",
        "lines",
        "live",
        "live_scales",
        "names",
        "observed_ms",
        "priors",
        "refreshed_ms",
        "retired",
        "sampled",
        "scales",
        "total_ms",
    )

    def __init__(self, feeds: Mapping[str, Sampling]) -> None:
        self.names: list[str] = []
        self.full: list[bool] = []
        self.sampled: list[bool] = []
        self.retired: list[bool] = []
        self.lines: list[dict[str, bool]] = []
        self.live: list[bool] = []
        self.observed_ms: list[int] = []
        self.halvings_taken: list[float] = []
        self.refreshed_ms = 0
        self.total_ms = 0
        """How long at least one exchange was up."""
        self.gains: list[float] = []
        self.scales: list[float] = []
        self.live_scales: list[float] = []
        self.full_scales: list[float] = []
        self.priors: list[float] = []
        self.configure(feeds)

    def configure(self, feeds: Mapping[str, Sampling]) -> bool:
        """Take what is configured now, learned exchanges keep their places; returns whether that is a change."""
        before = (list(self.full), list(self.sampled), list(self.retired))
        for name in sorted(set(feeds) - set(self.names)):
            self._append(name)
        for i, name in enumerate(self.names):
            self.retired[i] = name not in feeds
            self.full[i] = feeds.get(name) in ("full", "batch")
            self.sampled[i] = feeds.get(name) == "sampled"
            if self.retired[i]:
                self.live[i] = False
                self.lines[i] = {}
        return before != (self.full, self.sampled, self.retired)

    def place(self, name: str) -> int:
        """Return the place of an exchange; raises `KeyError` when it is not configured."""
        try:
            return self.names.index(name)
        except ValueError:
            raise KeyError(f"exchange {name!r} is not among the configured feeds") from None

    def change(self, place: int, line: str, up: bool, now_ms: int) -> bool:
        """Take the state of one line; return whether the exchange went up or down by it."""
        lines = self.lines[place]
        lines[line] = up
        live = all(lines.values())
        if live == self.live[place]:
            return False
        self.observe(now_ms)
        self.live[place] = live
        return True

    def observe(self, now_ms: int) -> None:
        """Let observed time pass up to now."""
        passed = now_ms - self.refreshed_ms
        if any(self.live):
            self.total_ms += passed
        for i, live in enumerate(self.live):
            if live:
                self.observed_ms[i] += passed
        self.refreshed_ms = now_ms

    def refresh(self, now_ms: int, baselines: Baselines) -> None:
        """Bring gains and scales up to date."""
        self.observe(now_ms)
        half_life_ms = baselines.slow_half_life_h * 3_600_000.0
        per_second = _LN2 / (half_life_ms * 0.001)
        weight = baselines.prior_weight
        for i, observed in enumerate(self.observed_ms):
            halvings = observed / half_life_ms
            gain = math.exp((halvings - self.halvings_taken[i]) * _LN2)
            learned = 1.0 - math.exp(-halvings * _LN2)
            scale = 0.0 if self.retired[i] else per_second / (gain * (learned + weight))
            self.gains[i] = gain
            self.scales[i] = scale
            self.live_scales[i] = scale if self.live[i] else 0.0
            self.full_scales[i] = scale if self.live[i] and self.full[i] else 0.0
            self.priors[i] = weight / (learned + weight)

    def overflowing(self) -> list[tuple[int, float]]:
        """Scale back the gains that have grown large; return the places and what the coins' sums have to be times."""
        result = []
        for i, gain in enumerate(self.gains):
            if gain > 2.0**MOST_HALVINGS:
                self.halvings_taken[i] += MOST_HALVINGS
                self.gains[i] = gain * 2.0**-MOST_HALVINGS
                for scales in (self.scales, self.live_scales, self.full_scales):
                    scales[i] *= 2.0**MOST_HALVINGS
                result.append((i, 2.0**-MOST_HALVINGS))
        return result

    @property
    def observed_s(self) -> float:
        """Seconds in which at least one exchange was up, as of the last refresh."""
        return self.total_ms * 0.001

    @property
    def share_live(self) -> float:
        """Share of the configured exchanges that are up."""
        configured = len(self.names) - sum(self.retired)
        return sum(self.live) / configured if configured else 0.0

    def _append(self, name: str) -> None:
        self.names.append(name)
        for flags in (self.full, self.sampled, self.retired, self.live):
            flags.append(False)
        self.lines.append({})
        self.observed_ms.append(0)
        self.halvings_taken.append(0.0)
        self.gains.append(1.0)
        for numbers in (self.scales, self.live_scales, self.full_scales):
            numbers.append(0.0)
        self.priors.append(1.0)
