"""A journal that grows, a Redis that follows it, and what that Redis must hold, worked out here by plain addition."""

import asyncio
import json
import random
from collections import defaultdict

from redis import Redis

from exporter.journal import Batch, Checkpoint, Database
from exporter.ledger import Ledger
from exporter.levels import Levels, bucket
from exporter.model import FeedChange
from exporter.stores.base import Holder, StoreUnavailableError
from exporter.stores.pages import standing
from exporter.stores.redis import RedisStore
from tests.events import T0, liquidation


class World:
    """A journal with the ledger and the levels that write its checkpoints."""

    def __init__(self, path, seed=1):
        self.path = path
        self.database = Database(path)
        self.ledger, self.levels = Ledger(["binance", "bybit"], ["BTC"], 1000), Levels()
        self.records = []
        self._draw = random.Random(seed)
        self._number = 0

    def add(self, count, *, repeat=0, feed_change=False):
        """Journal new events, some of them twice, so that the sequence has holes."""
        events = [self._event() for _ in range(count)]
        entries = events + self._draw.choices(events, k=repeat) if events else []
        if feed_change:
            entries.insert(len(entries) // 2, FeedChange(T0, "bybit", "linear", up=False, reason="test"))
        return self.journal(entries)

    def journal(self, entries):
        """Journal given entries."""
        records = self.database.write(Batch(entries)).records
        self.records += records
        for record in records:
            if not isinstance(record.entry, FeedChange):
                self.ledger.apply(record.seq, record.entry)
                self.levels.apply(record.entry)
        return records

    def checkpoint(self):
        changes = self.ledger.take_changes(), self.levels.take_changes()
        self.database.write(Batch(checkpoint=Checkpoint(self.ledger.last_seq, *changes)))

    @property
    def last_seq(self):
        return self.records[-1].seq if self.records else 0

    def events(self, up_to=None):
        return [
            record
            for record in self.records
            if not isinstance(record.entry, FeedChange) and (up_to is None or record.seq <= up_to)
        ]

    def hashes(self, up_to=None):
        """Every hash that must be there after the record `up_to`, by key."""
        sums, buckets = defaultdict(lambda: [0, 0.0, 0.0]), defaultdict(lambda: [0.0, 0.0])
        for record in self.events(up_to):
            event = record.entry
            total = sums[f"liq:totals:{event.base}", f"{event.exchange}:{event.side}"]
            total[0] += 1
            total[1] += event.base_quantity
            total[2] += event.notional_usd
            level = buckets[f"liq:levels:{event.base}:{event.side}", bucket(event.notional_usd / event.base_quantity)]
            level[0] += event.base_quantity
            level[1] += event.notional_usd
        expected = defaultdict(dict)
        for (key, field), (events, quantity, usd) in sums.items():
            expected[key] |= {f"{field}:events": events, f"{field}:base": quantity, f"{field}:usd": usd}
        for (key, index), (quantity, usd) in buckets.items():
            expected[key][str(index)] = (quantity, usd)
        return dict(expected)

    def _event(self):
        self._number += 1
        draw = self._draw
        base = draw.choice(["BTC", "ETH", "PEPE", "币安人生", 'QUO"TE'])
        quantity, price = draw.lognormvariate(0, 2), 100.0 * 1.0007 ** draw.randrange(60)
        return liquidation(
            self._number,
            exchange=draw.choice(["binance", "bybit"]),
            base=base,
            side=draw.choice(["long", "short"]),
            price=price,
            base_quantity=quantity,
            notional_usd=quantity * price,
        )


def holder(world, pid=1, since_ms=T0, host="here"):
    return Holder(host, pid, since_ms, world.database.uuid)


async def connected(store, world, who=None):
    """Connect and resume; returns where the store wants to go on."""
    cursor = await store.connect(who or holder(world))
    return await store.resume(standing(world.database, cursor))


async def drain(store, world, after, batch=None):
    """Write everything that is left; returns how many calls that took."""
    calls = 0
    while records := world.database.read(after, batch or store.batch_records):
        await store.write(records)
        after = records[-1].seq
        calls += 1
    return calls


async def followed(world, address, who=None):
    """A store that has everything."""
    store = RedisStore(address, world.path)
    await drain(store, world, await connected(store, world, who))
    return store


async def healed(store, world, who=None):
    """What a follower does after an error: close, connect, go on; returns how many times it had to."""
    for attempt in range(1, 200):
        await store.close()
        try:
            await drain(store, world, await connected(store, world, who))
        except StoreUnavailableError:
            await asyncio.sleep(0.02)
        else:
            return attempt
    raise AssertionError("it never healed")


def held(client: Redis):
    """Every hash that is there, by key."""
    keys = [*client.scan_iter("liq:totals:*", 1000), *client.scan_iter("liq:levels:*", 1000)]
    return {key: _values(client.hgetall(key)) for key in keys if client.type(key) == "hash"}


def _values(fields):
    return {name: _value(name, text) for name, text in fields.items()}


def _value(name, text):
    if name.endswith(":events"):
        return int(text)
    if ":" in name:
        return float(text)
    quantity, usd = text.split(" ")
    return float(quantity), float(usd)


def stream(client: Redis):
    """The stream: (seq, event) in its order."""
    rows = client.xrange("liq:recent")
    assert all(identifier.endswith("-0") for identifier, _ in rows)
    return [(int(identifier[:-2]), json.loads(fields["event"])) for identifier, fields in rows]


def assert_exact(client: Redis, world: World, up_to=None):
    """Redis is, bit for bit, what the journal says as of the record that its cursor names."""
    meta = client.hgetall("liq:meta")
    up_to = world.last_seq if up_to is None else up_to
    assert (meta["state"], meta["schema"], meta["journal"]) == ("ready", "1", world.database.uuid)
    assert int(meta["seq"]) == up_to
    assert held(client) == world.hashes(up_to)
    events = world.events(up_to)
    assert client.smembers("liq:exchanges") == {record.entry.exchange for record in events}
    found = stream(client)
    newest = events[-len(found) :] if found else []
    assert [seq for seq, _ in found] == [record.seq for record in newest]
    assert [event["id"] for _, event in found] == [record.entry.id for record in newest]
    return found
