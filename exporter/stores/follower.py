"""One store's follower: carries the journal's records to it, at the pace that the store can take.

What arrives while a write runs goes with the next one; nothing waits for a timer. Only the pages in hand are in memory:
what a store has not taken yet stays in the journal, which keeps it until then. A follower never raises for what its
store does, so that neither the feeds nor the other store notice.
"""

import asyncio
import random
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import structlog

from exporter.journal import JournalError
from exporter.model import Record
from exporter.stores.base import (
    LEASE_S,
    Holder,
    LeaseHeldError,
    LeaseLostError,
    Standing,
    Store,
    StoreFaultError,
    StoreState,
    StoreStatus,
    StoreUnavailableError,
)
from exporter.stores.pages import Pages
from exporter.stores.tail import Tail

log = structlog.get_logger()

CONNECT_S = 900.0
"""A connection with its migrations, which may have a lot to do; a store notices by itself that nobody answers."""
RESUME_S = 600.0
"""Getting ready to follow may mean to write a whole ledger."""
WRITE_S = 30.0
ANSWER_S = 10.0
RENEW_S = LEASE_S / 3
TELLINGS = 200
RETRY_FIRST_S = 0.5
RETRY_CAP_S = 30.0
"""The pause before a new attempt is a random share of a ceiling that doubles between these two."""

Result = TypeVar("Result")

_STANDINGS = {
    Standing.FOREIGN: "the store followed another journal until now",
    Standing.AHEAD: "the store holds more than this journal: the journal is an older copy, put back, or the store's "
    "cursor is of such a copy; it is sent again what the journal has, nothing counts twice",
    Standing.BEHIND: "the store lacks records that the journal no longer keeps: the store is an older copy, put back; "
    "what happened between is missing there",
}


