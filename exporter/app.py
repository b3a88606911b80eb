"""The composition root: builds the parts, runs them in one task group, stops them in order."""

import asyncio
import gc
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import structlog

from exporter import __version__
from exporter.alerts import FastPath
from exporter.analysis import Analyst, keep_time, sampling
from exporter.bookkeeper import Bookkeeper
from exporter.broadcast import Broadcast
from exporter.byhand import ByHand
from exporter.config import Config, ConfigError
from exporter.exchanges import REGISTRY
from exporter.feeds import ExchangeFeeds, rest_session
from exporter.feeds.status import ExchangeStatus, State
from exporter.folder import JOURNAL_FILE, held
from exporter.followers import Followers, holder
from exporter.gaps import Gaps, Outage
from exporter.intake import Intake
from exporter.journal import Checkpoint, Committed, Database, Journal, JournalStatus
from exporter.ledger import Ledger
from exporter.levels import Levels
from exporter.logs import set_up
from exporter.metrics import Exposition
from exporter.model import NEVER_RUN, FeedChange
from exporter.opening import left_open, restore, restore_gaps
from exporter.questions import Reader
from exporter.selfcheck import SelfCheck
from exporter.signals import Sampling
from exporter.stats import WINDOWS
from exporter.takeover import take_over
from exporter.view import View
from exporter.web import WebServer

log = structlog.get_logger()

NOTICE_S = 12.0
"""After this long without a connection the log says which exchanges cannot be reached, and why."""
HOUSEKEEPING_S = 60.0
AFTER_RESTART = ("data", "web", "metrics", "journal", "stores", "check")
"""The blocks of the configuration of which a reload says that they wait for a restart; the others apply at once."""
SWITCH_S = 0.0005
"""So long the event loop waits at most for a thread that computes, such as the one that renders a scrape: by default it
would be ten times as long."""


