"""The families of the cascade signals, from the moment that the analyst prepared last."""

from collections.abc import Iterator
from typing import NamedTuple

from exporter.analysis.status import CoinPresent, Present, shown_level, shown_score
from exporter.cells import OTHER
from exporter.exchanges import REGISTRY
from exporter.metrics.text import Labels, Samples
from exporter.model import SIDES
from exporter.signals.readings import COMPONENTS, Reading
from exporter.view import View

COUNTED_LEVELS = ("warning", "critical")


class _Row(NamedTuple):
    """A coin and side, or a side of the market, as it is shown."""

    labels: Labels
    reading: Reading | None
    score: float | None
    level: int


class SignalsSource:
    """Renders `View.signals`; runs in a thread beside the loop that replaces the moment as a whole."""

    def __init__(self, view: View) -> None:
        self._view = view

    def samples(self, now_ms: int) -> Iterator[Samples]:
        """Return the samples of every family."""
        present = self._view.signals.present
        rows = [
            row
            for base, coin in present.coins.items()
            for row in _rows(coin, (base,), present, stale=present.stale(now_ms))
        ]
        yield from _scores("liquidation_cascade", rows)
        yield from _details(rows)
        coins = [(base,) for base in present.coins]
        coverage = [coin.coverage for coin in present.coins.values()]
        yield Samples("liquidation_cascade_coverage_ratio", coins, coverage)
        yield Samples("liquidation_cascade_warmup", coins, [int(coin.warmup) for coin in present.coins.values()])
        counted = self._view.signals.counted
        yield self._cascades() if counted else Samples("liquidation_cascades_total", [], [])
        yield self._prints() if counted else Samples("liquidation_large_prints_total", [], [])
        market = _rows(present.market, (), present, stale=present.stale(now_ms))
        yield from _scores("liquidation_market_cascade", market)
        yield from _across(present)

    def _cascades(self) -> Samples:
        counts: dict[Labels, float] = {
            (base, side, level): 0 for base in self._view.ledger.bases for side in SIDES for level in COUNTED_LEVELS
        }
        for (base, side, level), number in list(self._view.signals.tallies.cascades.items()):
            labels = (self._series(base), side, level)
            counts[labels] = counts.get(labels, 0) + number
        return Samples("liquidation_cascades_total", list(counts), list(counts.values()))

    def _prints(self) -> Samples:
        exchanges = [name for name in REGISTRY if name in self._view.exchanges]
        counts: dict[Labels, float] = {
            (exchange, base, side): 0 for exchange in exchanges for base in self._view.ledger.bases for side in SIDES
        }
        for (exchange, base, side), number in list(self._view.signals.tallies.prints.items()):
            labels = (exchange, self._series(base), side)
            counts[labels] = counts.get(labels, 0) + number
        return Samples("liquidation_large_prints_total", list(counts), list(counts.values()))

    def _series(self, base: str) -> str:
        """Return the label under which a coin's counters stand: its own, or that of all beyond the cap."""
        return base if self._view.ledger.has_series(base) else OTHER


def _rows(coin: CoinPresent, labels: Labels, present: Present, *, stale: bool) -> list[_Row]:
    return [
        _Row(
            (*labels, side),
            reading,
            shown_score(reading, coin.coverage, present.blind, stale=stale),
            shown_level(reading, coin.coverage, present.blind, stale=stale),
        )
        for side, reading in coin.sides.items()
    ]


def _scores(prefix: str, rows: list[_Row]) -> Iterator[Samples]:
    """Return what coins and the market have in common."""
    labels = [row.labels for row in rows]
    known = [(row.labels, row.score) for row in rows if row.score is not None]
    yield Samples(f"{prefix}_risk_score", [each for each, _ in known], [score for _, score in known])
    yield Samples(f"{prefix}_level", labels, [row.level for row in rows])
    episodes = [row.reading.episode if row.reading else None for row in rows]
    yield Samples(f"{prefix}_active", labels, [int(each is not None) for each in episodes])
    yield Samples(f"{prefix}_episode_notional_usd", labels, [each.usd if each else 0.0 for each in episodes])
    running = [(row.labels, each) for row, each in zip(rows, episodes, strict=True) if each]
    scores = [each.max_score for _, each in running]
    yield Samples(f"{prefix}_episode_max_score", [each for each, _ in running], scores)


def _details(rows: list[_Row]) -> Iterator[Samples]:
    episodes = [(row.labels, row.reading.episode if row.reading else None) for row in rows]
    labels = [each for each, _ in episodes]
    yield Samples("liquidation_cascade_episode_events", labels, [each.events if each else 0 for _, each in episodes])
    running = [(labels, each) for labels, each in episodes if each]
    family = "liquidation_cascade_episode_start_timestamp_seconds"
    yield Samples(family, [each for each, _ in running], [each.start_ms / 1000 for _, each in running])
    components = [(*each, component) for each, _ in running for component in COMPONENTS]
    contributions = [value for _, each in running for value in each.contributions]
    yield Samples("liquidation_cascade_episode_contribution", components, contributions)
    known = [(row.labels, row.reading) for row in rows if row.reading and row.score is not None]
    ratios = [reading.branching for _, reading in known]
    yield Samples("liquidation_cascade_branching_ratio", [each for each, _ in known], ratios)
    components = [(*each, component) for each, _ in known for component in COMPONENTS]
    contributions = [value for _, reading in known for value in reading.contributions]
    yield Samples("liquidation_cascade_score_contribution", components, contributions)


def _across(present: Present) -> Iterator[Samples]:
    """Return the market's stress and the pairs of exchanges, where they are known."""
    stress = [(labels, value) for labels, value in present.stress.items() if value is not None]
    yield Samples("liquidation_stress_ratio", [each for each, _ in stress], [value for _, value in stress])
    pairs = [((pair.a, pair.b, pair.side), pair) for pair in present.pairs]
    correlated = [(labels, pair.correlation) for labels, pair in pairs if pair.correlation is not None]
    yield Samples(
        "liquidation_exchange_correlation", [each for each, _ in correlated], [value for _, value in correlated]
    )
    together = [pair.synchrony for _, pair in pairs]
    yield Samples("liquidation_exchange_synchrony_ratio", [labels for labels, _ in pairs], together)
    leading = [(labels, pair.lead_s) for labels, pair in pairs if pair.lead_s is not None]
    yield Samples("liquidation_exchange_lead_seconds", [each for each, _ in leading], [lead for _, lead in leading])
