"""One feed (product line): its connections, and whether all of them are live."""

import asyncio
from functools import partial
from time import monotonic, time_ns

import structlog

from exporter.exchanges.base import Feed, Span
from exporter.feeds.allowance import Allowance
from exporter.feeds.context import Context
from exporter.feeds.failures import Ended
from exporter.feeds.shard import Report, Shard
from exporter.feeds.sharding import Assignment
from exporter.feeds.status import State
from exporter.feeds.subscriptions import Refusals
from exporter.model import FeedChange

log = structlog.get_logger()


class FeedSupervisor:
    """Runs the connections of one feed, and tells the sink when the feed goes up or down.

    A feed is up while every one of its connections is live. A connection that is added to a feed that is up counts
    from its first outcome on: what is covered already does not become unproven by covering more. `down_since_ms` is
    when an earlier run stopped listening: the outage that ends with the first connection.
    """

    def __init__(self, context: Context, feed: Feed) -> None:
        self.feed = feed
        self.down_since_ms: int | None = None
        self._context = context
        self._labels = {"exchange": context.exchange.name, "feed": feed.name}
        self._status = context.status.feeds[feed.name]
        self._assignment = Assignment(feed.symbols_per_connection)
        self._refusals = Refusals()
        self._allowance = Allowance(feed.quota, monotonic())
        self._shards: list[Shard] = []
        self._reports: dict[int, Report] = {}
        self._group: asyncio.TaskGroup | None = None
        self._up_since_ms: int | None = None

    def start(self, group: asyncio.TaskGroup) -> None:
        """Start the connections in `group`; a per-symbol feed waits for its first instruments."""
        self._group = group
        self._status.since_ms = _now_ms()
        if not self.feed.per_symbol:
            self._add_shard(group)
        self.listed()

    def listed(self) -> None:
        """Take over the instruments that are listed now."""
        names = self._context.table.names(self.feed.name)
        self._status.instruments = len(names)
        if not (self.feed.per_symbol and names and self._group):
            return
        self._refusals.forget()
        before = {name for shard in self._assignment.shards for name in shard}
        new = [name for name in names if name not in before]
        if before and new:
            log.info("instruments added", **self._labels, count=len(new), names=",".join(new[:10]))
        self._assignment.update(names)
        for number, instruments in enumerate(self._assignment.shards):
            if number < len(self._shards):
                self._shards[number].want(instruments)
            else:
                self._add_shard(self._group, instruments)

    def not_listed(self, failure: Ended) -> None:
        """Take note that the instruments could not be fetched: without any, a per-symbol feed can not start."""
        if self.feed.per_symbol and not self._shards:
            self._take(0, Report(failure.state, 0, failure.reason.value, f"instruments: {failure.text}"))

    def stopped(self) -> None:
        """Tell the sink that this process stops listening."""
        if self._up_since_ms is not None:
            self._publish(_now_ms(), up=False, reason="stopped")
            self._up_since_ms = None

    def _add_shard(self, group: asyncio.TaskGroup, instruments: list[str] | None = None) -> None:
        number = len(self._shards)
        shard = Shard(self._context, self.feed, self._refusals, self._allowance, partial(self._take, number))
        shard.want(instruments or [])
        self._shards.append(shard)
        if self._up_since_ms is None:
            self._status.connections.setdefault(number, State.CONNECTING)
        group.create_task(shard.run(), name=f"{self._context.exchange.name} {self.feed.name} {number}")

    def _take(self, number: int, report: Report) -> None:
        before = self._reports.get(number)
        self._reports[number] = report
        state = self._status.state
        self._status.connections[number] = report.state
        if self._status.state is not state:
            self._status.since_ms = _now_ms()
        worst = self._status.state
        self._status.reason = next((each.text for each in self._reports.values() if each.state is worst), "")
        if before is None or (before.state, before.reason) != (report.state, report.reason):
            self._tell(number, report)
        up = worst is State.LIVE
        if up and self._up_since_ms is None:
            self._up_since_ms = report.at_ms
            self._publish(report.at_ms, up=True)
            if self.down_since_ms is not None and self.down_since_ms < report.at_ms:
                self._context.outage(self.feed.name, Span(self.down_since_ms, report.at_ms))
        elif not up and self._up_since_ms is not None:
            self.down_since_ms = max(report.at_ms, self._up_since_ms)
            self._publish(self.down_since_ms, up=False, reason=report.reason)
            self._up_since_ms = None

    def _publish(self, time_ms: int, *, up: bool, reason: str = "") -> None:
        change = FeedChange(time_ms, self._context.exchange.name, self.feed.name, up, reason)
        self._context.sink.feed_changed(change)

    def _tell(self, number: int, report: Report) -> None:
        fields: dict[str, object] = {**self._labels, "connection": number}
        if report.text:
            fields["reason"] = report.text
        if report.retry_in_s is not None:
            fields["retry_in_s"] = round(report.retry_in_s, 1)
        write = log.info if report.state is State.LIVE else log.warning
        write(f"feed {report.state.value}", **fields)


def _now_ms() -> int:
    return time_ns() // 1_000_000