async def main(config: Config, reload: Callable[[], Config]) -> int:
    """Run until SIGINT or SIGTERM; returns the exit status. SIGHUP reloads the configuration."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    with held(config.data.dir) as folder:
        await take_over(config, folder / JOURNAL_FILE, stop)
        if stop.is_set():
            return 0
        app = App(config, reload, folder)
        settle_interpreter()
        loop.add_signal_handler(signal.SIGHUP, app.reload_soon)
        await app.run(stop)
    return 0


def settle_interpreter() -> None:
    """Prepare the interpreter for a long run whose event loop must not wait for anything."""
    gc.collect()
    gc.freeze()  # what exists by now stays: later collections need not walk it, which took up to 40 ms
    sys.setswitchinterval(SWITCH_S)


class App:
    """A whole exporter on one data folder.

    Construction opens the journal and restores the ledger from it; `JournalError` when the file cannot be used.
    """

    def __init__(self, config: Config, reload: Callable[[], Config], folder: Path) -> None:
        self._folder = folder
        self._load_config = reload
        database = Database(folder / JOURNAL_FILE)
        ledger = Ledger(config.enabled_exchanges(), config.metrics.bases, config.metrics.base_cap)
        levels = Levels()
        restore(ledger, levels, database, _oldest_minute(_now_ms()))
        self._reader = Reader(database.path, self._written)
        self.view = View(config, ledger, Gaps(), JournalStatus(), self._reader.newest, levels, started_ms=_now_ms())
        self._followers = Followers(
            config.stores,
            database.path,
            holder(database.uuid, self.view.started_ms),
            database.cursors(),
            lambda: self.view.journal.last_seq,
        )
        self.view.stores = self._followers.statuses
        retention_ms = int(config.journal.retention * 1000)
        before_ms = self.view.started_ms - retention_ms
        restore_gaps(self.view.gaps, database, before_ms, self._followers.keep_after(database.last_seq))
        broadcast = Broadcast()
        self._bookkeeper = Bookkeeper(self.view, broadcast)
        self.journal = Journal(
            database,
            self.view.journal,
            queue_events=config.journal.queue_events,
            on_commit=self._committed,
            checkpoint=lambda: Checkpoint(
                ledger.last_seq, ledger.take_changes(), levels.take_changes(), self._analyst.due()
            ),
        )
        self._analyst = Analyst(
            database.path, config.signals, samplings(config), config.metrics.bases, self.journal.tell
        )
        self.view.signals = self._analyst.status
        self._fast_path = FastPath(lambda: self.view.config.alerts, lambda: self.view.signals.present)
        self.view.alerts = self._fast_path.status
        self.intake = Intake(
            self.journal, self.view.exchanges, retention_ms, self._refresh_instruments, config.feeds.asset_classes
        )
        self.intake.restore(database.pending())
        self._check = SelfCheck(self.view, config, database.path)
        self._feeds: dict[str, ExchangeFeeds] = {}
        self._by_hand = ByHand(self.view, self._feeds, database.uuid)
        self._web = WebServer(self.view, broadcast, Exposition(self.view).render, self.reload, self._by_hand.begin)
        self.address = ""
        """Where it serves, once it runs."""
        self.inside = ""
        """Where programs of its own ask it."""
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._interrupted: dict[str, list[Outage]] = {}
        self._mark_feeds_down(config.enabled_exchanges(), database)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then stop feeds, journal, and at last stores and web, in this order."""
        self.address = await self._web.start()
        self.inside = self._web.inside
        page, metrics = f"{self.address}/", f"{self.address}/metrics"
        log.info("serving", page=page, metrics=metrics, version=__version__, data=str(self._folder))
        journal = asyncio.create_task(self.journal.run(), name="journal")
        self._followers.start()
        try:
            async with rest_session() as session:
                self._session = session
                async with asyncio.TaskGroup() as group:
                    self._group = group
                    for name in self.view.config.enabled_exchanges():
                        self._start_exchange(name)
                    chores = [
                        group.create_task(chore)
                        for chore in (
                            self._notice(),
                            self._housekeeping(),
                            self._check.run(self.inside),
                            self._analyst.begin(),
                            keep_time(self.journal.pass_time, self._pass_time),
                            self._fast_path.run(session),
                        )
                    ]
                    await _first(stop, journal)
                    log.info("stopping")
                    self._by_hand.cancel()
                    for task in (*chores, *self._tasks.values()):
                        task.cancel()
        finally:
            try:
                self._analyst.save_soon()
                self.journal.close()
                await journal
            finally:
                await asyncio.gather(self._followers.stop(), self._web.stop())  # each may have to wait for others
                self._reader.close()
        log.info("stopped", last_seq=self.journal.status.last_seq)

    async def tidy(self, now_ms: int) -> None:
        """Forget what no window, no deduplication and no store needs any more at `now_ms`, Unix milliseconds."""
        self.view.ledger.forget_minutes(now_ms)
        self.intake.expire(now_ms)
        before = now_ms - int(self.view.config.journal.retention * 1000)
        await self.journal.remember(self._followers.cursors())
        keep_after = self._followers.keep_after(self.journal.status.last_seq)
        await self.journal.prune(before, _oldest_minute(now_ms), keep_after)

    async def reload(self) -> list[str]:
        """Read the configuration again and apply it; returns what changed. Raises `ConfigError` and changes nothing."""
        try:
            new = self._load_config()
        except ConfigError as error:
            self.view.reload_successful = False
            log.warning("reload failed", error=str(error))
            raise
        old, self.view.config = self.view.config, new
        self.view.reload_successful = True
        self.intake.asset_classes = new.feeds.asset_classes
        set_up(new.log.level, new.log.format)
        changes = [await self._reload_exchange(name, old, new) for name in REGISTRY]
        changes += [name for name in ("log", "stats", "signals", "alerts") if getattr(old, name) != getattr(new, name)]
        self._analyst.configure(new.signals, samplings(new))
        changes += [f"{name} (after a restart)" for name in AFTER_RESTART if getattr(old, name) != getattr(new, name)]
        applied = [change for change in changes if change]
        log.info("reloaded", changed=", ".join(applied) or "nothing")
        return applied

    def reload_soon(self) -> None:
        """Reload from a signal handler."""

        async def quietly() -> None:
            with suppress(ConfigError):  # logged and shown as a metric by reload itself
                await self.reload()

        self._group.create_task(quietly())

    async def _reload_exchange(self, name: str, old: Config, new: Config) -> str:
        """Stop, start or restart one exchange as the new configuration asks."""
        was, wanted = name in self._tasks, name in new.enabled_exchanges()
        same = old.endpoints(name) == new.endpoints(name) and old.feeds == new.feeds
        if was == wanted and (same or not wanted):
            return ""
        if was:
            self._by_hand.cancel(name)
            task = self._tasks.pop(name)
            task.cancel()
            await asyncio.wait([task])
            del self.view.exchanges[name], self._feeds[name]
        if wanted:
            self._start_exchange(name)
        return f"exchanges.{name}"

    def _start_exchange(self, name: str) -> None:
        config = self.view.config
        feeds = ExchangeFeeds(
            REGISTRY[name],
            config.endpoints(name),
            config.feeds,
            config.metrics.bases,
            self._folder,
            self.intake,
            self._session,
        )
        self.intake.begun_ms[name] = self.view.gaps.first_ms(name) or _now_ms()
        oldest = _now_ms() - int(REGISTRY[name].capability.backfill_hours * 3_600_000)
        earlier = self.view.gaps.unfilled(name, oldest) + self._interrupted.pop(name, [])
        feeds.fill_outages(self._reader.events, int(config.journal.retention * 1000), earlier)
        self._feeds[name] = feeds
        self.view.exchanges[name] = feeds.status
        self._tasks[name] = self._group.create_task(feeds.run(), name=name)

    async def _written(self) -> None:
        """Wait until all that was received so far is in the journal's file."""
        await self.journal.written()

    def _committed(self, committed: Committed) -> None:
        self._bookkeeper.apply(committed)
        self._analyst.apply(committed.records)
        self._fast_path.wake()
        self._followers.take(committed.records)

    def _pass_time(self, to_ms: int) -> None:
        self._analyst.pass_time(to_ms)
        self._fast_path.wake()

    def _refresh_instruments(self, exchange: str) -> None:
        if exchange in self._feeds:
            self._feeds[exchange].refresh_soon()

    def _mark_feeds_down(self, exchanges: list[str], database: Database) -> None:
        """Write a feed-down for every feed that an unclean stop left open, or that has never run."""
        states = (record.entry for record in database.feed_states())
        known = {(change.exchange, change.feed) for change in states if isinstance(change, FeedChange)}
        down = {(change.exchange, change.feed): change for change in left_open(database)}
        now = _now_ms()
        for exchange in exchanges:
            for feed in REGISTRY[exchange].feeds:
                if (exchange, feed.name) not in known:
                    self.journal.append(FeedChange(now, exchange, feed.name, up=False, reason=NEVER_RUN))
                elif change := down.get((exchange, feed.name)):
                    self.journal.append(change)
                    # the gaps learn of it with the first commit, which is later than the feeds start
                    outage = Outage(feed.name, change.time_ms, None, change.reason)
                    self._interrupted.setdefault(exchange, []).append(outage)

    async def _notice(self) -> None:
        """Say once, soon after the start, which exchanges cannot be reached."""
        await asyncio.sleep(NOTICE_S)
        unreached = unreachable(self.view.exchanges)
        if len(unreached) == len(self.view.exchanges):
            log.warning(
                "no exchange can be reached; still trying",
                **unreached,
                hint="check the network, or see everything work without one: make demo",
            )
        elif unreached:
            log.warning("some exchanges cannot be reached; still trying", **unreached)

    async def _housekeeping(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING_S)
            await self.tidy(_now_ms())


def samplings(config: Config) -> dict[str, Sampling]:
    """Return what each exchange that is listened to publishes."""
    return {name: sampling(name) for name in config.enabled_exchanges()}


def unreachable(exchanges: Mapping[str, ExchangeStatus]) -> dict[str, str]:
    """Return the reason for every exchange that has no connection; one that still subscribes has none."""
    reached = (State.LIVE, State.SILENT)
    reasons = {name: s.reason or s.instruments_error for name, s in exchanges.items() if s.state not in reached}
    return {name: reason for name, reason in reasons.items() if reason}


async def _first(stop: asyncio.Event, task: asyncio.Task[None]) -> None:
    """Wait for the stop event; a task that ends before it is a fault and its error is raised."""
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait([waiting, task], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if task.done():
        task.result()


def _oldest_minute(now_ms: int) -> int:
    return now_ms // 60_000 - WINDOWS["24h"]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
