"""One coin: its two sides, the exchanges that list it, and how well it can be seen."""

from typing import ClassVar

from exporter.model import LONG, SIDES, Side
from exporter.signals.baselines import DAY_S, Expectation
from exporter.signals.clusters import Prices
from exporter.signals.pairs import Trace
from exporter.signals.setting import Setting
from exporter.signals.side import STALE_MS, Order, SideState
from exporter.signals.state import State

SEEING = -1
BELIEVE_MS = 3_600_000
"""What the prior is worth changes slowly; it is looked at anew after this."""
_HOUR_S = 3600.0


class Coin(State):
    """A coin, or the stream of all of them.

    `places` are the exchanges it was seen on. `coverage` is the share of its ordinary USD whose exchanges are up. Below
    `blind` its evidence clock stands still: `blind_ms` is since when (-1 while it can be seen), `stopped_ms` how long
    in all before. `born_s` is how much had been observed when it was first seen.
    """

    __slots__ = (
        "base",
        "believed",
        "blind_ms",
        "born_s",
        "coverage",
        "last_ms",
        "orders",
        "places",
        "prices",
        "sides",
        "stopped_ms",
        "traces",
    )
    PARTS: ClassVar = {
        "believed": Expectation.load,
        "prices": Prices.load_list,
        "sides": SideState.load_list,
        "traces": Trace.load_list,
    }

    def __init__(self, base: str, setting: Setting, now_ms: int) -> None:
        self.base = base
        self.places: list[int] = []
        self.coverage = setting.exchanges.share_live
        self.blind_ms = SEEING
        self.stopped_ms = 0
        self.born_s = setting.exchanges.observed_s
        self.orders = 0
        self.last_ms = now_ms
        self.believed = Expectation(now_ms - BELIEVE_MS)
        floor, muted = setting.floor_usd(base), setting.muted(base)
        self.sides = [SideState(side, floor, muted, setting, now_ms) for side in SIDES]
        self.prices = [Prices(now_ms) for _ in SIDES]
        self.traces = [Trace(len(setting.exchanges.names)) for _ in SIDES]

    def clock(self, now_ms: int) -> int:
        """Return the evidence clock: time without that in which the coin could not be seen."""
        return (now_ms if self.blind_ms == SEEING else self.blind_ms) - self.stopped_ms

    def observe(self, index: int, order: Order, now_ms: int, setting: Setting) -> None:
        """Take an order of the side at `index`."""
        place = order[0]
        if place not in self.places:
            self._list(place, now_ms, setting)
        clock = (now_ms if self.blind_ms == SEEING else self.blind_ms) - self.stopped_ms
        state = self.sides[index]
        if clock - state.refreshed >= STALE_MS:
            if clock - self.believed.clock >= BELIEVE_MS:
                self._believe(clock, setting)
            state.refresh(clock, self.believed, setting)
        trusted = self.believed.all_trusted or setting.exchanges.full[place]
        state.observe(order, clock, now_ms, trusted, setting)
        self.orders += 1
        self.last_ms = now_ms

    def against_usd(self, index: int, clock: int) -> float:
        """Return the other side's decayed USD of 30 s."""
        return self.sides[1 - index].evidence.usd_at(clock)

    def warming(self, setting: Setting) -> bool:
        """Tell whether the coin is still being learned."""
        rules = setting.parameters.warmup
        observed_s = setting.exchanges.observed_s - self.born_s
        if observed_s >= rules.hours_at_most * _HOUR_S:
            return False
        return observed_s < rules.hours * _HOUR_S or self.orders < rules.orders

    def unknown(self, now_ms: int, setting: Setting) -> bool:
        """Tell whether nothing can be said: it has not been seen for long enough."""
        return (
            self.blind_ms != SEEING and now_ms - self.blind_ms >= setting.parameters.coverage.unknown_after_s * 1000.0
        )

    def cover(self, now_ms: int, setting: Setting) -> None:
        """Take a change of what is up."""
        self.coverage = self._covered(setting)
        if self.coverage < setting.parameters.coverage.blind:
            if self.blind_ms == SEEING:
                self.blind_ms = now_ms
        elif self.blind_ms != SEEING:
            self.stopped_ms += now_ms - self.blind_ms
            self.blind_ms = SEEING
        clock = self.clock(now_ms)
        self.believed.clock = clock - BELIEVE_MS
        for state in self.sides:
            state.refreshed = min(state.refreshed, clock - STALE_MS)

    def configure(self, setting: Setting) -> None:
        """Take over parameters and exchanges that are new."""
        exchanges = len(setting.exchanges.names)
        for state in self.sides:
            state.floor_usd, state.muted = setting.floor_usd(self.base), setting.muted(self.base)
            state.widen(exchanges)
        for trace in self.traces:
            trace.widen(exchanges)

    def rescale(self, place: int, factor: float) -> None:
        """Take over that the gain of an exchange was scaled back."""
        for state in self.sides:
            baseline = state.baseline
            for sums in (baseline.orders, baseline.usd, baseline.seen_usd):
                sums[place] *= factor

    def _list(self, place: int, now_ms: int, setting: Setting) -> None:
        """Take note of an exchange that has the coin: the prior is spread anew."""
        self.places.append(place)
        self.cover(now_ms, setting)

    def _believe(self, clock: int, setting: Setting) -> None:
        exchanges, believed = setting.exchanges, self.believed
        listed = [place for place in self.places if not exchanges.retired[place]]
        share = setting.parameters.baselines.prior_per_day / (DAY_S * max(1, len(listed)))
        believed.all_trusted = not any(exchanges.full[place] for place in listed)
        believed.clock = clock
        believed.prior = 0.0
        believed.prior_trusted = 0.0
        for place in listed:
            if exchanges.live[place]:
                prior = exchanges.priors[place] * share
                believed.prior += prior
                if believed.all_trusted or exchanges.full[place]:
                    believed.prior_trusted += prior

    def _covered(self, setting: Setting) -> float:
        """Return the share of the ordinary USD that is up, over both sides; the prior has an equal share everywhere."""
        exchanges, baselines = setting.exchanges, setting.parameters.baselines
        prior_usd = baselines.prior_per_day * baselines.prior_size_usd / DAY_S
        total = live = 0.0
        for place in self.places:
            if not exchanges.retired[place]:
                held = sum(state.baseline.usd[place] for state in self.sides) * exchanges.scales[place]
                held += prior_usd * exchanges.priors[place]
                total += held
                if exchanges.live[place]:
                    live += held
        return live / total if total else exchanges.share_live


def index_of(side: Side) -> int:
    """Return the place of a side in `Coin.sides`."""
    return 0 if side == LONG else 1
