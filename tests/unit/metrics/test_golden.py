"""The whole page of a small exporter as a file that reviewers can read.

After an intended change: `UPDATE_GOLDEN=1 pytest tests/unit/metrics/test_golden.py`, and look at the difference.
"""

import os
from pathlib import Path

from exporter import __version__
from exporter.feeds.status import State
from exporter.metrics import Exposition
from tests.unit.metrics.filled import NOW_MS, attach, checked, connect, empty_view, event, signalled
from tests.unit.metrics.parsed import OF_THE_PROCESS

GOLDEN = Path(__file__).parents[2] / "fixtures" / "metrics.txt"


def small_view():
    view = empty_view(bases=("BTC",), base_cap=2, window_bases=2)
    events = (
        event("binance", "BTC", "long", usd=97_001.0, quantity=1.0),
        event("binance", "BTC", "short", usd=485.005, quantity=0.005, time_ms=NOW_MS - 7_200_000),
        event("bybit", "PEPE", "long", usd=12.5, quantity=1_000_000.0, time_ms=NOW_MS - 36_000_000),
        event("bybit", "WIF", "long", usd=0.75, quantity=0.5, time_ms=NOW_MS - 90_000_000),
    )
    for seq, each in enumerate(events):
        view.ledger.apply(seq, each)
    connect(view, "binance")
    next(iter(view.exchanges["bybit"].feeds.values())).connections[1] = State.BLOCKED
    for seconds in (0.00002, 0.00003, 0.2):
        view.processing.observe(seconds)
        view.journal.commit_seconds.observe(seconds * 40)
    view.journal.size_bytes = 65_536
    view.journal.free_bytes = 1_000_000_000
    attach(view, "timescale")
    checked(view)
    signalled(view)
    return view


def page():
    body, _ = Exposition(small_view()).render(None, NOW_MS)
    lines = body.decode().replace(f'version="{__version__}"', 'version="VERSION"').splitlines(keepends=True)
    of_the_process = tuple(f"{start}{name}" for name in OF_THE_PROCESS for start in ("", "# HELP ", "# TYPE "))
    return "".join(line for line in lines if not line.startswith(of_the_process))


def test_golden():
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(page(), encoding="utf-8")
    assert page() == GOLDEN.read_text(encoding="utf-8")
