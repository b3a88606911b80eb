"""Cumulative totals and event-time windows: the single source of every figure that is shown anywhere.

The ledger is a pure fold over the journal's records: the same records in the same order give the same floats, bit for
bit. That is what lets a restart continue from a checkpoint without a counter ever running backwards.
"""

from collections.abc import Iterable, Iterator

from exporter.cells import ALL, OTHER, Cell, CellState
from exporter.model import SIDES, Liquidation, Side
from exporter.stats import WINDOWS, Bands, CumulativeStats, Span, Tally, cumulative

FUTURE_MS = 60_000
"""An event dated later than this after it was received is put into the minute of its arrival."""


class Ledger:
    """Totals and windows per exchange, coin and side.

    `bases` (the main coins) always have series of their own; of the others the first `base_cap` do, what is seen
    beyond goes to `other`. The assignment never changes, because a total that moves to another series looks like a
    counter reset.
    """

    def __init__(self, exchanges: Iterable[str], bases: Iterable[str], base_cap: int) -> None:
        self.bases = tuple(bases)
        self.base_cap = base_cap
        self.cells: dict[tuple[str, str, Side], Cell] = {}
        self.last_seq = 0
        self.generation = 0
        """Grows whenever a cell appears, so that renderers know when their label caches are stale."""
        self._own_series: set[str] = set(self.bases)
        self._capped: set[str] = set()
        self._routes: dict[tuple[str, str, Side], tuple[Cell, ...]] = {}
        self._dirty: list[Cell] = []
        for exchange in exchanges:
            for base in (ALL, *self.bases):
                for side in ("long", "short"):
                    self._cell((exchange, base, side))

    def apply(self, seq: int, event: Liquidation) -> None:
        """Count one committed event."""
        self.last_seq = seq
        time_ms = event.time_ms
        minute = (time_ms if time_ms <= event.received_ms + FUTURE_MS else event.received_ms) // 60_000
        base_quantity, usd = event.base_quantity, event.notional_usd
        key = (event.exchange, event.base, event.side)
        for cell in self._routes.get(key) or self._route(key):
            if not cell.dirty:
                cell.dirty = True
                self._dirty.append(cell)
            cell.add(time_ms, minute, base_quantity, usd)

    def stats(self, base: str | None, window: str | None, now_ms: int, bands: Bands) -> CumulativeStats:
        """Derive the figures of one base, or of all coins (None), over a window or all time (None)."""
        tallies: dict[tuple[str, Side], Tally] = {}
        first: int | None = None
        last: int | None = None
        for (exchange, cell_base, side), cell in list(self.cells.items()):
            if cell_base != (base or ALL):
                continue
            tally = cell.tally() if window is None else cell.window(window, now_ms // 60_000)
            if base is None:
                tally.base_quantity = None
            tallies[exchange, side] = tally
            if cell.events:
                first = cell.first_ms if first is None else min(first, cell.first_ms)
                last = cell.last_ms if last is None else max(last, cell.last_ms)
        return cumulative(tallies, base, window, _span(first, last, window, now_ms), bands)

    def minutes(self, base: str | None, now_ms: int, count: int) -> dict[Side, list[Tally]]:
        """Return the last `count` minutes of one base, or of all coins (None); the running minute comes last."""
        newest = now_ms // 60_000
        oldest = newest - count + 1
        result: dict[Side, list[Tally]] = {side: [_nothing(base) for _ in range(count)] for side in SIDES}
        for (_, cell_base, side), cell in list(self.cells.items()):
            if cell_base == (base or ALL):
                for minute, tally in cell.minutes(oldest, newest):
                    result[side][minute - oldest].add(tally)
        return result

    def by_base(self, window: str | None, now_ms: int) -> dict[str, dict[Side, Tally]]:
        """Return the sums of every coin per side, over a window or all time (None)."""
        minute = now_ms // 60_000
        since_ms = 0 if window is None else (minute - WINDOWS[window] + 1) * 60_000
        result: dict[str, dict[Side, Tally]] = {}
        for (_, base, side), cell in list(self.cells.items()):
            if base in (ALL, OTHER):
                continue
            sides = result.setdefault(base, {each: Tally() for each in SIDES})
            if cell.last_ms >= since_ms:
                sides[side].add(cell.tally() if window is None else cell.window(window, minute))
        return result

    def known_bases(self) -> list[str]:
        """Return every base that has ever had an event or always has series, in alphabetical order."""
        return sorted({base for _, base, _ in list(self.cells) if base not in (ALL, OTHER)})

    def has_series(self, base: str) -> bool:
        """Tell whether a base has metric series of its own."""
        return base in self._own_series or base == OTHER

    @property
    def cap_reached(self) -> bool:
        """Whether some base had to go to `other`."""
        return bool(self._capped)

    def take_changes(self) -> list[CellState]:
        """Return the cells that changed since the last call, for the journal's checkpoint at `last_seq`."""
        changed, self._dirty = self._dirty, []
        return [cell.take_state() for cell in changed]

    def restore(self, states: Iterable[CellState], last_seq: int) -> None:
        """Load the cells of a checkpoint into an empty ledger."""
        self.last_seq = last_seq
        for state in states:
            _, base, _ = state.key
            if base not in (ALL, OTHER):
                (self._own_series if state.own_series else self._capped).add(base)
            self._cell(state.key).restore(state)

    def forget_minutes(self, now_ms: int) -> None:
        """Drop the minute buckets that no window can reach any more."""
        oldest = now_ms // 60_000 - WINDOWS["24h"]
        for cell in list(self.cells.values()):
            cell.forget_minutes(oldest)

    def series(self) -> Iterator[Cell]:
        """Iterate over the cells that are metric series of one coin: the main ones, the assigned ones, `other`."""
        for (_, base, _), cell in list(self.cells.items()):
            if base != ALL and self.has_series(base):
                yield cell

    def _route(self, key: tuple[str, str, Side]) -> tuple[Cell, ...]:
        """Decide which cells an event adds to: its coin's, its exchange's and, beyond the cap, `other`'s."""
        exchange, base, side = key
        if base not in self._own_series and base not in self._capped:
            (self._own_series if len(self._own_series) < self.base_cap else self._capped).add(base)
        keys = [key, (exchange, ALL, side)]
        if base in self._capped:
            keys.append((exchange, OTHER, side))
        route = self._routes[key] = tuple(self._cell(each) for each in keys)
        return route

    def _cell(self, key: tuple[str, str, Side]) -> Cell:
        cell = self.cells.get(key)
        if cell is None:
            cell = self.cells[key] = Cell(key, own_series=self.has_series(key[1]))
            self.generation += 1
        return cell


def _nothing(base: str | None) -> Tally:
    return Tally(base_quantity=None if base is None else 0.0)


def _span(first: int | None, last: int | None, window: str | None, now_ms: int) -> Span:
    if first is None or last is None:
        return Span(None, None, 0.0)
    since_first = max(0, now_ms - first) / 1000
    return Span(first, last, since_first if window is None else min(since_first, WINDOWS[window] * 60.0))
