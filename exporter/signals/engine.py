"""The detector as its callers see it. Time comes from the arguments alone: the same calls give the same bytes.

    engine = Engine(Parameters(), {"binance": "sampled", "bybit": "full"})
    engine.feed("bybit", True, start_ms)              # an exchange is down until it is said to be up
    engine.order("BTC", "long", "bybit", usd, price, time_ms, applied_ms)     # or event(liquidation, applied_ms)
    engine.advance(to_ms)                             # time passes although nothing arrives; whole seconds count
    engine.take_changes(), engine.take_episodes(), engine.take_prints()       # what happened since the last take
    engine.sample("BTC", "long")                      # terms and gates at this moment, for a fit
    engine.reading("BTC", "long")                     # all that can be shown, for metrics and pages

`applied_ms` never runs backwards; one that does is taken as the present. Orders with one `applied_ms` are one batch:
scores and levels follow when time moves on. Readings change nothing.
"""

import math
from collections.abc import Mapping
from typing import Self

from exporter.model import LONG, SIDES, Liquidation, Side
from exporter.signals import snapshot
from exporter.signals.clockwork import Clockwork
from exporter.signals.coin import Coin, index_of
from exporter.signals.dominance import dominance
from exporter.signals.exchanges import Exchanges
from exporter.signals.hours import Exposure
from exporter.signals.leads import all_pairs
from exporter.signals.outlook import reading, sample
from exporter.signals.pairs import EXPECT_BINS
from exporter.signals.parameters import Parameters, Sampling
from exporter.signals.readings import (
    ALONE,
    MARKET,
    Cluster,
    Dominance,
    Episode,
    LargePrint,
    LevelChange,
    Pair,
    Reading,
    Sample,
)
from exporter.signals.setting import Setting
from exporter.signals.stress import Window

SECOND_MS = 1000


