"""The figures that people read, each defined once: totals, rates, shares, ratio, imbalance, sentiment, dominance.

Shares lie between 0 and 1. Every derived figure exists by events and by USD. A figure that does not exist (a share of
nothing, a ratio to nothing) is None.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from exporter.model import LONG, SHORT, SIDES, Side

Sentiment = Literal["BEARISH", "NEUTRAL", "BULLISH"]

WINDOWS: dict[str, int] = {"1h": 60, "4h": 240, "12h": 720, "24h": 1440}
"""The event-time windows, in minutes."""


class Tally(msgspec.Struct, gc=False):
    """Plain sums over some events; `base_quantity` is None where different coins are added up."""

    events: int = 0
    usd: float = 0.0
    base_quantity: float | None = 0.0
    largest_usd: float = 0.0

    def add(self, other: "Tally") -> None:
        """Add another tally to this one."""
        self.events += other.events
        self.usd += other.usd
        if self.base_quantity is not None:
            self.base_quantity = None if other.base_quantity is None else self.base_quantity + other.base_quantity
        self.largest_usd = max(self.largest_usd, other.largest_usd)


class Figures(msgspec.Struct, frozen=True):
    """A tally with what follows from it: mean size, rates per hour, shares of the whole."""

    events: int
    usd: float
    base_quantity: float | None
    largest_usd: float
    average_usd: float | None
    events_per_hour: float | None
    usd_per_hour: float | None
    share_events: float | None
    share_usd: float | None


class Balance(msgspec.Struct, frozen=True):
    """Long against short.

    `long_share` = long / (long + short); `ratio` = long / short; `imbalance` = long share - 0.5, with `toward` naming
    the side that leads; `sentiment` reads the long share against the configured bands: many liquidated longs mean a
    falling market.
    """

    long_share: float | None
    ratio: float | None
    imbalance: float | None
    toward: Literal["LONGS", "SHORTS"] | None
    sentiment: Sentiment | None


class Dominance(msgspec.Struct, frozen=True):
    """The largest exchange and its share."""

    exchange: str | None
    share: float | None


class By(msgspec.Struct, frozen=True):
    """One derived figure counted by events, and by USD."""

    events: Balance
    usd: Balance


class DominanceBy(msgspec.Struct, frozen=True):
    """Dominance counted by events, and by USD."""

    events: Dominance
    usd: Dominance


class ExchangeFigures(msgspec.Struct, frozen=True):
    """One exchange: its total, its sides, its balance."""

    total: Figures
    sides: dict[Side, Figures]
    balance: By


class CumulativeStats(msgspec.Struct, frozen=True):
    """Everything about one base, or about all coins together (`base` None, without base amounts).

    `window` is None for all time. Rates refer to `duration_s`: from the first event (or the window's beginning, if
    that is later) to the moment the figures are for.
    """

    base: str | None
    window: str | None
    first_ms: int | None
    last_ms: int | None
    duration_s: float
    total: Figures
    sides: dict[Side, Figures]
    balance: By
    dominance: DominanceBy
    exchanges: dict[str, ExchangeFigures]


class Bands(msgspec.Struct, frozen=True):
    """The long shares from which the sentiment is bearish, and up to which it is bullish."""

    bearish_from: float = 0.55
    bullish_to: float = 0.45


class Span(msgspec.Struct, frozen=True):
    """The time that figures cover: first and last event, and the seconds that rates refer to."""

    first_ms: int | None
    last_ms: int | None
    duration_s: float


def cumulative(
    tallies: Mapping[tuple[str, Side], Tally], base: str | None, window: str | None, span: Span, bands: Bands
) -> CumulativeStats:
    """Derive every figure from the tallies per (exchange, side)."""
    whole = _sum(tallies.values(), base)
    sides = {side: _sum((tally for key, tally in tallies.items() if key[1] == side), base) for side in SIDES}
    exchanges = sorted({exchange for exchange, _ in tallies})
    by_exchange = {name: {side: tallies.get((name, side), _empty(base)) for side in SIDES} for name in exchanges}
    totals = {name: _sum(pair.values(), base) for name, pair in by_exchange.items()}

    def figures(tally: Tally) -> Figures:
        return _figures(tally, whole, span.duration_s)

    return CumulativeStats(
        base,
        window,
        span.first_ms,
        span.last_ms,
        span.duration_s,
        figures(whole),
        {side: figures(tally) for side, tally in sides.items()},
        _balance(sides, bands),
        DominanceBy(
            _dominance({name: tally.events for name, tally in totals.items()}),
            _dominance({name: tally.usd for name, tally in totals.items()}),
        ),
        {
            name: ExchangeFigures(
                figures(totals[name]),
                {side: figures(tally) for side, tally in pair.items()},
                _balance(pair, bands),
            )
            for name, pair in by_exchange.items()
        },
    )


def _empty(base: str | None) -> Tally:
    return Tally(base_quantity=None if base is None else 0.0)


def _sum(tallies: Iterable[Tally], base: str | None) -> Tally:
    result = _empty(base)
    for tally in tallies:
        result.add(tally)
    return result


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _figures(tally: Tally, whole: Tally, duration_s: float) -> Figures:
    hours = duration_s / 3600
    return Figures(
        tally.events,
        tally.usd,
        tally.base_quantity,
        tally.largest_usd,
        _ratio(tally.usd, tally.events),
        _ratio(tally.events, hours),
        _ratio(tally.usd, hours),
        _ratio(tally.events, whole.events),
        _ratio(tally.usd, whole.usd),
    )


def _balance(sides: Mapping[Side, Tally], bands: Bands) -> By:
    long, short = sides[LONG], sides[SHORT]
    return By(balance(long.events, short.events, bands), balance(long.usd, short.usd, bands))


def balance(long: float, short: float, bands: Bands) -> Balance:
    """Compare the two sides."""
    share = _ratio(long, long + short)
    if share is None:
        return Balance(None, None, None, None, None)
    imbalance = share - 0.5
    toward: Literal["LONGS", "SHORTS"] | None = None
    if imbalance:
        toward = "LONGS" if imbalance > 0 else "SHORTS"
    sentiment: Sentiment = "NEUTRAL"
    if share >= bands.bearish_from:
        sentiment = "BEARISH"
    elif share <= bands.bullish_to:
        sentiment = "BULLISH"
    return Balance(share, _ratio(long, short), imbalance, toward, sentiment)


def _dominance(amounts: Mapping[str, float]) -> Dominance:
    total = sum(amounts.values())
    if not total:
        return Dominance(None, None)
    name = max(amounts, key=lambda exchange: amounts[exchange])
    return Dominance(name, amounts[name] / total)
