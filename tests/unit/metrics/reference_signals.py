"""The families of the cascade signals, one sample at a time."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import Metric

from exporter.cells import OTHER
from exporter.model import SIDES
from exporter.signals.readings import COMPONENTS
from exporter.view import View
from tests.unit.metrics.reference_families import family

UNKNOWN_BELOW = 0.5


def signals(view: View, now_ms: int) -> Iterator[Metric]:
    stale = now_ms > view.signals.present.now_ms + 60_000
    yield from coins(view, stale)
    yield from market(view, stale)
    yield from counters(view)
    yield from pairs(view)


def coins(view: View, stale: bool) -> Iterator[Metric]:
    score, level = family("liquidation_cascade_risk_score"), family("liquidation_cascade_level")
    parts, ratio = family("liquidation_cascade_score_contribution"), family("liquidation_cascade_branching_ratio")
    active, usd = family("liquidation_cascade_active"), family("liquidation_cascade_episode_notional_usd")
    events = family("liquidation_cascade_episode_events")
    start = family("liquidation_cascade_episode_start_timestamp_seconds")
    highest = family("liquidation_cascade_episode_max_score")
    made_of = family("liquidation_cascade_episode_contribution")
    coverage, warmup = family("liquidation_cascade_coverage_ratio"), family("liquidation_cascade_warmup")
    for base, coin in view.signals.present.coins.items():
        coverage.add_metric([base], coin.coverage)
        warmup.add_metric([base], coin.warmup)
        for side, reading in coin.sides.items():
            known = not stale and (coin.coverage >= UNKNOWN_BELOW if reading is None else reading.score is not None)
            if known:
                score.add_metric([base, side], reading.score if reading else 0.0)
            level.add_metric([base, side], shown(reading, known))
            if known and reading:
                ratio.add_metric([base, side], reading.branching)
                for component, value in zip(COMPONENTS, reading.contributions, strict=True):
                    parts.add_metric([base, side, component], value)
            episode = reading.episode if reading else None
            active.add_metric([base, side], 1 if episode else 0)
            usd.add_metric([base, side], episode.usd if episode else 0)
            events.add_metric([base, side], episode.events if episode else 0)
            if episode:
                start.add_metric([base, side], episode.start_ms / 1000)
                highest.add_metric([base, side], episode.max_score)
                for component, value in zip(COMPONENTS, episode.contributions, strict=True):
                    made_of.add_metric([base, side, component], value)
    yield from (score, level, parts, ratio, active, usd, events, start, highest, made_of, coverage, warmup)


def shown(reading, known: bool) -> int:
    if known:
        return reading.level if reading else 0
    return reading.level if reading and reading.level >= 1 else -1


def market(view: View, stale: bool) -> Iterator[Metric]:
    score, level = family("liquidation_market_cascade_risk_score"), family("liquidation_market_cascade_level")
    active, usd = family("liquidation_market_cascade_active"), family("liquidation_market_cascade_episode_notional_usd")
    highest = family("liquidation_market_cascade_episode_max_score")
    for side, reading in view.signals.present.market.sides.items():
        known = not stale and reading is not None and reading.score is not None
        if known:
            score.add_metric([side], reading.score)
        level.add_metric([side], shown(reading, known))
        episode = reading.episode if reading else None
        active.add_metric([side], 1 if episode else 0)
        usd.add_metric([side], episode.usd if episode else 0)
        if episode:
            highest.add_metric([side], episode.max_score)
    yield from (score, level, active, usd, highest)


def counters(view: View) -> Iterator[Metric]:
    tallies, ledger = view.signals.tallies, view.ledger
    cascades = Counter({(base, side, level): 0 for base in ledger.bases for side in SIDES for level in LEVELS})
    for (base, side, level), number in tallies.cascades.items():
        cascades[base if ledger.has_series(base) else OTHER, side, level] += number
    prints = Counter({(name, base, side): 0 for name in view.exchanges for base in ledger.bases for side in SIDES})
    for (name, base, side), number in tallies.prints.items():
        prints[name, base if ledger.has_series(base) else OTHER, side] += number
    for name, counts in (("liquidation_cascades_total", cascades), ("liquidation_large_prints_total", prints)):
        metric = family(name)
        for labels, number in counts.items() if view.signals.counted else ():
            metric.add_metric(labels, number)
        yield metric


LEVELS = ("warning", "critical")


def pairs(view: View) -> Iterator[Metric]:
    stress = family("liquidation_stress_ratio")
    for labels, value in view.signals.present.stress.items():
        if value is not None:
            stress.add_metric(labels, value)
    correlation, lead = family("liquidation_exchange_correlation"), family("liquidation_exchange_lead_seconds")
    synchrony = family("liquidation_exchange_synchrony_ratio")
    for pair in view.signals.present.pairs:
        synchrony.add_metric([pair.a, pair.b, pair.side], pair.synchrony)
        if pair.correlation is not None:
            correlation.add_metric([pair.a, pair.b, pair.side], pair.correlation)
        if pair.lead_s is not None:
            lead.add_metric([pair.a, pair.b, pair.side], pair.lead_s)
    yield from (stress, correlation, synchrony, lead)
