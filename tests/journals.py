"""A journal that grows, and the sums that anything which follows it must show, worked out by plain addition."""

import random
import time
from collections import defaultdict

from exporter.cells import SIZE_BUCKETS
from exporter.journal import Batch, Checkpoint, Database
from exporter.ledger import Ledger
from exporter.levels import Levels, bucket
from exporter.model import FeedChange, Liquidation
from exporter.signals.readings import LevelChange
from tests.events import liquidation

BASES = ("BTC", "ETH", "PEPE", "币安人生", "QUO\"TE'S")
DAY_MS = 86_400_000


def now_ms():
    return time.time_ns() // 1_000_000


class Grown:
    """A journal file with the ledger and the levels that write its checkpoints."""

    def __init__(self, path, seed=1):
        self.path = path
        self.database = Database(path)
        self.ledger, self.levels = Ledger(["binance", "bybit"], ["BTC"], 1000), Levels()
        self.records = []
        self.seed = seed
        self._draw = random.Random(seed)
        self._number = 0

    @property
    def last_seq(self):
        return self.database.last_seq

    @property
    def events(self):
        return [record.entry for record in self.records if isinstance(record.entry, Liquidation)]

    def add(self, count, *, oldest_ms=3_600_000, newest_ms=0, repeat=0):
        """Journal random events of the span between two ages, some of them twice, so that the sequence has holes."""
        now = now_ms()
        times = sorted(self._draw.randrange(now - oldest_ms, now - newest_ms) for _ in range(count))
        events = [self._event(each) for each in times]
        return self.write(events + self._draw.choices(events, k=repeat))

    def down_and_up(self, exchange="bybit", feed="linear", reason="test"):
        """Journal a feed that stops and comes back."""
        now = now_ms()
        changes = [FeedChange(now - 2000, exchange, feed, up=False, reason=reason)]
        return self.write([*changes, FeedChange(now - 1000, exchange, feed, up=True)])

    def write(self, entries):
        """Journal given entries."""
        records = self.database.write(Batch(list(entries), alive_ms=now_ms())).records
        self.records += records
        for record in records:
            if isinstance(record.entry, Liquidation):
                self.ledger.apply(record.seq, record.entry)
                self.levels.apply(record.entry)
        return records

    def checkpoint(self):
        changes = self.ledger.take_changes(), self.levels.take_changes()
        self.database.write(Batch(checkpoint=Checkpoint(self.ledger.last_seq, *changes), alive_ms=now_ms()))

    def totals(self, wanted=lambda event: True):
        """Events, base quantity, USD, largest, first and last by exchange, base and side."""
        sums = defaultdict(lambda: (0, 0.0, 0.0, 0.0, 1 << 60, 0))
        for event in filter(wanted, self.events):
            key = (event.exchange, event.base, event.side)
            events, quantity, usd, largest, first, last = sums[key]
            sums[key] = (
                events + 1,
                quantity + event.base_quantity,
                usd + event.notional_usd,
                max(largest, event.notional_usd),
                min(first, event.time_ms),
                max(last, event.time_ms),
            )
        return dict(sums)

    def sizes(self):
        """Events by exchange, side and number of the size bucket."""
        counts = defaultdict(int)
        for event in self.events:
            number = sum(event.notional_usd > bound for bound in SIZE_BUCKETS)
            counts[event.exchange, event.side, number] += 1
        return dict(counts)

    def price_levels(self):
        """Base quantity and USD by base, side and price bucket."""
        sums = defaultdict(lambda: (0.0, 0.0))
        for event in self.events:
            key = (event.base, event.side, bucket(event.notional_usd / event.base_quantity))
            quantity, usd = sums[key]
            sums[key] = (quantity + event.base_quantity, usd + event.notional_usd)
        return dict(sums)

    def _event(self, time_ms):
        self._number += 1
        draw = self._draw
        quantity, price = draw.lognormvariate(0, 2), 100.0 * 1.0007 ** draw.randrange(60)
        return liquidation(
            time_ms=time_ms,
            received_ms=time_ms + draw.randrange(500),
            exchange=draw.choice(["binance", "bybit"]),
            base=draw.choice(BASES),
            side=draw.choice(["long", "short"]),
            price=price,
            quantity=quantity,
            base_quantity=quantity,
            notional_usd=quantity * price,
            id=f"{self.seed}-{self._number}",
        )


def change(base, level, side="long", time_ms=1_790_000_000_000):
    """A change of level as the signals tell it."""
    contributions = (4.5, 1.25, 0.5, 0.25, 0.75, -1.5)
    return LevelChange(time_ms + level, base, side, level, level - 1, 40.0 + level, contributions, 1.0)
