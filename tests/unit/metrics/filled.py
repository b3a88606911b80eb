"""Views of exporters that have seen something, without an exporter."""

import random
from collections.abc import Mapping

from exporter.check import Verdict
from exporter.check.findings import Finding
from exporter.check.status import CheckStatus
from exporter.config import Config, Metrics
from exporter.exchanges import REGISTRY
from exporter.feeds.status import ExchangeStatus, State
from exporter.gaps import Gaps
from exporter.journal import JournalStatus
from exporter.ledger import Ledger
from exporter.model import SIDES, FeedChange, Liquidation, Record, Side
from exporter.stores import StoreState, StoreStatus
from exporter.view import View

NOW_MS = 1_795_000_000_000
MAIN = ("BTC", "ETH", "SOL", "XRP", "DOGE", "BNB")
DAY_MS = 86_400_000


async def nothing_newer(filters: Mapping[str, str | float], limit: int) -> list[Record]:
    return []


def event(exchange: str, base: str, side: Side, *, usd: float, quantity: float = 1.0, time_ms: int = NOW_MS):
    return Liquidation(
        time_ms,
        time_ms + 200,
        exchange,
        f"{base}USDT",
        base,
        "USDT",
        "USDT",
        "perpetual",
        side,
        usd / quantity if quantity else 1.0,
        "fill",
        quantity,
        "base",
        quantity,
        usd,
        "id",
    )


def empty_view(*, bases: tuple[str, ...] = MAIN, base_cap: int = 1000, window_bases: int = 20) -> View:
    """Return an exporter that has just started: nothing connected, nothing received."""
    config = Config(metrics=Metrics(bases=bases, base_cap=base_cap, window_bases=window_bases))
    view = View(config, Ledger(config.enabled_exchanges(), bases, base_cap), Gaps(), JournalStatus(), nothing_newer)
    for name in config.enabled_exchanges():
        view.exchanges[name] = ExchangeStatus(name, [feed.name for feed in REGISTRY[name].feeds])
    return view


def connect(view: View, name: str, state: State = State.LIVE) -> ExchangeStatus:
    """Let an exchange have been connected and counting for a while."""
    status = view.exchanges[name]
    for feed in status.feeds.values():
        feed.connections[1] = state
        view.gaps.apply(FeedChange(NOW_MS - DAY_MS, name, feed.name, up=False, reason="not started yet"))
        view.gaps.apply(FeedChange(NOW_MS - DAY_MS + 1500, name, feed.name, up=True))
    status.last_message_ms = NOW_MS - 40
    status.last_control_ms = NOW_MS - 120
    status.last_event_ms = NOW_MS - 2_500
    status.clock_offset_s = 0.031
    status.frames, status.parse_errors, status.unknown_frames = 123_456, 2, 3
    status.duplicates, status.late_events, status.backfilled_events, status.pending_events = 5, 7, 11, 13
    status.quarantined.update({"price": 2, "unheard_of": 1})
    status.reconnects.update({"rotation": 4, "dns": 1})
    status.mark_prices.update({"BTC": 97_312.5, "DOGE": 0.31})
    status.last_prices["BTC"] = 97_001.0
    for delay in (0.02, 0.4, 120.0):
        status.delay.observe(delay)
    return status


def attach(view: View, name: str, state: StoreState = StoreState.FOLLOWING) -> StoreStatus:
    """Let a store have been followed for a while."""
    status = view.stores[name] = StoreStatus()
    status.state = state
    status.lag_events, status.failures = 17, 3
    status.last_success_ms = NOW_MS - 700
    for seconds in (0.002, 0.004, 3.0):
        status.write_seconds.observe(seconds)
    return status


def checked(view: View) -> CheckStatus:
    """Let the exporter have checked itself."""
    status = view.check = CheckStatus(300.0)
    status.findings = (
        Finding("journal", Verdict.EQUAL, tables=("coins", "levels"), figures=120),
        Finding("redis", Verdict.UNREACHABLE, "connection refused"),
        Finding("timescale", Verdict.DIFFERS, tables=("liquidation_totals",), figures=90, differing=4),
        Finding("metrics", Verdict.MOVING, "it went on while it was read, each time", figures=80, differing=2),
    )
    status.last_run_ms, status.duration_s, status.failures = NOW_MS - 61_000, 1.25, 1
    return status


def busy_view(bases: int, seed: int = 7) -> View:
    """Return an exporter with so many coins on every exchange and side, and a full day of the main ones."""
    rng = random.Random(seed)
    names = [*MAIN, *(f"COIN{number}" for number in range(bases - len(MAIN)))]
    view = empty_view(base_cap=max(1, bases))
    seq = 0
    for exchange in view.config.enabled_exchanges():
        connect(view, exchange)
        for side in SIDES:
            for base in names:
                for minutes_ago in range(1440) if base in MAIN else (rng.randrange(1440),):
                    seq += 1
                    usd, quantity = rng.lognormvariate(8, 2), rng.lognormvariate(1, 3)
                    time_ms = NOW_MS - minutes_ago * 60_000
                    view.ledger.apply(seq, event(exchange, base, side, usd=usd, quantity=quantity, time_ms=time_ms))
    for _ in range(1000):
        view.processing.observe(rng.lognormvariate(-10, 1))
        view.journal.commit_seconds.observe(rng.lognormvariate(-6, 1))
    view.journal.size_bytes = 1_234_567_890
    attach(view, "redis")
    attach(view, "timescale", StoreState.STANDBY)
    checked(view)
    return view
