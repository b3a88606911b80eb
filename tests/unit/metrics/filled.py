"""Views of exporters that have seen something, without an exporter."""

import random
from collections.abc import Iterable, Mapping

from exporter.analysis.status import CoinPresent, Present
from exporter.check import Verdict
from exporter.check.findings import Finding
from exporter.check.status import CheckStatus
from exporter.config import AlertsSection, Config, ExchangeSection, Metrics
from exporter.exchanges import REGISTRY
from exporter.feeds.status import ExchangeStatus, State
from exporter.gaps import Gaps
from exporter.journal import JournalStatus
from exporter.ledger import Ledger
from exporter.model import SIDES, FeedChange, Liquidation, Record, Side
from exporter.signals.readings import Episode, Pair, Reading
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


def empty_view(
    *,
    bases: tuple[str, ...] = MAIN,
    base_cap: int = 1000,
    window_bases: int = 20,
    exchanges: Iterable[str] = tuple(REGISTRY),
) -> View:
    """Return an exporter that has just started: nothing connected, nothing received."""
    listened = {name: ExchangeSection(enabled=name in exchanges) for name in REGISTRY}
    metrics = Metrics(bases=bases, base_cap=base_cap, window_bases=window_bases)
    alerts = AlertsSection(minimum_usd={"BTC": 5_000_000.0, "DOGE": 1.0}, mute=("DOGE",))
    config = Config(metrics=metrics, alerts=alerts, exchanges=listened)
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
    """Let the exporter have checked itself, and told cascades."""
    view.alerts.posts, view.alerts.failures = 4, 1
    status = view.check = CheckStatus(300.0)
    status.findings = (
        Finding("journal", Verdict.EQUAL, tables=("coins", "levels"), figures=120),
        Finding("redis", Verdict.UNREACHABLE, "connection refused"),
        Finding("timescale", Verdict.DIFFERS, tables=("liquidation_totals",), figures=90, differing=4),
        Finding("metrics", Verdict.MOVING, "it went on while it was read, each time", figures=80, differing=2),
    )
    status.last_run_ms, status.duration_s, status.failures = NOW_MS - 61_000, 1.25, 1
    return status


def episode(base: str, side: Side, *, state: str = "open", level: int = 2) -> Episode:
    return Episode(
        id=f"{base}|{side}|{NOW_MS - 30_000}",
        base=base,
        side=side,
        state=state,
        start_ms=NOW_MS - 30_000,
        opened_ms=NOW_MS - 24_000,
        peak_ms=NOW_MS - 12_000,
        end_ms=NOW_MS - 2_000,
        closed_ms=None if state == "open" else NOW_MS,
        usd=2_345_678.5,
        events=87,
        peak_usd=1_234_567.25,
        largest_usd=345_678.0,
        max_score=71.5,
        max_level=level,
        exchanges=("bybit", "binance"),
        first_exchange="bybit",
        price_first=97_000.5,
        price_extreme=95_500.25,
        price_last=95_900.0,
        price_buckets=14,
        branching=0.62,
        coverage=1.0,
        contributions=(5.5, 1.5, 0.5, 0.25, 0.75, -1.25),
        flags=(),
    )


def reading(score: float | None, level: int, of: Episode | None = None, *, warmup: bool = False) -> Reading:
    return Reading(
        score=score,
        level=level,
        x_calm=-6.0,
        excess=5.75,
        contributions=(4.5, 1.25, 0.5, 0.25, 0.75, -1.5),
        terms=(1.0, 2.0, 3.0, 0.5, 0.25, 1.5, 1.75, 3.5, 6.0),
        open=level > 0,
        run_usd=2_400_000.0,
        branching=0.625,
        acceleration=0.125,
        coverage=1.0,
        warmup=warmup,
        episode=of,
    )


def signalled(view: View) -> Present:
    """Let the signals have something to say: a warning, a calm side, a coin that is unknown, one without orders."""
    first, *others = view.ledger.bases
    coins = {
        first: CoinPresent(1.0, False, {"long": reading(55.5, 2, episode(first, "long")), "short": reading(3.25, 0)}),
        "WIF": CoinPresent(0.25, True, {"long": reading(None, -1), "short": reading(None, 1, warmup=True)}),
    } | {base: CoinPresent(1.0, True, {"long": None, "short": None}) for base in others}
    market = CoinPresent(
        1.0, False, {"long": reading(61.0, 3, episode("*", "long", level=3)), "short": reading(0.5, 0)}
    )
    stress = {("long", "1h"): 0.9921875, ("long", "24h"): 0.5, ("short", "1h"): 0.25, ("short", "24h"): None}
    pairs = (
        Pair("binance", "bybit", "long", 312.5, -0.75, -0.75, 9.5, 0.5, 0.25, 0.625),
        Pair("binance", "bybit", "short", 12.5, None, 0.25, 1.5, 0.0, 0.0, None),
    )
    view.signals.present = Present(NOW_MS - 800, 0.5, coins, market, stress, pairs)
    view.signals.counted = True
    view.signals.tallies.cascades.update({(first, "long", "warning"): 3, ("WIF", "short", "critical"): 1})
    view.signals.tallies.prints.update({("bybit", first, "long"): 7, ("binance", "WIF", "short"): 1})
    for each in (episode("ETH", "short", state="closed"), episode(first, "long"), episode("*", "long", level=3)):
        view.signals.tell(each)
    return view.signals.present


def busy_view(bases: int, seed: int = 7, exchanges: Iterable[str] = tuple(REGISTRY)) -> View:
    """Return an exporter with so many coins on every exchange and side, and a full day of the main ones."""
    rng = random.Random(seed)
    names = [*MAIN, *(f"COIN{number}" for number in range(bases - len(MAIN)))]
    view = empty_view(base_cap=max(1, bases), exchanges=exchanges)
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
    view.journal.free_bytes = 98_765_432_100
    attach(view, "redis")
    attach(view, "timescale", StoreState.STANDBY)
    checked(view)
    signalled(view)
    return view
