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

    Where socket and REST key their rows differently, a row is matched by what both of them say. It is a multiset: of
    two equal rows only one is known when one was recorded. Of several candidates one of the very same price goes first.
    What both have must be worth the same: amounts of another unit than expected raise `ParseError`.
    """

    def __init__(self, twin: Twin, recorded: Iterable[Liquidation]) -> None:
        self._twin = twin
        self._ids: set[str] = set()
        self._left: dict[tuple[str, ...], list[Liquidation]] = {}
        self._seen: set[str] = set()
        for event in recorded:
            self._ids.add(event.id)
            # what was filled before is recognised by its id, and must not stand for a row of the socket
            key = twin(_raw(event)) if event.origin != "backfill" else None
            if key is not None:
                self._left.setdefault(key, []).append(event)

    @property
    def rows(self) -> int:
        """How many different rows it was shown."""
        return len(self._seen)

    def fresh(self, found: Liquidations) -> Liquidations:
        """Leave out the rows that recorded events account for, and those of earlier answers: these overlap."""
        new = [event for event in found.events if event.id not in self._seen and event.id not in self._ids]
        self._seen.update(event.id for event in found.events)
        unlike = [event for event in new if not self._take(event, same_price=True)]
        return msgspec.structs.replace(found, events=[event for event in unlike if not self._take(event)])

    def _take(self, event: RawLiquidation, *, same_price: bool = False) -> bool:
        """Use up a recorded event for a row; return whether there was one."""
        key = self._twin(event)
        left = self._left.get(key, []) if key is not None else []
        candidates = [each for each in left if each.price == event.price or not same_price]
        if not candidates:
            return False
        worth = _value(event)
        nearest = min(candidates, key=lambda each: abs(_value(each) - worth))
        if not isclose(_value(nearest), worth, rel_tol=SLACK):
            raise ParseError(f"{event.instrument}: worth {worth:g} in the past, {_value(nearest):g} on the socket")
        left.remove(nearest)
        return True


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
