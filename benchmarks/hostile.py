"""What one hostile exchange costs the others: in each of four ways, at each of the twelve exchanges.

*Garble*: every frame is cut in half. *Flood*: 10,000 frames a second on every socket that nobody can use. *Flap*: every
connection ends after a second. *Stall*: nothing is sent, not even the answer to a ping. The other eleven go on with 200
liquidations a second between them. The simulated exchanges are a process of their own; the times are the exporter's own
histogram `liquidation_commit_seconds`, from a frame's arrival to its durable commit.
"""

import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from benchmarks.latency import COMMIT, p99_ms
from benchmarks.market import Market, market
from benchmarks.report import Progress, Row, at_most, info
from benchmarks.watched import Page, up, wait_for
from exporter.journal.status import COMMIT_BUCKETS
from exporter.simulator import compare
from exporter.simulator.scenarios import Fault, LastingFault
from tests.system.processes import Exporter

PER_SECOND = 200.0
WAYS: dict[LastingFault, str] = {"garble": "malformed", "flood": "flood", "flap": "closed", "stall": "stalled"}
"""What an exchange does, and what the exporter calls it."""
HOSTILE: tuple[tuple[LastingFault, str], ...] = (
    ("garble", "binance"),
    ("flood", "bybit"),
    ("flap", "okx"),
    ("stall", "gate"),
    ("garble", "bitget"),
    ("flood", "htx"),
    ("flap", "bitfinex"),
    ("stall", "aster"),
    ("garble", "kraken"),
    ("flood", "deribit"),
    ("flap", "dydx"),
    ("stall", "lighter"),
)
LASTS_S = 20.0
PATIENCE_S = 60.0
POLL_S = 0.05


def run(progress: Progress) -> list[Row]:
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        market(PER_SECOND) as exchanges,
        Exporter(Path(folder), exchanges.endpoints) as exporting,
    ):
        exporting.start()
        wait_for(lambda: all(up(exporting).values()), "all feeds", PATIENCE_S)
        progress("nobody is hostile")
        calm = [undisturbed(exporting) for _ in range(3)]
        p99s, cuts = defaultdict(list), defaultdict(list)
        innocent, hurt = list(exchanges.endpoints), 0.0
        for way, name in HOSTILE:
            progress(f"{way} at {name}")
            innocent.remove(name)
            p99, cut = suffer(exporting, exchanges, way, name)
            p99s[way].append(p99)
            cuts[way].append(cut)
            hurt += reconnects(exporting, innocent)
        truth = exchanges.truth()
        exporting.drained()
        comparison = compare(truth, exporting.scrape(), time.time_ns() // 1_000_000)
    return [
        info("arrival to commit, p99, nobody hostile", "ms", calm),
        *(at_most(f"arrival to commit, p99, {way}", "ms", each, 5) for way, each in p99s.items()),
        *(at_most(f"until it is cut, {way}", "s", each, 5) for way, each in cuts.items()),
        at_most("reconnects of exchanges that were never hostile", "", [hurt], 0),
        at_most(f"figures unlike what was sent, of {len(comparison.rows):,}", "", [len(comparison.wrong())], 0),
    ]


def suffer(exporting: Exporter, exchanges: Market, way: LastingFault, name: str) -> tuple[float, float]:
    """Have one exchange misbehave; return the commits' 99th percentile meanwhile, and when it was cut, in seconds."""
    before = Page(exporting)
    known = before.reconnects(name, WAYS[way])
    begun = time.perf_counter()
    exchanges.inflict(Fault(name, way, LASTS_S))
    while Page(exporting).reconnects(name, WAYS[way]) == known:
        assert time.perf_counter() < begun + LASTS_S, f"{way} at {name} has no consequence"
        time.sleep(POLL_S)
    cut = time.perf_counter() - begun
    time.sleep(max(0.0, begun + LASTS_S - time.perf_counter()))
    return p99_ms(COMMIT, COMMIT_BUCKETS, before, Page(exporting)), cut


def undisturbed(exporting: Exporter) -> float:
    """Return the commits' 99th percentile while nobody is hostile, in milliseconds."""
    before = Page(exporting)
    time.sleep(LASTS_S)
    return p99_ms(COMMIT, COMMIT_BUCKETS, before, Page(exporting))


def reconnects(exporting: Exporter, names: Sequence[str]) -> float:
    """Return how often sockets of some exchanges were replaced."""
    counts = Page(exporting).of("liquidation_exchange_reconnects_total")
    return sum(counts[name] for name in names)
