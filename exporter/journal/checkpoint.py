"""Ledger, price levels and signals as the journal keeps them, so that a start does not read the whole history."""

import sqlite3
import sys
from array import array

import msgspec

from exporter.cells import Bucket, CellState
from exporter.journal.signals import Saved, write_saved
from exporter.levels import PageState


class Checkpoint(msgspec.Struct, frozen=True):
    """The ledger cells and the pages of price levels that changed up to the record `seq`.

    `signals` is the state of the signals, when it was time to save it.
    """

    seq: int
    cells: list[CellState]
    levels: list[PageState] = []
    signals: Saved | None = None


def read_checkpoint(db: sqlite3.Connection, oldest_minute: int) -> Checkpoint:
    """Return all cells, with minute buckets from `oldest_minute` on, and all pages."""
    (seq,) = db.execute("SELECT value FROM meta WHERE key = 'checkpoint_seq'").fetchone()
    minutes: dict[tuple[str, str, str], dict[int, Bucket]] = {}
    for minute, exchange, base, side, *sums in db.execute("SELECT * FROM minutes WHERE minute >= ?", (oldest_minute,)):
        minutes.setdefault((exchange, base, side), {})[minute] = Bucket(*sums)
    cells = []
    for row in db.execute("SELECT * FROM totals"):
        exchange, base, side, own, events, quantity, usd, largest, first, last, sizes = row
        key = (exchange, base, side)
        counts = msgspec.json.decode(sizes, type=tuple[int, ...])
        buckets = minutes.get(key, {})
        cells.append(CellState(key, bool(own), events, quantity, usd, largest, first, last, counts, buckets))
    pages = db.execute("SELECT base, side, page, sums FROM levels")
    return Checkpoint(seq, cells, [PageState(base, side, page, _unpack(sums)) for base, side, page, sums in pages])


def write_checkpoint(db: sqlite3.Connection, checkpoint: Checkpoint) -> None:
    """Write what changed; the caller's transaction makes it one with `seq`."""
    totals, minutes = [], []
    for cell in checkpoint.cells:
        _, own, *sums, sizes, changed = msgspec.structs.astuple(cell)
        totals.append((*cell.key, int(own), *sums, msgspec.json.encode(sizes).decode()))
        minutes += [(minute, *cell.key, *msgspec.structs.astuple(bucket)) for minute, bucket in changed.items()]
    db.executemany("INSERT OR REPLACE INTO totals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", totals)
    db.executemany("INSERT OR REPLACE INTO minutes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", minutes)
    pages = [(page.base, page.side, page.number, _pack(page.sums)) for page in checkpoint.levels]
    db.executemany("INSERT OR REPLACE INTO levels VALUES (?, ?, ?, ?)", pages)
    if checkpoint.signals:
        write_saved(db, checkpoint.signals)
    db.execute("UPDATE meta SET value = ? WHERE key = 'checkpoint_seq'", (checkpoint.seq,))


def _pack(sums: "array[float]") -> bytes:
    return _little_endian(sums[:]).tobytes()


def _unpack(blob: bytes) -> "array[float]":
    return _little_endian(array("d", blob))


def _little_endian(sums: "array[float]") -> "array[float]":
    if sys.byteorder == "big":
        sums.byteswap()
    return sums
