"""The passing of time: batches end, seconds tick for what is not at rest, minutes close.

Whatever is at rest is never touched, so that a jump over hours and the same hours second by second end in one state:
observed time is whole milliseconds, and minutes are closed one by one.
"""

import math

from exporter.model import SIDES
from exporter.signals.coin import Coin
from exporter.signals.correlation import Minutes
from exporter.signals.hours import hour_of
from exporter.signals.judge import Judge, Outbox
from exporter.signals.market import Coins
from exporter.signals.pairs import Crossings
from exporter.signals.readings import MARKET
from exporter.signals.setting import Setting
from exporter.signals.side import SideState
from exporter.signals.stress import Stress

SECOND_MS = 1000
MINUTE_MS = 60_000
BOTH = (0, 1)
PAUSE_MS = 100
"""A side at a level or in an episode is judged no more often than this, and at every whole second."""


class Clockwork:
    """Everything that has state, and the moment it is at; lists of two have the long side first."""

    __slots__ = (
        "_judge",
        "active",
        "coins",
        "crossings",
        "dirty",
        "market",
        "market_active",
        "members",
        "minutes",
        "next_ms",
        "now_ms",
        "outbox",
        "setting",
        "started",
        "stress",
    )

    def __init__(self, setting: Setting) -> None:
        size = len(setting.exchanges.names)
        self.now_ms = 0
        self.next_ms = 0
        """The next whole second."""
        self.started = False
        self.setting = setting
        self.outbox = Outbox()
        self.coins: dict[str, Coin] = {}
        self.active: dict[str, None] = {}
        """The coins at a level or in an episode, in the order in which they got there."""
        self.dirty: list[tuple[Coin, int, SideState]] = []
        """The coins and sides with orders in the present batch."""
        self.market = Coin(MARKET, setting, 0)
        self.market_active = False
        self.members = [Coins() for _ in SIDES]
        self.stress = [Stress() for _ in SIDES]
        self.crossings = [Crossings(size) for _ in SIDES]
        self.minutes = [Minutes(size) for _ in SIDES]
        self._judge = Judge(setting, self.outbox)

    def reach(self, to_ms: int) -> None:
        """End the present batch and move on to a later moment, second by second where something is on."""
        if self.dirty:
            self.settle()
        if to_ms < self.next_ms:
            self.now_ms = to_ms
            return
        if not self.started:
            self._start(to_ms)
            return
        second = self.next_ms
        while second <= to_ms:
            busy = self.active or self.market_active
            if not busy:
                second = min(to_ms - to_ms % SECOND_MS, second - second % -MINUTE_MS)
            self.now_ms = second
            if second % MINUTE_MS == 0:
                self._minute(second)
            if busy:
                self._tick()
            second += SECOND_MS
        self.now_ms = to_ms
        self.next_ms = to_ms - to_ms % SECOND_MS + SECOND_MS

    def settle(self) -> None:
        """Judge what the present batch changed, the market last."""
        now_ms, least = self.now_ms, self.setting.parameters.gates.orders
        for coin, index, state in self.dirty:
            evidence, state.changed = state.evidence, False
            if state.calm:
                if evidence.counts[2] > least and evidence.usd > state.least_usd:
                    self._judged(coin, index)
            elif now_ms - state.judged_ms >= PAUSE_MS:
                self._judged(coin, index)
        self.dirty.clear()
        for index in BOTH:
            state = self.market.sides[index]
            changed, state.changed = state.changed, False
            rested = state.calm or now_ms - state.judged_ms >= PAUSE_MS
            if changed and rested and state.evidence.usd > state.least_usd:
                self._judge_market(index)

    def coin(self, base: str) -> Coin:
        """Return a new coin; when there are too many, the one without orders for longest is forgotten."""
        if len(self.coins) >= self.setting.parameters.idle_coins:
            idle = [coin for coin in self.coins.values() if coin.base not in self.active and not _changed(coin)]
            if idle:
                del self.coins[min(idle, key=lambda coin: coin.last_ms).base]
        coin = self.coins[base] = Coin(base, self.setting, self.now_ms)
        return coin

    def cover(self) -> None:
        """Tell every coin that other exchanges are up than before."""
        self.setting.refresh(self.now_ms)
        for coin in (*self.coins.values(), self.market):
            coin.cover(self.now_ms, self.setting)

    def _start(self, to_ms: int) -> None:
        self.started = True
        self.now_ms = to_ms
        self.next_ms = to_ms - to_ms % SECOND_MS + SECOND_MS
        self.setting.exchanges.refreshed_ms = to_ms
        self.setting.exposure.origin_ms = to_ms
        self.setting.hour = hour_of(to_ms)
        self.setting.refresh(to_ms)
        self.market = Coin(MARKET, self.setting, to_ms)

    def _tick(self) -> None:
        for base in list(self.active):
            coin = self.coins[base]
            for index in BOTH:
                self._judged(coin, index)
            if all(state.calm for state in coin.sides):
                del self.active[base]
        for index in BOTH:
            if not self._market_rests(index):
                self._judge_market(index)

    def _minute(self, now_ms: int) -> None:
        setting = self.setting
        setting.refresh(now_ms)
        exchanges = setting.exchanges
        setting.exposure.minute(now_ms, any(exchanges.live))
        setting.hour = hour_of(now_ms)
        observed = self.market.coverage >= setting.parameters.coverage.blind
        for index in BOTH:
            self.stress[index].minute(now_ms, math.fsum(self.minutes[index].usd), observed)
            self.crossings[index].minute()
            self.minutes[index].minute(exchanges.live)
        for place, factor in exchanges.overflowing():
            for coin in (*self.coins.values(), self.market):
                coin.rescale(place, factor)

    def _judged(self, coin: Coin, index: int) -> None:
        if self._judge.judge(coin, index, self.now_ms):
            self.members[index].moved(coin.base, coin.sides[index].hysteresis.level, self.now_ms)
            self.market_active = True
        if not coin.sides[index].calm:
            self.active[coin.base] = None

    def _judge_market(self, index: int) -> None:
        members = self.members[index]
        support = members.count(self.now_ms, self.setting.parameters.breadth) if members.members else 0
        self._judge.judge(self.market, index, self.now_ms, support)
        self.market_active = not (self._market_rests(0) and self._market_rests(1))

    def _market_rests(self, index: int) -> bool:
        return self.market.sides[index].calm and not self.members[index].members


def _changed(coin: Coin) -> bool:
    return any(state.changed for state in coin.sides)
