"""The followers of the configured stores, as the composition root sees them."""

import asyncio
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import structlog

from exporter.config import Stores
from exporter.model import Record
from exporter.stores import Holder, Store, StoreStatus
from exporter.stores.follower import Follower
from exporter.stores.tail import Tail

log = structlog.get_logger()

DRAIN_S = 4.0
"""At a stop the stores get this long to take what the journal holds; the rest comes with the next start. The whole stop
has to fit into the ten seconds that Docker gives."""


class Followers:
    """One follower per configured store.

    `known` are the cursors that the journal remembers from the last run: until a store has said where it is, what it
    may lack is kept. `last_seq` tells the journal's newest sequence number.
    """

    def __init__(
        self,
        config: Stores,
        journal: Path,
        holder: Holder,
        known: Mapping[str, int],
        last_seq: Callable[[], int],
    ) -> None:
        self.statuses: dict[str, StoreStatus] = {}
        self._followers: list[Follower] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._tail = Tail()
        for store in _stores(config, journal):
            status = self.statuses[store.name] = StoreStatus()
            status.cursor_seq = known.get(store.name)
            self._followers.append(Follower(store, status, journal, holder, last_seq, self._tail))

    def start(self) -> None:
        """Begin to follow."""
        self._tasks = [asyncio.create_task(each.run(), name="follower") for each in self._followers]

    def take(self, records: Sequence[Record]) -> None:
        """Say that the journal has grown by these records; never blocks."""
        if self._followers:
            self._tail.add(records)
        for follower in self._followers:
            follower.wake()

    def cursors(self) -> dict[str, int]:
        """Return up to which record each store is known to hold everything; 0 where that is not known."""
        return {name: status.cursor_seq or 0 for name, status in self.statuses.items()}

    def keep_after(self, last_seq: int) -> int:
        """Return up to which record the journal may forget; the one at a cursor stays, because its mark is compared."""
        return min([last_seq, *(seq - 1 for seq in self.cursors().values())])

    async def stop(self) -> None:
        """Let the stores take what is left, for a short while, and let them go."""
        for follower in self._followers:
            follower.close()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=DRAIN_S)
            for task in late:
                task.cancel()
            await asyncio.wait(self._tasks)
        for name, status in self.statuses.items():
            if status.lag_events:
                log.info("store left behind; it catches up after the next start", store=name, records=status.lag_events)


def holder(journal: str, since_ms: int) -> Holder:
    """Return this process as the holder of leases; `since_ms` is when it started."""
    return Holder(socket.gethostname(), os.getpid(), since_ms, journal)


def _stores(config: Stores, journal: Path) -> list[Store]:
    """Build the stores; the drivers of those that are off are not even imported, which takes a tenth of a second."""
    stores: list[Store] = []
    if config.redis.url:
        from exporter.stores.redis import RedisStore  # noqa: PLC0415 - see above

        stores.append(RedisStore(config.redis.url, journal))
    if config.timescale.url:
        from exporter.stores.timescale import TimescaleOptions, TimescaleStore  # noqa: PLC0415 - see above

        section = config.timescale
        retention = timedelta(seconds=section.retention) if section.retention else None
        options = TimescaleOptions(section.url, retention, section.readonly_role, section.readonly_password)
        stores.append(TimescaleStore(options, journal))
    return stores
