"""A running exporter as the operating system and its own page show it."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.system.processes import Exporter
from tests.unit.metrics.parsed import values

POLL_S = 0.1
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Page:
    """One scrape."""

    def __init__(self, run: Exporter) -> None:
        self.at = time.perf_counter()
        self.values = values(run.scrape().encode())

    def of(self, family: str) -> dict[str, float]:
        """Return the samples of a family by their exchange, summed over other labels."""
        sums: dict[str, float] = {}
        for series, value in self.values.items():
            name, _, labels = series.partition("{")
            if name == family:
                exchange = labels.partition('exchange="')[2].partition('"')[0]
                sums[exchange] = sums.get(exchange, 0.0) + value
        return sums

    def buckets(self, histogram: str) -> list[float]:
        """Return a histogram's counts at or below each bound."""
        return [value for series, value in self.values.items() if series.startswith(f"{histogram}_bucket")]

    def reconnects(self, exchange: str, reason: str) -> float:
        """Return how often a socket of an exchange was replaced for a reason."""
        return self.values[f'liquidation_exchange_reconnects_total{{exchange="{exchange}",reason="{reason}"}}']


def up(run: Exporter) -> Mapping[str, float]:
    """Return which exchanges have every feed live."""
    return Page(run).of("liquidation_exchange_up")


def wait_for(condition: Callable[[], object], what: str, patience_s: float) -> float:
    """Poll until a condition holds; return how many seconds that took."""
    begun = time.perf_counter()
    while not condition():
        assert time.perf_counter() < begun + patience_s, f"waited {patience_s} s for {what}"
        time.sleep(POLL_S)
    return time.perf_counter() - begun


def cpu_s(pid: int) -> float:
    """Return the CPU time of a process, all of its threads, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S
