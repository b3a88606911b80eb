"""Figures of any source in one form, what the journal says they should be, and where the two differ."""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Literal, NamedTuple

import msgspec

from exporter.cells import ALL, OTHER, Cell
from exporter.ledger import Ledger
from exporter.levels import Levels

TOLERANCE = 1e-9
"""Sums of the same floats in another order may differ by this part of them."""

Name = Literal["events", "base_quantity", "usd", "listed"]


class Key(NamedTuple):
    """What a figure is of; `ALL` in place of what is added up."""

    exchange: str
    base: str
    side: str
    name: Name


Figures = dict[Key, float]


class Kind(Enum):
    """What a table holds."""

    COINS = "coins"
    """Events, base quantity and USD per exchange, coin and side."""
    SERIES = "series"
    """The same for the coins that have metric series; the others together, without amounts of coins."""
    EXCHANGES = "exchanges"
    """Events and USD per exchange and side."""
    LEVELS = "levels"
    """Base quantity and USD per coin and side, as sums over price levels."""
    LISTED = "listed"
    """1 for every exchange that had an event."""


class Table(msgspec.Struct, frozen=True):
    """Some figures of a source, under the name that the source has for them.

    A `partial` one need not have all events: what it has less of is not compared.
    """

    name: str
    kind: Kind
    figures: Figures
    partial: bool = False


class Difference(msgspec.Struct, frozen=True):
    """A figure that is not what the journal says; a figure that is not there counts as 0."""

    table: str
    exchange: str
    base: str
    side: str
    figure: Name
    journal: float
    found: float


def compare(table: Table, ledger: Ledger) -> list[Difference]:
    """Return what differs between a table and the ledger of the same moment, in alphabetical order."""
    expected, found = _EXPECTED[table.kind](ledger), table.figures
    keys = expected.keys() | found.keys()
    if table.partial:
        keys = {key for key in keys if _has_all(key, found, expected)}
    differences = []
    for key in sorted(keys):
        mine, other = expected.get(key, 0.0), found.get(key, 0.0)
        if not equal(key.name, mine, other):
            differences.append(Difference(table.name, *key, mine, other))
    return differences


def equal(name: Name, one: float, other: float) -> bool:
    """Tell whether two figures agree: counts exactly, sums to `TOLERANCE`."""
    slack = TOLERANCE * max(abs(one), abs(other)) if name in ("base_quantity", "usd") else 0.0
    return abs(one - other) <= slack


def _has_all(key: Key, found: Figures, expected: Figures) -> bool:
    events = key._replace(name="events")
    return found.get(events, 0.0) >= expected.get(events, 0.0)


def put(figures: Figures, place: tuple[str, str, str], events: int, base_quantity: float, usd: float) -> None:
    """Set the figures of one exchange, coin and side."""
    figures[Key(*place, "events")] = float(events)
    figures[Key(*place, "base_quantity")] = base_quantity
    figures[Key(*place, "usd")] = usd


def ladder_sums(levels: Levels) -> Figures:
    """Return the sums over price levels."""
    figures: Figures = {}
    for base, side in levels.keys():  # noqa: SIM118 - not a dict
        quantity, usd = levels.sums(base, side)
        figures[Key(ALL, base, side, "base_quantity")] = quantity
        figures[Key(ALL, base, side, "usd")] = usd
    return figures


def exchange_sums(ledger: Ledger) -> Figures:
    """Return the sums over coins."""
    figures: Figures = {}
    for key, value in _coins(ledger).items():
        if key.name != "base_quantity":
            whole = key._replace(base=ALL)
            figures[whole] = figures.get(whole, 0.0) + value
    return figures


def _coins(ledger: Ledger) -> Figures:
    return _of_cells(cell for cell in ledger.cells.values() if cell.key[1] not in (ALL, OTHER))


def _series(ledger: Ledger) -> Figures:
    figures = _of_cells(ledger.series())
    return {key: value for key, value in figures.items() if (key.base, key.name) != (OTHER, "base_quantity")}


def _exchanges(ledger: Ledger) -> Figures:
    figures = _of_cells(cell for cell in ledger.cells.values() if cell.key[1] == ALL)
    return {key: value for key, value in figures.items() if key.name != "base_quantity"}


def _levels(ledger: Ledger) -> Figures:
    figures: Figures = {}
    for key, value in _coins(ledger).items():
        if key.name != "events":
            whole = key._replace(exchange=ALL)
            figures[whole] = figures.get(whole, 0.0) + value
    return figures


def _listed(ledger: Ledger) -> Figures:
    exchanges = {cell.key[0] for cell in ledger.cells.values() if cell.events}
    return listed(exchanges)


def listed(exchanges: Iterable[str]) -> Figures:
    """Return 1 for every exchange."""
    return {Key(exchange, ALL, ALL, "listed"): 1.0 for exchange in exchanges}


def _of_cells(cells: Iterable[Cell]) -> Figures:
    figures: Figures = {}
    for cell in cells:
        put(figures, cell.key, cell.events, cell.base_quantity, cell.usd)
    return figures


_EXPECTED: Mapping[Kind, Callable[[Ledger], Figures]] = {
    Kind.COINS: _coins,
    Kind.SERIES: _series,
    Kind.EXCHANGES: _exchanges,
    Kind.LEVELS: _levels,
    Kind.LISTED: _listed,
}
