"""What all connections of one exchange share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exporter.config import Feeds
from exporter.exchanges.base import Exchange, Feed
from exporter.feeds.instruments import InstrumentTable
from exporter.feeds.sink import Sink
from exporter.feeds.status import ExchangeStatus


@dataclass(frozen=True, slots=True)
class Context:
    """One exchange as it is being listened to; `endpoints` are the addresses in force."""

    exchange: Exchange
    endpoints: Mapping[str, str]
    settings: Feeds
    bases: Sequence[str]
    sink: Sink
    status: ExchangeStatus
    table: InstrumentTable

    def address(self, feed: Feed) -> str:
        """Return the WebSocket address of a feed."""
        return self.endpoints["ws"].rstrip("/") + feed.path
