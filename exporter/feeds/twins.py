"""What of the past is new: the rows that no socket delivered, and whose order they are asked for in."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from math import isclose

import msgspec

from exporter.exchanges.base import Liquidations, ParseError, Span
from exporter.model import Instrument, Liquidation, RawLiquidation

Twin = Callable[[RawLiquidation], tuple[str, ...] | None]
"""Returns what a row has in common with the same liquidation on the socket, None where their ids are equal."""

SLACK = 0.05
"""How far apart the values of twins may be: prices and amounts are rounded, another unit is off by far more."""


class Twins:
    """The recorded events of a span, each of which accounts for one row of the past.

    What both have must be worth the same: amounts of another unit than expected raise `ParseError`.

    Where socket and REST key their rows differently, a row is matched by what both of them say. It is a multiset: of
    two equal rows only one is known when one was recorded.
    """

    def __init__(self, twin: Twin, recorded: Iterable[Liquidation]) -> None:
        self._twin = twin
        self._ids: set[str] = set()
        self._left: dict[tuple[str, ...], list[float]] = {}
        self._seen: set[str] = set()
        for event in recorded:
            self._ids.add(event.id)
            key = twin(_raw(event))
            if key is not None:
                self._left.setdefault(key, []).append(_value(event))

    def fresh(self, found: Liquidations) -> Liquidations:
        """Leave out the rows that recorded events account for."""
        events = [event for event in found.events if not self._known(event)]
        return msgspec.structs.replace(found, events=events)

    def _known(self, event: RawLiquidation) -> bool:
        if event.id in self._seen:  # answers overlap at their edges
            return True
        self._seen.add(event.id)
        key = self._twin(event)
        if key is not None and (values := self._left.get(key)):
            worth = _value(event)
            nearest = min(values, key=lambda value: abs(value - worth))
            if not isclose(nearest, worth, rel_tol=SLACK):
                raise ParseError(f"{event.instrument}: worth {worth:g} in the past, {nearest:g} on the socket")
            values.remove(nearest)
            return True
        return event.id in self._ids


def within(found: Liquidations, span: Span) -> Liquidations:
    """Leave out what happened before or after a span: answers may reach beyond what was asked for."""
    events = [event for event in found.events if span.from_ms <= event.time_ms < span.until_ms]
    return msgspec.structs.replace(found, events=events)


def by_importance(
    instruments: Iterable[Instrument], bases: Sequence[str], recorded: Iterable[Liquidation]
) -> list[Instrument]:
    """Order instruments: those of the main coins, then the busiest, then as the exchange lists them."""
    rank = {base: place for place, base in enumerate(bases)}
    busy = Counter(event.instrument for event in recorded)
    return sorted(instruments, key=lambda each: (rank.get(each.base, len(rank)), -busy[each.name]))


def _value(event: RawLiquidation | Liquidation) -> float:
    """Return what an event is worth in its quote coin, or its number of contracts."""
    return event.quantity * event.price if event.quantity_unit == "base" else event.quantity


def _raw(event: Liquidation) -> RawLiquidation:
    return RawLiquidation(**{name: getattr(event, name) for name in RawLiquidation.__struct_fields__})
