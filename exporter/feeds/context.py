"""What all connections of one exchange share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from exporter.config import Feeds
from exporter.exchanges.base import Exchange, Feed, Span
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
    outage: Callable[[str, Span], None] = field(default=lambda _feed, _span: None)
    """Told of a feed's outage once it is over."""

    def address(self, feed: Feed) -> str:
        """Return the WebSocket address of a feed."""
        return self.endpoints[feed.endpoint].rstrip("/") + feed.path
