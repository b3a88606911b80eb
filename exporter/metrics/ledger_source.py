"""The families that grow with the number of coins, from the ledger's cells."""

from collections.abc import Container, Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

from exporter.cells import ALL, OTHER, Cell
from exporter.ledger import Ledger
from exporter.metrics.text import Labels, Samples, histograms
from exporter.metrics.window_bases import WindowBases
from exporter.stats import WINDOWS, Tally


class _Rows(NamedTuple):
    """Some cells and the labels of their series: those of a total, and those of the windows (a cell has four)."""

    cells: list[Cell]
    labels: list[Labels]
    window_labels: list[Labels]


class _Layout(NamedTuple):
    """Which cells each group of families shows."""

    exchanges: _Rows
    assets: _Rows
    quantities: _Rows
    windows: _Rows
    coins: dict[str, list[Cell]]
    first_of_exchanges: "_FirstEvents"
    first_of_assets: "_FirstEvents"

    def with_windows(self, bases: Container[str]) -> "_Layout":
        """Return the layout with the windows of these coins."""
        return self._replace(windows=_rows([cell for cell in self.assets.cells if cell.key[1] in bases], (0, 1, 2)))


class _FirstEvents:
    """The times of the first events of cells that share a part of their keys: made anew when one has changed."""

    def __init__(self, family: str, cells: list[Cell], key_part: int) -> None:
        self._cells = cells
        self._labels: list[Labels] = [(cell.key[key_part],) for cell in cells]
        self._seen: list[int] = []
        self._samples = Samples(family, [], [])

    def samples(self) -> Samples:
        times = [cell.first_ms for cell in self._cells]
        if times != self._seen:
            firsts: dict[Labels, int] = {}
            for labels, first_ms in zip(self._labels, times, strict=True):
                if first_ms:  # it has had one
                    firsts[labels] = min(first_ms, firsts.get(labels, first_ms))
            self._samples = Samples(self._samples.family, list(firsts), [each / 1000 for each in firsts.values()])
            self._seen = times
        return self._samples


class LedgerSource:
    """Totals, windows and order sizes.

    Runs in a thread beside the loop that changes the ledger: it reads copies of what grows and single numbers. An
    event that arrives meanwhile may be in one family and not yet in the next.
    """

    def __init__(self, ledger: Ledger, window_bases: int) -> None:
        self._ledger = ledger
        self._generation = ledger.generation
        self._window_bases = WindowBases(ledger.bases, window_bases)
        self._layout = _layout(ledger, self._window_bases.chosen)

    @property
    def window_bases(self) -> frozenset[str]:
        """The coins that have windows of their own, as of the last page."""
        return self._window_bases.chosen

    def samples(self, now_ms: int) -> Iterator[Samples]:
        """Return the samples of every family; the windows end with the minute of `now_ms`."""
        minute = now_ms // 60_000
        generation = self._ledger.generation  # before the cells: one that appears meanwhile makes the next layout
        if generation != self._generation:
            self._layout = _layout(self._ledger, self._window_bases.chosen)
            self._generation = generation
        if self._window_bases.rank(minute, self._layout.coins):
            self._layout = self._layout.with_windows(self._window_bases.chosen)
        layout = self._layout
        yield from _totals(layout)
        yield from _windows(layout, minute)


def _totals(layout: _Layout) -> Iterator[Samples]:
    cells, labels, _ = layout.exchanges
    yield Samples("liquidation_events_total", labels, [cell.events for cell in cells])
    yield Samples("liquidation_notional_usd_total", labels, [cell.usd for cell in cells])
    yield histograms("liquidation_size_usd", labels, [cell.sizes for cell in cells if cell.sizes])
    yield Samples("liquidation_largest_usd", labels, [cell.largest_usd for cell in cells])
    yield layout.first_of_exchanges.samples()
    cells, labels, _ = layout.assets
    yield Samples("liquidation_asset_events_total", labels, [cell.events for cell in cells])
    yield Samples("liquidation_asset_notional_usd_total", labels, [cell.usd for cell in cells])
    cells, labels, _ = layout.quantities
    yield Samples("liquidation_asset_quantity_total", labels, [cell.base_quantity for cell in cells])
    yield layout.first_of_assets.samples()


def _windows(layout: _Layout, minute: int) -> Iterator[Samples]:
    labels, tallies = layout.exchanges.window_labels, _tallies(layout.exchanges, minute)
    yield Samples("liquidation_window_events", labels, [tally.events for tally in tallies])
    yield Samples("liquidation_window_notional_usd", labels, [tally.usd for tally in tallies])
    yield Samples("liquidation_window_largest_usd", labels, [tally.largest_usd for tally in tallies])
    labels, tallies = layout.windows.window_labels, _tallies(layout.windows, minute)
    yield Samples("liquidation_asset_window_events", labels, [tally.events for tally in tallies])
    yield Samples("liquidation_asset_window_notional_usd", labels, [tally.usd for tally in tallies])
    yield Samples("liquidation_asset_window_quantity", labels, [tally.base_quantity or 0.0 for tally in tallies])
    yield Samples("liquidation_asset_window_largest_usd", labels, [tally.largest_usd for tally in tallies])


def _tallies(rows: _Rows, minute: int) -> list[Tally]:
    return [tally for cell in rows.cells for tally in cell.windows(minute)]


def _layout(ledger: Ledger, window_bases: Container[str]) -> _Layout:
    assets = sorted(ledger.series(), key=attrgetter("key"))
    exchanges = sorted((cell for cell in list(ledger.cells.values()) if cell.key[1] == ALL), key=attrgetter("key"))
    coins: dict[str, list[Cell]] = {}
    for cell in assets:
        coins.setdefault(cell.key[1], []).append(cell)
    coins.pop(OTHER, None)
    return _Layout(
        _rows(exchanges, (0, 2)),
        _rows(assets, (0, 1, 2)),
        _rows([cell for cell in assets if cell.key[1] != OTHER], (0, 1, 2)),  # amounts of different coins do not add up
        _rows([], ()),
        coins,
        _FirstEvents("liquidation_first_event_timestamp_seconds", exchanges, 0),
        _FirstEvents("liquidation_asset_first_event_timestamp_seconds", assets, 1),
    ).with_windows(window_bases)


def _rows(cells: list[Cell], key_parts: Sequence[int]) -> _Rows:
    labels = [tuple(cell.key[part] for part in key_parts) for cell in cells]
    return _Rows(cells, labels, [(*each, window) for each in labels for window in WINDOWS])
