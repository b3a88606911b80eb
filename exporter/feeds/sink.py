"""Where the feeds deliver: implemented by `exporter.intake`, so that the feeds know no journal."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from exporter.exchanges.base import Liquidations
from exporter.model import FeedChange, Instrument


class Taken(NamedTuple):
    """What became of liquidations of the past; those that are not of a class that counts are none of these.

    `waiting` ones have no instrument or rate yet, `known` ones waited before. `too_old` ones happened before ids are
    kept, and `dropped` ones would have been recorded, had the journal had room for them.
    """

    recorded: int = 0
    waiting: int = 0
    known: int = 0
    too_old: int = 0
    dropped: int = 0


class Sink(Protocol):
    """Takes what sockets delivered. No call blocks or raises."""

    def liquidations(self, exchange: str, parsed: Liquidations, received_ms: int, parse_seconds: float) -> None:
        """Take the liquidations of one frame, and what parsing it cost."""

    def repeated(self, exchange: str, parsed: Liquidations, received_ms: int) -> None:
        """Take what a new subscriber was told of the time before; most of it is known."""

    def backfilled(self, exchange: str, parsed: Liquidations, received_ms: int) -> Taken:
        """Take liquidations that no socket delivered and that were asked for afterwards."""

    async def stored(self) -> None:
        """Wait until what was taken so far is durable."""

    def instruments(self, exchange: str, instruments: Iterable[Instrument]) -> None:
        """Take the instruments of an exchange, all that are known, replacing the earlier ones."""

    def feed_changed(self, change: FeedChange) -> None:
        """Take note that a feed became live or stopped being live."""

    def quarantine(self, exchange: str, reason: str, frame: bytes | str, received_ms: int) -> None:
        """Keep a sample of a frame that could not be used."""
