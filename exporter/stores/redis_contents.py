"""What Redis holds of a journal as of one record, and what it must be told to hold the next ones."""

from collections.abc import Iterator, Sequence

import msgspec

from exporter.cells import ALL, OTHER, CellKey
from exporter.journal import Checkpoint
from exporter.levels import LadderKey, Levels, bucket
from exporter.model import Liquidation, Record, Side
from exporter.stores.base import mark_of

Hash = tuple[str, int, list[str]]
"""A key, the number of fields that it must have before (-1: any, and they go), fields and values to set."""

REPLACE = -1


class Sums(msgspec.Struct, gc=False):
    """Everything that one exchange liquidated of one coin on one side."""

    events: int
    base_quantity: float
    usd: float


class Contents:
    """Totals and price levels of the journal `journal` up to the record `seq`, whose mark is `mark`."""

    def __init__(self, journal: str, seq: int, mark: str) -> None:
        self.journal = journal
        self.seq = seq
        self.mark = mark
        self.exchanges: set[str] = set()
        self.totals: dict[str, dict[tuple[str, Side], Sums]] = {}
        """By coin, then by exchange and side."""
        self.levels = Levels()
        self.fields: dict[str, int] = {}
        """How many fields every hash has."""

    def advance(self, records: Sequence[Record]) -> None:
        """Take further records."""
        Step(self, records).commit()

    def put_cell(self, key: CellKey, sums: Sums) -> None:
        """Set the totals of one exchange, coin and side."""
        exchange, base, side = key
        totals = self.totals.setdefault(base, {})
        if (exchange, side) not in totals:
            self.exchanges.add(exchange)
            name = totals_key(base)
            self.fields[name] = self.fields.get(name, 0) + 3
        totals[exchange, side] = sums

    def put_level(self, ladder: LadderKey, index: int, quantity: float, usd: float) -> None:
        """Set one price bucket."""
        if self.levels.at(*ladder, index) == (0.0, 0.0):
            name = levels_key(ladder)
            self.fields[name] = self.fields.get(name, 0) + 1
        self.levels.put(*ladder, index, quantity, usd)

    def hashes(self) -> Iterator[Hash]:
        """Iterate over all hashes in full."""
        for base, totals in self.totals.items():
            values: list[str] = []
            for (exchange, side), sums in totals.items():
                values += _totals(exchange, side, sums)
            yield totals_key(base), REPLACE, values
        for ladder in self.levels.keys():  # noqa: SIM118 - not a dict
            values = []
            for index, quantity, usd in self.levels.buckets(*ladder):
                values += _level(index, quantity, usd)
            yield levels_key(ladder), REPLACE, values


class Step:
    """The next records on top of some contents, which change when Redis has taken them (`commit`), not before.

    `events` are those among the records, with their sequence numbers.
    """

    def __init__(self, contents: Contents, records: Sequence[Record]) -> None:
        self._contents = contents
        self._cells: dict[CellKey, Sums] = {}
        self._levels: dict[tuple[LadderKey, int], tuple[float, float]] = {}
        self.events: list[tuple[int, Liquidation]] = []
        self.seq, self.mark = contents.seq, contents.mark
        for record in records:
            if type(record.entry) is Liquidation:
                self.events.append((record.seq, record.entry))
                self._count(record.entry)
        if records:
            self.seq, self.mark = records[-1].seq, mark_of(records[-1])

    def commit(self) -> None:
        """Make it part of the contents."""
        for key, sums in self._cells.items():
            self._contents.put_cell(key, sums)
        for (ladder, index), (quantity, usd) in self._levels.items():
            self._contents.put_level(ladder, index, quantity, usd)
        self._contents.seq, self._contents.mark = self.seq, self.mark

    def hashes(self) -> list[Hash]:
        """Return what changes: absolute values as of `seq`."""
        fields = self._contents.fields
        found: dict[str, list[str]] = {}
        for (exchange, base, side), sums in self._cells.items():
            found.setdefault(totals_key(base), []).extend(_totals(exchange, side, sums))
        for (ladder, index), (quantity, usd) in self._levels.items():
            found.setdefault(levels_key(ladder), []).extend(_level(index, quantity, usd))
        return [(name, fields.get(name, 0), values) for name, values in found.items()]

    def _count(self, event: Liquidation) -> None:
        quantity, usd = event.base_quantity, event.notional_usd
        key = (event.exchange, event.base, event.side)
        sums = self._cells.get(key)
        if sums is None:
            known = self._contents.totals.get(event.base, {}).get((event.exchange, event.side))
            sums = Sums(known.events, known.base_quantity, known.usd) if known else Sums(0, 0.0, 0.0)
            self._cells[key] = sums
        sums.events += 1
        sums.base_quantity += quantity
        sums.usd += usd
        place = ((event.base, event.side), bucket(usd / quantity))
        held = self._levels.get(place) or self._contents.levels.at(*place[0], place[1])
        self._levels[place] = (held[0] + quantity, held[1] + usd)


def as_of_checkpoint(journal: str, checkpoint: Checkpoint) -> Contents:
    """Return the contents as of a checkpoint; the mark of the record there is not known."""
    contents = Contents(journal, checkpoint.seq, "")
    for cell in checkpoint.cells:
        if cell.events and cell.key[1] not in (ALL, OTHER):
            contents.put_cell(cell.key, Sums(cell.events, cell.base_quantity, cell.usd))
    contents.levels.restore(checkpoint.levels)
    for ladder in contents.levels.keys():  # noqa: SIM118 - not a dict
        contents.fields[levels_key(ladder)] = len(contents.levels.ladder(*ladder))
    return contents


def totals_key(base: str) -> str:
    """Name the hash of a coin's totals."""
    return f"liq:totals:{base}"


def levels_key(ladder: LadderKey) -> str:
    """Name the hash of the price levels of a coin and side."""
    base, side = ladder
    return f"liq:levels:{base}:{side}"


def _totals(exchange: str, side: Side, sums: Sums) -> tuple[str, ...]:
    field = f"{exchange}:{side}:"
    quantity, usd = repr(sums.base_quantity), repr(sums.usd)
    return field + "events", str(sums.events), field + "base", quantity, field + "usd", usd


def _level(index: int, quantity: float, usd: float) -> tuple[str, str]:
    return str(index), f"{quantity!r} {usd!r}"