class Engine:
    """Scores, levels and episodes of every coin and side and of the market, and what the exchanges have in common.

    `feeds` says of every exchange what it publishes; an order of another exchange raises `KeyError`.
    """

    def __init__(
        self, parameters: Parameters, feeds: Mapping[str, Sampling], restored: Clockwork | None = None
    ) -> None:
        work = restored or Clockwork(Setting(parameters, Exchanges(feeds), Exposure(0)))
        self._work = work
        self._setting = work.setting
        self._late_ms = parameters.late_s * 1000.0
        self._print_usd = parameters.large_print_usd
        self._places = {name: place for place, name in enumerate(work.setting.exchanges.names)}

    @property
    def now_ms(self) -> int:
        """The moment the engine is at."""
        return self._work.now_ms

    def event(self, event: Liquidation, applied_ms: int) -> None:
        """Take one committed event; one without a base amount has no price."""
        price = event.notional_usd / event.base_quantity if event.base_quantity else 0.0
        self.order(event.base, event.side, event.exchange, event.notional_usd, price, event.time_ms, applied_ms)

    def order(
        self, base: str, side: Side, exchange: str, usd: float, price: float, time_ms: int, applied_ms: int
    ) -> None:
        """Take one liquidation order: `price` in USD of one base unit. One that comes late is left out."""
        work = self._work
        if applied_ms > work.now_ms:
            work.reach(applied_ms)
        place = self._places[exchange]
        now_ms = work.now_ms
        if time_ms < now_ms - self._late_ms or usd <= 0.0:
            return
        index = 0 if side == LONG else 1
        coin = work.coins.get(base) or work.coin(base)
        state = coin.sides[index]
        if not state.changed:
            work.dirty.append((coin, index, state))
        log_usd = math.log(usd)
        setting = self._setting
        coin.observe(index, (place, usd, log_usd, price), now_ms, setting)
        work.market.observe(index, (place, usd, log_usd, 0.0), now_ms, setting)
        if usd >= self._print_usd and usd >= state.floor_usd:
            alone = state.evidence.largest >= ALONE * state.evidence.usd
            work.outbox.prints.append(LargePrint(now_ms, base, side, exchange, usd, alone))
        coin.prices[index].add(price, usd, now_ms)
        trace, crossings = coin.traces[index], work.crossings[index]
        crossings.order(trace, place, coin.places, time_ms)
        if trace.bin - trace.since >= EXPECT_BINS:
            crossings.expect(trace, coin.places, state.baseline, setting.exchanges)
        work.minutes[index].usd[place] += usd

    def feed(self, exchange: str, up: bool, applied_ms: int, line: str = "") -> None:
        """Take a change of a feed; an exchange is up while all its `line`s that were ever named are."""
        work = self._work
        if applied_ms > work.now_ms:
            work.reach(applied_ms)
        work.settle()
        if self._setting.exchanges.change(self._places[exchange], line, up, work.now_ms):
            work.cover()

    def advance(self, to_ms: int) -> None:
        """Let time pass up to `to_ms`, in whole seconds."""
        to_ms -= to_ms % SECOND_MS
        if to_ms > self._work.now_ms:
            self._work.reach(to_ms)

    def take_changes(self) -> list[LevelChange]:
        """Return the changes of level since the last call, in their order."""
        outbox = self._work.outbox
        changes, outbox.changes = outbox.changes, []
        return changes

    def take_episodes(self) -> list[Episode]:
        """Return the episodes that opened, reached a higher level or closed since the last call, in their order."""
        outbox = self._work.outbox
        episodes, outbox.episodes = outbox.episodes, []
        return episodes

    def take_prints(self) -> list[LargePrint]:
        """Return the large single orders since the last call, in their order."""
        outbox = self._work.outbox
        prints, outbox.prints = outbox.prints, []
        return prints

    def sample(self, base: str, side: Side) -> Sample | None:
        """Return terms and gates at this moment, None for a coin without orders; base `*` is the market."""
        coin = self._known(base)
        return None if coin is None else sample(coin, index_of(side), self.now_ms, self._setting)

    def reading(self, base: str, side: Side) -> Reading | None:
        """Return everything about a coin and side at this moment, None for a coin without orders."""
        coin = self._known(base)
        return None if coin is None else reading(coin, index_of(side), self.now_ms, self._setting)

    def market(self, side: Side) -> Reading:
        """Return everything about the market at this moment."""
        return reading(self._work.market, index_of(side), self.now_ms, self._setting)

    def bases(self) -> list[str]:
        """Return the coins that are known, in alphabetical order."""
        return sorted(self._work.coins)

    def active(self) -> list[str]:
        """Return the coins at a level or in an episode, in alphabetical order."""
        return sorted(self._work.active)

    def coverage(self, base: str) -> float:
        """Return the share of a coin's ordinary USD whose exchanges are up; `*` is the market."""
        coin = self._known(base)
        return self._setting.exchanges.share_live if coin is None else coin.coverage

    def stress(self, side: Side, window: Window) -> float | None:
        """Return which share of the last 30 days had fewer USD in such a window; None before a day, or while unseen."""
        if self._work.market.unknown(self.now_ms, self._setting):
            return None
        return self._work.stress[index_of(side)].reading(window, self.now_ms)

    def pairs(self) -> list[Pair]:
        """Return what each two exchanges have in common, per side, as of the last minute."""
        work, exchanges = self._work, self._setting.exchanges
        both = zip(SIDES, work.crossings, work.minutes, strict=True)
        return [pair for side, crossings, minutes in both for pair in all_pairs(crossings, minutes, exchanges, side)]

    def clusters(self, base: str, side: Side) -> list[Cluster]:
        """Return the five largest clusters of realised prices, largest first."""
        coin = self._work.coins.get(base)
        return [] if coin is None else coin.prices[index_of(side)].clusters(self.now_ms)

    def dominance(self, base: str) -> Dominance:
        """Return the exchanges' parts of a coin; `*` is the market."""
        return dominance(self._known(base), self._setting.exchanges)

    def snapshot(self) -> bytes:
        """Return the state; what was not taken (changes, episodes, prints) is not in it."""
        return snapshot.write(self._work)

    @classmethod
    def restore(cls, state: bytes, parameters: Parameters, feeds: Mapping[str, Sampling]) -> Self:
        """Return an engine that continues as if nothing had happened.

        `feeds` may name other exchanges than before: new ones are learned, dropped ones no longer count. Raises
        `ValueError` when the bytes are no snapshot, or one of another version.
        """
        return cls(parameters, feeds, snapshot.read(state, parameters, feeds))

    def _known(self, base: str) -> Coin | None:
        return self._work.market if base == MARKET else self._work.coins.get(base)
