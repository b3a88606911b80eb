"""PromQL that several boards use; the figures are those that `exporter/stats.py` defines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from exporter.exchanges.base import PUBLISHES
from exporter.model import PriceKind

HOURS = " or ".join(f'label_replace(vector({hours}), "window", "{hours}h", "", "")' for hours in (1, 4, 12, 24))
"""The length of every window in hours, as one series for each."""

COMPLETENESS = tuple(PUBLISHES)
PRICE_KINDS: tuple[str, ...] = get_args(PriceKind)
STATES = ("live", "connecting", "silent", "blocked", "down")
VERDICTS = ("equal", "moving", "behind", "strange", "unreachable", "differs")


@dataclass(frozen=True)
class Windows:
    """The window figures of all coins together, of the chosen coin, or of the chosen exchange.

    `name` is how titles call it; `first_event` the series whose smallest value is when counting began.
    """

    name: str
    family: str
    selector: str
    first_event: str

    def total(self, figure: str, by: str = "", where: str = "") -> str:
        """Return the sum of a figure (`events`, `notional_usd`, `quantity`) for each value of the labels `by`."""
        return f"sum{_by(by)}({self._series(figure, where)})"

    def largest(self, by: str = "", where: str = "") -> str:
        """Return the largest single liquidation in USD for each value of the labels `by`."""
        return f"max{_by(by)}({self._series('largest_usd', where)})"

    def share(self, figure: str, of: str, by: str = "", where: str = "") -> str:
        """Return which share of a figure has the labels `of`, for each value of the labels `by`."""
        return f"{self.total(figure, by, _and(of, where))} / {self.total(figure, by, where)}"

    def per_hour(self, figure: str) -> str:
        """Return a figure per hour for each window: of the window, or of the time since the first event if shorter."""
        hours = f"clamp_max({HOURS}, scalar((time() - min({self.first_event})) / 3600))"
        return f"{self.total(figure, 'window')} / on (window) ({hours})"

    def _series(self, figure: str, where: str) -> str:
        return f"{self.family}_{figure}{{{_and(self.selector, where)}}}"


MARKET = Windows("all coins", "liquidation_window", "", "liquidation_first_event_timestamp_seconds")
COIN = Windows(
    "$coin",
    "liquidation_asset_window",
    'base="$coin"',
    'liquidation_asset_first_event_timestamp_seconds{base="$coin"}',
)
EXCHANGE = Windows(
    "$venue",
    "liquidation_window",
    'exchange="$venue"',
    'liquidation_first_event_timestamp_seconds{exchange="$venue"}',
)


@dataclass(frozen=True)
class Totals(Windows):
    """The figures of all time: the values of counters, which a restart of the exporter does not reset."""

    def per_hour(self, figure: str, by: str = "") -> str:
        """Return a figure per hour since the first event, for each value of the labels `by`."""
        return f"3600 * {self.total(figure, by)} / scalar(time() - min({self.first_event}))"

    def average(self, by: str = "", where: str = "") -> str:
        """Return the mean size in USD for each value of the labels `by`."""
        return f"{self.total('notional_usd', by, where)} / {self.total('events', by, where)}"

    def _series(self, figure: str, where: str) -> str:
        return super()._series(figure if figure == "largest_usd" else f"{figure}_total", where)


MARKET_TOTALS = Totals(MARKET.name, "liquidation", MARKET.selector, MARKET.first_event)
COIN_TOTALS = Totals(COIN.name, "liquidation_asset", COIN.selector, COIN.first_event)

LONG = 'side="long"'
SHORT = 'side="short"'
CHOSEN_WINDOW = 'window="$window"'


def with_all(expr_by_label: str, expr_of_all: str, label: str = "exchange") -> str:
    """Return the values of every exchange (or other `label`) and, as exchange ALL, the one of all together."""
    return f'{expr_by_label} or label_replace({expr_of_all}, "{label}", "ALL", "", "")'


def coded(metric: str, label: str, values: Sequence[str], by: str = "exchange") -> str:
    """Return for every exchange (or other label `by`) the place (from 1) of its current `label` among `values`."""
    parts = (f'({metric}{{{label}="{value}"}} == 1) * {place}' for place, value in enumerate(values, 1))
    return f"max by ({by}) ({' or '.join(parts)})"


def published(where: str = "") -> str:
    """Return how complete what exchanges publish is, as the place in COMPLETENESS; only of those that `where` has."""
    every = coded("liquidation_exchange_info", "completeness", COMPLETENESS)
    return f"{every} and on (exchange) {where}" if where else every


def marked(by_exchange: str) -> str:
    """Return the same values with the label `shown`: the exchange's name, with a star where it publishes a part."""
    part = 'liquidation_exchange_info{completeness!="full"}'
    whole = f'label_join({by_exchange} unless on (exchange) {part}, "shown", "", "exchange")'
    return f"{whole} or {ending(f'{by_exchange} and on (exchange) {part}', 'exchange', '*', 'shown')}"


def ending(expr: str, label: str, end: str, into: str) -> str:
    """Return the same values with the label `into`: the value of another label, and `end` behind it."""
    return f'label_join(label_replace({expr}, "{into}", "{end}", "", ""), "{into}", "", "{label}", "{into}")'


def above_0(expr: str, labels: Sequence[str], limit: int) -> str:
    """Return the largest values above 0, or a single 0 whose first label says `none`.

    Grafana 9 takes an empty answer for an error.
    """
    none = f"0 * max({expr})"
    for place, label in enumerate(labels):
        none = f'label_replace({none}, "{label}", "{"–" if place else "none"}", "", "")'
    return f"topk({limit}, {expr} > 0) or on () {none}"


def named(exprs: Mapping[str, str], label: str) -> str:
    """Return the values of several expressions, told apart by their names in a label."""
    return " or ".join(f'label_replace({expr}, "{label}", "{name}", "", "")' for name, expr in exprs.items())


def in_range(counter: str, by: str = "") -> str:
    """Return by how much a counter grew within the board's time range, for each value of the labels `by`."""
    return f"sum{_by(by)}(increase({counter}[$__range]))"


def sentiment(long_share: str) -> str:
    """Return 1 (bearish), 0 or -1 (bullish) for a share of liquidated longs, by the exporter's configured bands."""
    bearish, bullish = (
        f'scalar(liquidation_sentiment_band_ratio{{band="{band}"}})' for band in ("bearish_from", "bullish_to")
    )
    # NaN, the share of nothing, is neither: adding it keeps it NaN instead of NEUTRAL.
    return f"0 * ({long_share}) + (({long_share}) >= bool {bearish}) - (({long_share}) <= bool {bullish})"


def _by(labels: str) -> str:
    return f" by ({labels}) " if labels else ""


def _and(*selectors: str) -> str:
    return ", ".join(each for each in selectors if each)
