"""Price levels: how much was liquidated at which price, per coin and side, all exchanges together, since the start.

Prices fall into buckets of 0.1 %: bucket i holds the prices p with 1.001**i <= p < 1.001**(i + 1), the powers taken as
floats (so i is floor(ln p / ln 1.001), and a price on an edge belongs to the bucket above it). The price is that of one
plain base unit, USD value / base quantity, so that 1000PEPE and PEPE meet in one bucket.

Like the ledger this is a pure fold over the journal's records: the same events in the same order give the same floats,
bit for bit, and the sums over a coin's buckets are the ledger's totals of that coin and side.

Buckets lie in pages of 64 (a price range of 6.6 %) that exist once something fell into them, 1.4 kB each. A coin that
stays within a factor of 10 fills at most 37 pages a side: 600 such coins come to 61 MB, and the few thousand pages of a
typical month to under 10 MB. A wrong price costs one page.
"""

from array import array
from collections.abc import Iterable, Iterator
from math import floor, fsum, log

import msgspec

from exporter.model import Liquidation, Side

RATIO = 1.001
"""The upper edge of a bucket over its lower edge."""
PAGE_BUCKETS = 64

_LOG_RATIO = log(RATIO)
_ROUNDING = 1e-9
"""A quotient of logarithms that is nearer than this to a whole number may be on the wrong side: the edges decide."""

LadderKey = tuple[str, Side]


class Level(msgspec.Struct, frozen=True, gc=False):
    """One bucket: everything liquidated at `from_usd` <= price < `to_usd`, in base units and USD."""

    bucket: int
    from_usd: float
    to_usd: float
    base_quantity: float
    usd: float


class PageState(msgspec.Struct, frozen=True):
    """A page as the journal keeps it: buckets `number` * 64 and on, each with base quantity and USD, absolute."""

    base: str
    side: Side
    number: int
    sums: "array[float]"


class _Page:
    __slots__ = ("base", "dirty", "number", "side", "sums")

    def __init__(self, base: str, side: Side, number: int) -> None:
        self.base = base
        self.side: Side = side
        self.number = number
        self.sums = array("d", bytes(16 * PAGE_BUCKETS))
        self.dirty = False


class Levels:
    """The buckets of every coin and side."""

    def __init__(self) -> None:
        self._ladders: dict[LadderKey, dict[int, _Page]] = {}
        self._dirty: list[_Page] = []

    def apply(self, event: Liquidation) -> int:
        """Count one committed event; returns its bucket."""
        quantity, usd = event.base_quantity, event.notional_usd
        index = bucket(usd / quantity)
        number, base, side = index // PAGE_BUCKETS, event.base, event.side
        ladder = self._ladders.get((base, side))
        page = ladder.get(number) if ladder else None
        if page is None:
            page = self._page(base, side, number)
        if not page.dirty:
            self._changed(page)
        place = index % PAGE_BUCKETS * 2
        sums = page.sums
        sums[place] += quantity
        sums[place + 1] += usd
        return index

    def at(self, base: str, side: Side, index: int) -> tuple[float, float]:
        """Return base quantity and USD of one bucket."""
        page = self._ladders.get((base, side), {}).get(index // PAGE_BUCKETS)
        if page is None:
            return 0.0, 0.0
        place = index % PAGE_BUCKETS * 2
        return page.sums[place], page.sums[place + 1]

    def put(self, base: str, side: Side, index: int, base_quantity: float, usd: float) -> None:
        """Set one bucket."""
        page = self._page(base, side, index // PAGE_BUCKETS)
        if not page.dirty:
            self._changed(page)
        place = index % PAGE_BUCKETS * 2
        page.sums[place], page.sums[place + 1] = base_quantity, usd

    def keys(self) -> list[LadderKey]:
        """Return every coin and side that has buckets."""
        return list(self._ladders)

    def buckets(self, base: str, side: Side) -> Iterator[tuple[int, float, float]]:
        """Iterate over the buckets of a coin and side that hold something, by rising price: base quantity and USD."""
        pages = self._ladders.get((base, side), {}).copy()
        for number in sorted(pages):
            sums = pages[number].sums
            for place in range(PAGE_BUCKETS):
                if usd := sums[2 * place + 1]:
                    yield number * PAGE_BUCKETS + place, sums[2 * place], usd

    def ladder(self, base: str, side: Side) -> list[Level]:
        """Return the buckets of a coin and side that hold something, by rising price."""
        filled = self.buckets(base, side)
        return [Level(index, edge(index), edge(index + 1), quantity, usd) for index, quantity, usd in filled]

    def sums(self, base: str, side: Side) -> tuple[float, float]:
        """Return base quantity and USD of a coin and side over all prices."""
        filled = list(self.buckets(base, side))
        return fsum(quantity for _, quantity, _ in filled), fsum(usd for _, _, usd in filled)

    def take_changes(self) -> list[PageState]:
        """Return the pages that changed since the last call, for the journal's checkpoint."""
        changed, self._dirty = self._dirty, []
        for page in changed:
            page.dirty = False
        return [PageState(page.base, page.side, page.number, page.sums[:]) for page in changed]

    def restore(self, pages: Iterable[PageState]) -> None:
        """Load the pages of a checkpoint."""
        for state in pages:
            self._page(state.base, state.side, state.number).sums = state.sums

    def _changed(self, page: _Page) -> None:
        page.dirty = True
        self._dirty.append(page)

    def _page(self, base: str, side: Side, number: int) -> _Page:
        ladder = self._ladders.get((base, side))
        if ladder is None:
            ladder = self._ladders[base, side] = {}
        page = ladder.get(number)
        if page is None:
            page = ladder[number] = _Page(base, side, number)
        return page


def bucket(price: float) -> int:
    """Return the bucket of a positive price."""
    quotient = log(price) / _LOG_RATIO
    index = floor(quotient)
    if _ROUNDING < quotient - index < 1 - _ROUNDING:
        return index
    if price < RATIO**index:
        return index - 1
    if price >= RATIO ** (index + 1):
        return index + 1
    return index


def edge(index: int) -> float:
    """Return the lower edge of a bucket in USD, which is the upper edge of the one before."""
    return RATIO**index
