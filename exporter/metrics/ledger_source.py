"""The families that grow with the number of coins, from the ledger's cells."""

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

from exporter.cells import ALL, OTHER, Cell
from exporter.ledger import Ledger
from exporter.metrics.text import Labels, Samples, histograms
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
    main: _Rows


class LedgerSource:
    """Totals, windows and order sizes.

    Runs in a thread beside the loop that changes the ledger: it reads copies of what grows and single numbers. An
    event that arrives meanwhile may be in one family and not yet in the next.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._generation = ledger.generation
        self._layout = _layout(ledger)

    def samples(self, now_ms: int) -> Iterator[Samples]:
        """Return the samples of every family; the windows end with the minute of `now_ms`."""
        generation = self._ledger.generation  # before the cells: one that appears meanwhile makes the next layout
        if generation != self._generation:
            self._layout = _layout(self._ledger)
            self._generation = generation
        layout = self._layout
        yield from _totals(layout)
        yield from _windows(layout, now_ms // 60_000)


def _totals(layout: _Layout) -> Iterator[Samples]:
    cells, labels, _ = layout.exchanges
    yield Samples("liquidation_events_total", labels, [cell.events for cell in cells])
    yield Samples("liquidation_notional_usd_total", labels, [cell.usd for cell in cells])
    yield histograms("liquidation_size_usd", labels, [cell.sizes for cell in cells if cell.sizes])
    cells, labels, _ = layout.assets
    yield Samples("liquidation_asset_events_total", labels, [cell.events for cell in cells])
    yield Samples("liquidation_asset_notional_usd_total", labels, [cell.usd for cell in cells])
    cells, labels, _ = layout.quantities
    yield Samples("liquidation_asset_quantity_total", labels, [cell.base_quantity for cell in cells])


def _windows(layout: _Layout, minute: int) -> Iterator[Samples]:
    labels, tallies = layout.exchanges.window_labels, _tallies(layout.exchanges, minute)
    yield Samples("liquidation_window_events", labels, [tally.events for tally in tallies])
    yield Samples("liquidation_window_notional_usd", labels, [tally.usd for tally in tallies])
    yield Samples("liquidation_window_largest_usd", labels, [tally.largest_usd for tally in tallies])
    labels, tallies = layout.main.window_labels, _tallies(layout.main, minute)
    yield Samples("liquidation_asset_window_events", labels, [tally.events for tally in tallies])
    yield Samples("liquidation_asset_window_notional_usd", labels, [tally.usd for tally in tallies])
    yield Samples("liquidation_asset_window_quantity", labels, [tally.base_quantity or 0.0 for tally in tallies])


def _tallies(rows: _Rows, minute: int) -> list[Tally]:
    return [cell.window(window, minute) for cell in rows.cells for window in WINDOWS]


def _layout(ledger: Ledger) -> _Layout:
    assets = sorted(ledger.series(), key=attrgetter("key"))
    every = sorted(ledger.cells.values(), key=attrgetter("key"))
    return _Layout(
        _rows([cell for cell in every if cell.key[1] == ALL], (0, 2)),
        _rows(assets, (0, 1, 2)),
        _rows([cell for cell in assets if cell.key[1] != OTHER], (0, 1, 2)),  # amounts of different coins do not add up
        _rows([cell for cell in assets if cell.key[1] in ledger.bases], (0, 1, 2)),
    )


def _rows(cells: list[Cell], key_parts: Sequence[int]) -> _Rows:
    labels = [tuple(cell.key[part] for part in key_parts) for cell in cells]
    return _Rows(cells, labels, [(*each, window) for each in labels for window in WINDOWS])