class Follower:
    """Feeds one store from the journal at `journal`; `last_seq` tells the journal's newest sequence number.

    `tail` holds its newest records, if anything does.
    """

    def __init__(
        self,
        store: Store,
        status: StoreStatus,
        journal: Path,
        holder: Holder,
        last_seq: Callable[[], int],
        tail: Tail | None = None,
    ) -> None:
        self.status = status
        self._store = store
        self._holder = holder
        self._last_seq = last_seq
        self._pages = Pages(journal, store.name, tail or Tail())
        self._done_seq = status.cursor_seq or 0
        """Up to here the store has every record; unlike a cursor it also moves over numbers that no record has."""
        self._failures = 0
        self._renew_due = 0.0
        self._woken = asyncio.Event()
        self._closing = asyncio.Event()

    def wake(self) -> None:
        """Say that the journal has grown; never blocks."""
        self._measure()
        self._woken.set()

    def close(self) -> None:
        """Ask `run` to bring over what the journal holds by now and to finish; it gives up at the first failure."""
        self._closing.set()
        self._woken.set()

    async def run(self) -> None:
        """Follow until `close` is called; cancelling it loses nothing but time."""
        self._measure()
        try:
            while not self._closing.is_set():
                pause = await self._attempt()
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._closing.wait()
        finally:
            self._pages.close()

    async def _attempt(self) -> float:
        """Connect and follow until something fails; returns how long to wait before the next attempt, in seconds."""
        try:
            await self._follow()
        except Exception as error:  # noqa: BLE001 - whatever a store does, the exporter goes on
            return self._failed(error)
        finally:
            await self._store.close()
        return 0.0

    async def _follow(self) -> None:
        cursor = await _within(CONNECT_S, "connecting", self._store.connect(self._holder))
        standing = await self._pages.standing(cursor)
        if standing in _STANDINGS:
            log.warning(_STANDINGS[standing], store=self._store.name, cursor=cursor and cursor.seq)
        kept = cursor if standing in (Standing.SAME, Standing.BEHIND) else None
        self.status.cursor_seq = kept.seq if kept else 0  # before anything else: from here on the journal may prune
        seq = await _within(RESUME_S, "getting ready", self._store.resume(standing))
        self._following(seq)
        page = await self._next(seq)
        while page:
            seq = page[-1].seq
            full = len(page) == self._store.batch_records
            ahead = asyncio.create_task(self._pages.read(seq, self._store.batch_records)) if full else None
            try:
                await self._write(page)
                page = await ahead if ahead else []
                if not page:
                    await self._tell()
            finally:
                if ahead:
                    await _settled(ahead)
            page = page or await self._next(seq)

    async def _next(self, seq: int) -> list[Record]:
        """Wait for records after `seq` and return a page of them, renewing the lease; empty: `close` was called."""
        while True:
            self._woken.clear()
            newest = self._last_seq()
            page = await self._pages.read(seq, self._store.batch_records) if newest > self._done_seq else []
            if page:
                return page
            self._done_seq = newest
            self._measure()
            await self._tell()
            if self._last_seq() > self._done_seq:
                continue
            if self._closing.is_set():
                return []
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._renew_due):
                    await self._woken.wait()
            if asyncio.get_running_loop().time() >= self._renew_due:
                await _within(ANSWER_S, "renewing the lease", self._store.renew())
                self._succeeded()

    async def _tell(self) -> None:
        """Bring over what the signals told of; it follows the records and never holds them up for long."""
        while tellings := await self._pages.tellings(self._store.told, TELLINGS):
            await _within(WRITE_S, "writing", self._store.tell(tellings))
            self._succeeded()
            if self._last_seq() > self._done_seq:
                return

    async def _write(self, page: list[Record]) -> None:
        started = time.perf_counter()
        await _within(WRITE_S, "writing", self._store.write(page))
        self.status.write_seconds.observe(time.perf_counter() - started)
        self._done_seq = self.status.cursor_seq = page[-1].seq
        self._measure()
        self._succeeded()

    def _following(self, seq: int) -> None:
        self._done_seq = self.status.cursor_seq = seq
        self._measure()
        lag = self.status.lag_events
        log.info("store connected", store=self._store.name, records_to_send=lag)
        self.status.state, self.status.reason = StoreState.FOLLOWING, ""
        self._succeeded()

    def _succeeded(self) -> None:
        self._failures = 0
        self._renew_due = asyncio.get_running_loop().time() + RENEW_S
        self.status.last_success_ms = time.time_ns() // 1_000_000

    def _measure(self) -> None:
        self.status.lag_events = max(0, self._last_seq() - self._done_seq)

    def _failed(self, error: Exception) -> float:
        """Note a failure; returns how long to wait before the next attempt, in seconds."""
        state, pause = self._verdict(error)
        reason = str(error) or type(error).__name__
        if state is not StoreState.STANDBY:
            self.status.failures += 1
        if (state, reason) != (self.status.state, self.status.reason):
            say = log.error if state is StoreState.FAULT else log.warning
            known = isinstance(error, (StoreFaultError, LeaseHeldError, LeaseLostError, *_PASSING))
            name, lag = self._store.name, self.status.lag_events
            say(f"store {state.value}", store=name, reason=reason, records_kept=lag, exc_info=None if known else error)
        self.status.state, self.status.reason = state, reason
        return pause

    def _verdict(self, error: Exception) -> tuple[StoreState, float]:
        if isinstance(error, (LeaseHeldError, LeaseLostError)):
            return StoreState.STANDBY, RENEW_S
        if isinstance(error, StoreFaultError):
            return StoreState.FAULT, RETRY_CAP_S
        ceiling = min(RETRY_CAP_S, RETRY_FIRST_S * 2.0 ** min(self._failures, 32))
        self._failures += 1
        return StoreState.DOWN, ceiling * random.random()  # noqa: S311 - jitter is no secret


_PASSING = (StoreUnavailableError, OSError, TimeoutError, sqlite3.Error, JournalError)


async def _within(seconds: float, what: str, call: Awaitable[Result]) -> Result:
    try:
        async with asyncio.timeout(seconds) as limit:
            return await call
    except TimeoutError:
        if not limit.expired():
            raise
        raise StoreUnavailableError(f"no answer within {seconds:g} s while {what}") from None


async def _settled(task: "asyncio.Task[list[Record]]") -> None:
    """Wait for a read whose result is not wanted any more, so that its error is not reported as forgotten."""
    with suppress(sqlite3.Error, JournalError):
        await task
