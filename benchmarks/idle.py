"""What an exporter costs that hears all exchanges while next to nothing is liquidated.

The simulated exchanges, a process of their own, list 3,100 contracts between them. They send what keeps a socket alive
and prices the main coins as often as the real ones, and on each tape 14 ordinary trades a second, which is what Lighter
was measured to have; of liquidations one in two seconds. Each holds its clients to the limits that it documents: who
exceeds one is cut. The exporter is `python -m exporter` with its defaults: journal, signals and the check of itself are
on. CPU is that of the process, as the operating system counts it, nobody scrapes meanwhile.
"""

import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.market import market
from benchmarks.memory import resident_mib
from benchmarks.report import Progress, Row, at_most, info
from benchmarks.watched import Page, cpu_s, up, wait_for
from exporter.simulator.limits import Use
from tests.system.processes import Exporter

INSTRUMENTS = {
    "binance": 500,
    "bybit": 500,
    "okx": 300,
    "gate": 400,
    "htx": 150,
    "bitget": 350,
    "bitfinex": 60,
    "aster": 150,
    "kraken": 250,
    "deribit": 80,
    "dydx": 200,
    "lighter": 160,
}
LIQUIDATIONS_PER_S, TRADES_PER_S = 0.5, 14.0
PATIENCE_S = 90.0
SETTLE_S = 5.0
ROUNDS, ROUND_S = 6, 10.0


def run(progress: Progress) -> list[Row]:
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        market(LIQUIDATIONS_PER_S, TRADES_PER_S, INSTRUMENTS) as exchanges,
        Exporter(Path(folder), exchanges.endpoints) as exporting,
    ):
        progress(f"subscribing {sum(INSTRUMENTS.values()):,} instruments")
        begun = time.perf_counter()
        exporting.start()
        wait_for(lambda: all(up(exporting).values()), "all feeds", PATIENCE_S)
        subscribed = time.perf_counter() - begun
        time.sleep(SETTLE_S)
        first = Page(exporting)
        shares = []
        for number in range(1, ROUNDS + 1):
            progress(f"idle, {number} of {ROUNDS}")
            shares.append(share(exporting.process.pid))
        last = Page(exporting)
        mib = resident_mib(exporting.process.pid)
        uses, sockets, refused = exchanges.uses(), exchanges.sockets(), exchanges.refused()
    frames = sum(last.of("liquidation_exchange_frames_total").values())
    frames -= sum(first.of("liquidation_exchange_frames_total").values())
    reconnects = sum(last.of("liquidation_exchange_reconnects_total").values())
    return [
        at_most("CPU of one core", "%", shares, 5),
        at_most("resident", "MiB", [mib], 200),
        at_most(f"until all {sum(INSTRUMENTS.values()):,} instruments are subscribed", "s", [subscribed], 60),
        at_most("cut or not let in because of a limit, of all connections", "", [refused], 0),
        at_most("reconnects", "", [reconnects], 0),
        info("frames", "a second", [frames / (last.at - first.at)]),
        info(f"connections to {len(sockets)} exchanges", "", [sum(sockets.values())]),
        *limits(uses),
    ]


def share(pid: int) -> float:
    """Return how much of a core a process uses, in percent."""
    cpu, wall = cpu_s(pid), time.perf_counter()
    time.sleep(ROUND_S)
    return (cpu_s(pid) - cpu) / (time.perf_counter() - wall) * 100


def limits(uses: Mapping[str, Sequence[Use]]) -> list[Row]:
    """Return the most that was made of each documented limit."""
    return [
        at_most(f"{exchange}: {use.what}{f' in {use.seconds:g} s' if use.seconds else ''}", "", [use.peak], use.allowed)
        for exchange, each in uses.items()
        for use in each
    ]
