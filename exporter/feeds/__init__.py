"""The life of the feeds: connections, supervision, instruments. What they learn goes to a `Sink` and a `Status`."""

from exporter.feeds.failures import Reason
from exporter.feeds.session import rest_session
from exporter.feeds.sink import Sink
from exporter.feeds.status import ExchangeStatus, FeedStatus, State
from exporter.feeds.supervisor import ExchangeFeeds

__all__ = ["ExchangeFeeds", "ExchangeStatus", "FeedStatus", "Reason", "Sink", "State", "rest_session"]
