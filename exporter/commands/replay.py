"""`replay`: event files and journal dumps through the ledger, as the running exporter counts."""

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from exporter.config import Config
from exporter.errors import UserError
from exporter.interchange import combined, read
from exporter.ledger import FUTURE_MS, Ledger
from exporter.model import Liquidation, Record
from exporter.stats import WINDOWS, Bands, CumulativeStats
from exporter.tables.console import console
from exporter.tables.stats import stats_sections
from exporter.web.answers import ApiError
from exporter.web.query import spellings

STDIN = "-"
TIDY_MS = 3_600_000
"""How often, in event time, old minutes are forgotten: years of events need no more memory than a day."""


def execute(options: Namespace, load: Callable[[], Config]) -> int:
    """Count the files' events and print the figures as of the last one."""
    config = load()
    if options.files.count(STDIN) > 1:
        raise UserError(f"{STDIN} (stdin) can be given once only")
    ledger = Ledger((), (), config.metrics.base_cap)
    with ExitStack() as files:
        now_ms = count(ledger, combined([_open(name, files) for name in options.files]))
    base = find_base(options.base, ledger.known_bases()) if options.base else None
    bands = Bands(config.stats.bearish_from, config.stats.bullish_to)

    def stats(window: str | None) -> CumulativeStats:
        return ledger.stats(base, window, now_ms, bands)

    if options.json:
        answer = {"stats": stats(None), "episodes": [], "levels": []}
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    else:
        for section in stats_sections(stats(None), [stats(window) for window in WINDOWS]):
            console().print(section, "", sep="\n")
    return 0


def count(ledger: Ledger, records: Iterator[Record]) -> int:
    """Apply the events; returns the instant at which the last of them has happened and arrived."""
    now_ms = tidy_ms = 0
    for record in records:
        event = record.entry
        now_ms = max(now_ms, record.applied_ms)
        if isinstance(event, Liquidation):
            now_ms = max(now_ms, min(event.time_ms, event.received_ms + FUTURE_MS))
            ledger.apply(record.seq, event)
        if now_ms >= tidy_ms:
            ledger.forget_minutes(now_ms)
            tidy_ms = now_ms + TIDY_MS
    return now_ms


def find_base(symbol: str, known: Sequence[str]) -> str:
    """Return the coin that a symbol means; raises `UserError` when the files hold none of it."""
    try:
        found = [name for name in spellings(symbol) if name in known]
    except ApiError as error:
        raise UserError(f"--base: {error.reason}") from None
    if not found:
        shown = ", ".join(known[:10]) + (", ..." if len(known) > 10 else "")
        raise UserError(f"--base {symbol}: these files hold no liquidation of it; they have {shown or 'none at all'}")
    return found[0]


def _open(name: str, files: ExitStack) -> Iterator[Record]:
    if name == STDIN:
        return read("stdin", sys.stdin.buffer)
    try:
        return read(name, files.enter_context(Path(name).open("rb")))
    except OSError as error:
        raise UserError(f"{name}: cannot be read: {error.strerror}") from None
