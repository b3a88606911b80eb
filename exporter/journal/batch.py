"""What one transaction of the journal writes, and what it did."""

from collections import Counter

import msgspec

from exporter.journal.checkpoint import Checkpoint
from exporter.journal.signals import News
from exporter.model import FeedChange, Liquidation, RawLiquidation, Record


class Sample(msgspec.Struct, frozen=True):
    """A frame that could not be used, kept for diagnosis."""

    received_ms: int
    exchange: str
    reason: str
    frame: bytes


class Batch(msgspec.Struct):
    """What one transaction writes, in order."""

    entries: list[Liquidation | FeedChange] = []
    pending: list[RawLiquidation] = []
    settled: list[tuple[str, str]] = []
    """(exchange, id) of pending events that `entries` now contains."""
    samples: list[Sample] = []
    news: list[News] = []
    """What the signals told of."""
    checkpoint: Checkpoint | None = None
    reached_ms: int = 0
    """Up to here the signals have let time pass: nothing is applied before."""
    alive_ms: int = 0
    """The time of writing: what was live up to here was live."""


class Written(msgspec.Struct):
    """What a transaction did: the new records, in order, and the refused repetitions by exchange.

    `last_seq` is the newest number that was given; repetitions were given one, too.
    """

    records: list[Record]
    duplicates: Counter[str]
    last_seq: int
