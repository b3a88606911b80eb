"""What every store holds, compared with what was sent: event by event where a store keeps them, else sum by sum."""

import json
from collections import Counter
from dataclasses import dataclass

import redis

from exporter.journal import Database
from exporter.model import Liquidation

STREAM = "liq:recent"
IN_SECONDS = {"gate"}
"""Exchanges whose answers about the past have whole seconds, where the socket has milliseconds (docs/exchanges.md)."""


@dataclass(frozen=True)
class Account:
    """One store: how many events it should hold at least, holds, and can hold at most."""

    store: str
    certain: int
    counted: int
    all: int
    lost: int
    doubled: int
    unique: bool

    @property
    def right(self):
        return not self.lost and not self.doubled and self.unique and self.certain <= self.counted <= self.all

    def line(self):
        ids = "unique" if self.unique else "NOT UNIQUE"
        numbers = f"certain {self.certain:,}  counted {self.counted:,}  all {self.all:,}"
        return f"{self.store:<18} {numbers}  lost {self.lost}  doubled {self.doubled}  ids {ids}"


def content(event):
    """What makes an event the same one in the truth and in a store."""
    return _same(event.exchange, event.instrument, event.time_ms, event.side, event.price, event.quantity)


def _same(exchange, instrument, time_ms, *more):
    return exchange, instrument, time_ms // 1000 if exchange in IN_SECONDS else time_ms, *more


def cell(event):
    return event.exchange, event.base, event.side


def of_journal(path, truth):
    events = journal_events(path)
    return _account("journal", truth, events, [(event.exchange, event.id) for event in events])


def of_database(rows, truth):
    """`rows` are those of `liquidations`: exchange, instrument, time in ms, side, price, quantity, id."""
    counted = Counter(_same(*row[:6]) for row in rows)
    return _judge("timescale", truth, content, counted, [(row[0], row[6]) for row in rows])


def of_redis(client: redis.Redis, path, truth):
    """The totals against the truth, and the stream against the newest events of the journal."""
    counted = Counter()
    for key in client.scan_iter("liq:totals:*"):
        for field, value in client.hgetall(key).items():
            exchange, side, figure = field.split(":")
            if figure == "events":
                counted[exchange, key.removeprefix("liq:totals:"), side] += int(value)
    return [_judge("redis totals", truth, cell, counted, []), _of_stream(client, path)]


def journal_events(path):
    database = Database(path, readonly=True)
    try:
        return [record.entry for record in database.records() if isinstance(record.entry, Liquidation)]
    finally:
        database.close()


def _account(store, truth, events, ids):
    return _judge(store, truth, content, Counter(map(content, events)), ids)


def _judge(store, truth, key, counted, ids):
    sent = Counter(key(event) for event in truth)
    certain = Counter(key(event) for event in truth if event.certain)
    return Account(
        store,
        certain.total(),
        counted.total(),
        sent.total(),
        (certain - counted).total(),
        (counted - sent).total(),
        len(set(ids)) == len(ids),
    )


def _of_stream(client, path):
    rows = [json.loads(fields["event"]) for _, fields in client.xrange(STREAM)]
    found = [(row["exchange"], row["id"]) for row in rows]
    newest = [(event.exchange, event.id) for event in journal_events(path)[-len(found) :]]
    missing, extra = Counter(newest) - Counter(found), Counter(found) - Counter(newest)
    unique = len(set(found)) == len(found)
    return Account(
        "redis stream", len(newest), len(found), len(newest), missing.total(), extra.total(), unique and found == newest
    )
