"""What Redis holds of a journal as of one record, and what it must be told to hold the next ones.

Sums are written as decimal numbers that read back as the very same floats.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from exporter.cells import ALL, OTHER
from exporter.journal import Checkpoint
from exporter.levels import LadderKey, Levels, bucket
from exporter.model import Liquidation, Record, Side
from exporter.stores.base import mark_of

Hash = tuple[str, int, list[str]]
"""A key, the number of fields that it must have before (-1: any, and they go), fields and values to set."""
Seller = tuple[str, Side]
"""An exchange and a side."""

REPLACE = -1

_encode = msgspec.json.Encoder().encode


class Sums(msgspec.Struct, gc=False):
    """Everything that one exchange liquidated of one coin on one side."""

    events: int = 0
    base_quantity: float = 0.0
    usd: float = 0.0


Totals = dict[Seller, Sums]
Buckets = dict[int, tuple[float, float]]
"""Base quantity and USD by price bucket."""


class Contents:
    """Totals and price levels of the journal `journal` up to the record `seq`, whose mark is `mark`."""

    def __init__(self, journal: str, seq: int, mark: str) -> None:
        self.journal = journal
        self.seq = seq
        self.mark = mark
        self.exchanges: set[str] = set()
        self.totals: dict[str, Totals] = {}
        """By coin."""
        self.levels = Levels()
        self.fields: dict[str, int] = {}
        """How many fields every hash has."""

    def advance(self, records: Sequence[Record]) -> None:
        """Take further records."""
        Step(self, records).commit()

    def put_totals(self, base: str, changed: Totals) -> None:
        """Set totals of a coin."""
        totals = self.totals.setdefault(base, {})
        known = len(totals)
        totals.update(changed)
        if len(totals) > known:
            self.exchanges.update(exchange for exchange, _ in changed)
            self.fields[totals_key(base)] = 3 * len(totals)

    def hashes(self) -> Iterator[Hash]:
        """Iterate over all hashes in full."""
        for base, totals in self.totals.items():
            yield totals_key(base), REPLACE, _totals(totals, _texts([totals], []))
        for ladder in self.levels.keys():  # noqa: SIM118 - not a dict
            buckets = {index: (quantity, usd) for index, quantity, usd in self.levels.buckets(*ladder)}
            yield levels_key(ladder), REPLACE, _levels(buckets, _texts([], [buckets]))


class Step:
    """The next records on top of some contents, which change when Redis has taken them (`commit`), not before.

    `events` are those among the records, with their sequence numbers.
    """

    def __init__(self, contents: Contents, records: Sequence[Record]) -> None:
        self._contents = contents
        self._totals: dict[str, Totals] = {}
        self._levels: dict[LadderKey, Buckets] = {}
        self._new_levels: list[LadderKey] = []
        self.events: list[tuple[int, Liquidation]] = []
        self.seq, self.mark = contents.seq, contents.mark
        for record in records:
            if type(record.entry) is Liquidation:
                self.events.append((record.seq, record.entry))
                self._count(record.entry)
        if records:
            self.seq, self.mark = records[-1].seq, mark_of(records[-1])

    def hashes(self) -> list[Hash]:
        """Return what changes: absolute values as of `seq`."""
        fields = self._contents.fields
        texts = _texts(self._totals.values(), self._levels.values())
        found: list[Hash] = []
        for base, totals in self._totals.items():
            name = totals_key(base)
            found.append((name, fields.get(name, 0), _totals(totals, texts)))
        for ladder, buckets in self._levels.items():
            name = levels_key(ladder)
            found.append((name, fields.get(name, 0), _levels(buckets, texts)))
        return found

    def commit(self) -> None:
        """Make it part of the contents."""
        contents = self._contents
        for base, totals in self._totals.items():
            contents.put_totals(base, totals)
        for (base, side), buckets in self._levels.items():
            for index, (quantity, usd) in buckets.items():
                contents.levels.put(base, side, index, quantity, usd)
        for ladder in self._new_levels:
            name = levels_key(ladder)
            contents.fields[name] = contents.fields.get(name, 0) + 1
        contents.seq, contents.mark = self.seq, self.mark

    def _count(self, event: Liquidation) -> None:
        base, seller = event.base, (event.exchange, event.side)
        totals = self._totals.get(base)
        if totals is None:
            totals = self._totals[base] = {}
        sums = totals.get(seller)
        if sums is None:
            known = self._contents.totals.get(base, {}).get(seller, _NOTHING)
            sums = totals[seller] = Sums(known.events, known.base_quantity, known.usd)
        sums.events += 1
        sums.base_quantity += event.base_quantity
        sums.usd += event.notional_usd
        self._count_level((base, event.side), event.base_quantity, event.notional_usd)

    def _count_level(self, ladder: LadderKey, quantity: float, usd: float) -> None:
        buckets = self._levels.get(ladder)
        if buckets is None:
            buckets = self._levels[ladder] = {}
        index = bucket(usd / quantity)
        held = buckets.get(index)
        if held is None:
            held = self._contents.levels.at(*ladder, index)
            if held == (0.0, 0.0):
                self._new_levels.append(ladder)
        buckets[index] = (held[0] + quantity, held[1] + usd)


_NOTHING = Sums()


def as_of_checkpoint(journal: str, checkpoint: Checkpoint) -> Contents:
    """Return the contents as of a checkpoint; the mark of the record there is not known."""
    contents = Contents(journal, checkpoint.seq, "")
    for cell in checkpoint.cells:
        exchange, base, side = cell.key
        if cell.events and base not in (ALL, OTHER):
            contents.put_totals(base, {(exchange, side): Sums(cell.events, cell.base_quantity, cell.usd)})
    contents.levels.restore(checkpoint.levels)
    for ladder in contents.levels.keys():  # noqa: SIM118 - not a dict
        contents.fields[levels_key(ladder)] = sum(1 for _ in contents.levels.buckets(*ladder))
    return contents


def totals_key(base: str) -> str:
    """Name the hash of a coin's totals."""
    return f"liq:totals:{base}"


def levels_key(ladder: LadderKey) -> str:
    """Name the hash of the price levels of a coin and side."""
    base, side = ladder
    return f"liq:levels:{base}:{side}"


def _totals(totals: Totals, texts: Iterator[str]) -> list[str]:
    values: list[str] = []
    for (exchange, side), sums in totals.items():
        field = f"{exchange}:{side}:"
        values += (field + "events", str(sums.events), field + "base", next(texts), field + "usd", next(texts))
    return values


def _levels(buckets: Buckets, texts: Iterator[str]) -> list[str]:
    values: list[str] = []
    for index in buckets:
        values += (str(index), f"{next(texts)} {next(texts)}")
    return values


def _texts(totals: Iterable[Totals], levels: Iterable[Buckets]) -> Iterator[str]:
    """Write all sums in their order; by msgspec in one go, which takes an eighth of the time of `repr`."""
    numbers: list[float] = []
    for each in totals:
        for sums in each.values():
            numbers += (sums.base_quantity, sums.usd)
    for buckets in levels:
        for pair in buckets.values():
            numbers += pair
    return iter(_encode(numbers)[1:-1].decode().split(","))
