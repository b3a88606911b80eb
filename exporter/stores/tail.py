"""The newest records of the journal in memory: a follower that keeps up need not read them from the file again."""

from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter

from exporter.model import Record

KEPT = 5_000
"""Records that are held at least; twice as many at most, which is 8 MB."""

_seq = attrgetter("seq")


class Tail:
    """Every committed record from some sequence number on; those before it are in the file only."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._after = 0
        """All records after this number are held; meaningless while none is."""

    def add(self, records: Sequence[Record]) -> None:
        """Take the records of a commit, in the journal's order."""
        if not records:
            return
        held = self._records
        if not held:
            self._after = records[0].seq - 1
        held += records
        if len(held) > 2 * KEPT:
            self._after = held[-KEPT - 1].seq
            del held[:-KEPT]

    def read(self, after_seq: int, limit: int) -> list[Record] | None:
        """Return the records after a sequence number, oldest first; None where some of them are in the file only."""
        if not self._records or after_seq < self._after:
            return None
        first = bisect_right(self._records, after_seq, key=_seq)
        return self._records[first : first + limit]
