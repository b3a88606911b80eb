"""Whether an exporter agrees with the truth.

A scrape is right when every figure lies between what the certain events add up to and what all events add up to; where
all are certain, that is equality.
"""

from collections.abc import Iterable, Iterator, Mapping
from math import inf
from typing import Literal, NamedTuple

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from exporter.simulator.truthfile import TruthEvent

MINUTE_MS = 60_000
TOLERANCE = 1e-9
WINDOWS = {"1h": 60, "4h": 240, "12h": 720, "24h": 1440}
"""Windows and their length in minutes."""

Labels = tuple[str, ...]
Figure = Literal["events", "usd", "quantity", "largest"]


class Family(NamedTuple):
    """A metric family: the figure that it shows, of whom; windowed ones have the label `window` as well."""

    name: str
    figure: Figure
    labels: Labels
    windowed: bool = False


_VENUE = ("exchange", "side")
_ASSET = ("exchange", "base", "side")
_FAMILIES = (
    Family("liquidation_events_total", "events", _VENUE),
    Family("liquidation_notional_usd_total", "usd", _VENUE),
    Family("liquidation_largest_usd", "largest", _VENUE),
    Family("liquidation_asset_events_total", "events", _ASSET),
    Family("liquidation_asset_notional_usd_total", "usd", _ASSET),
    Family("liquidation_asset_quantity_total", "quantity", _ASSET),
    Family("liquidation_window_events", "events", _VENUE, windowed=True),
    Family("liquidation_window_notional_usd", "usd", _VENUE, windowed=True),
    Family("liquidation_window_largest_usd", "largest", _VENUE, windowed=True),
    Family("liquidation_asset_window_events", "events", _ASSET, windowed=True),
    Family("liquidation_asset_window_notional_usd", "usd", _ASSET, windowed=True),
    Family("liquidation_asset_window_quantity", "quantity", _ASSET, windowed=True),
    Family("liquidation_asset_window_largest_usd", "largest", _ASSET, windowed=True),
)


class Row(msgspec.Struct, frozen=True):
    """One figure: what the certain events make of it, what the exporter shows, what all events make of it."""

    name: str
    labels: dict[str, str]
    certain: float
    counted: float
    all: float
    ok: bool


class Comparison(msgspec.Struct, frozen=True):
    """Every figure that the truth or the scrape has."""

    rows: list[Row]

    @property
    def ok(self) -> bool:
        """Whether the exporter is right about all of them."""
        return all(row.ok for row in self.rows)

    def wrong(self) -> list[Row]:
        """Return the figures that are not right."""
        return [row for row in self.rows if not row.ok]


class Sums:
    """What some events add up to: their number, USD, base quantity, and the largest in USD."""

    __slots__ = ("events", "largest", "quantity", "usd")

    def __init__(self) -> None:
        self.events = 0
        self.usd = self.quantity = self.largest = 0.0

    def add(self, events: int, usd: float, quantity: float, largest: float) -> None:
        """Add events."""
        self.events += events
        self.usd += usd
        self.quantity += quantity
        self.largest = max(self.largest, largest)

    def figure(self, name: Figure) -> float:
        """Return one of the figures."""
        return float(getattr(self, name))


class Tally(NamedTuple):
    """The certain events of a group, and all of them."""

    certain: Sums
    all: Sums

    @classmethod
    def empty(cls) -> "Tally":
        """Return a group without events."""
        return cls(Sums(), Sums())

    def take(self, event: TruthEvent) -> None:
        """Add an event."""
        for sums in self if event.certain else (self.all,):
            sums.add(1, event.notional_usd, event.base_quantity, event.notional_usd)

    def merge(self, other: "Tally") -> None:
        """Add another group."""
        for mine, more in zip(self, other, strict=True):
            mine.add(more.events, more.usd, more.quantity, more.largest)


class Cell(NamedTuple):
    """What is counted together before windows are formed."""

    exchange: str
    base: str
    side: str
    minute: int


Groups = dict[Labels, Tally]
Samples = dict[Labels, float]


def compare(truth: Iterable[TruthEvent], metrics_text: str, now_ms: int) -> Comparison:
    """Compare a scrape of /metrics (text format) taken at `now_ms` with the truth.

    A missing series counts as 0, and a series that nothing was sent for must be 0. A window ends with the minute of
    `now_ms` or the one before, because a scrape may cross a minute. Windows exist for some coins only: those that the
    scrape has are compared.
    """
    cells = _cells(truth)
    scrape = _read_scrape(metrics_text)
    rows: list[Row] = []
    for window, spans in _periods(now_ms // MINUTE_MS):
        for labels in (_VENUE, _ASSET):
            options = [_groups(cells, labels, *span) for span in spans]
            for family in _FAMILIES:
                if family.labels == labels and family.windowed == bool(window):
                    samples = scrape.get((family.name, window), {})
                    rows += _compare_family(family, window, options, samples)
    return Comparison(rows)


def _cells(truth: Iterable[TruthEvent]) -> dict[Cell, Tally]:
    cells: dict[Cell, Tally] = {}
    for event in truth:
        cell = Cell(event.exchange, event.base, event.side, event.time_ms // MINUTE_MS)
        tally = cells.get(cell)
        if tally is None:
            tally = cells[cell] = Tally.empty()
        tally.take(event)
    return cells


def _periods(this_minute: int) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    """Yield each window ("" for all time) with the spans of minutes (after, up to) that it may cover."""
    yield "", [(-inf, inf)]
    for window, length in WINDOWS.items():
        yield window, [(end - length, end) for end in (this_minute, this_minute - 1)]


def _groups(cells: Mapping[Cell, Tally], labels: Labels, after: float, up_to: float) -> Groups:
    groups: Groups = {}
    for cell, tally in cells.items():
        if after < cell.minute <= up_to:
            key = (cell.exchange, cell.side) if labels == _VENUE else (cell.exchange, cell.base, cell.side)
            groups.setdefault(key, Tally.empty()).merge(tally)
    return groups


def _read_scrape(text: str) -> dict[tuple[str, str], Samples]:
    """Return the samples of the families compared, by family and window."""
    wanted = {family.name: family for family in _FAMILIES}
    scrape: dict[tuple[str, str], Samples] = {}
    for metric in text_string_to_metric_families(text):
        for sample in metric.samples:
            family = wanted.get(sample.name)
            if family:
                key = tuple(sample.labels.get(label, "") for label in family.labels)
                scrape.setdefault((sample.name, sample.labels.get("window", "")), {})[key] = sample.value
    return scrape


def _compare_family(family: Family, window: str, options: list[Groups], samples: Samples) -> Iterator[Row]:
    keys = set(samples)
    if not (family.windowed and family.labels == _ASSET):
        keys |= {key for groups in options for key in groups}
    for key in sorted(keys):
        labels = dict(zip(family.labels, key, strict=True)) | ({"window": window} if window else {})
        counted = samples.get(key, 0.0)
        rows = [_row(family, labels, groups.get(key, Tally.empty()), counted) for groups in options]
        yield next((row for row in rows if row.ok), rows[0])


def _row(family: Family, labels: dict[str, str], tally: Tally, counted: float) -> Row:
    low, high = (sums.figure(family.figure) for sums in tally)
    slack = 0.0 if family.figure == "events" else high * TOLERANCE
    return Row(family.name, labels, low, counted, high, ok=low - slack <= counted <= high + slack)
