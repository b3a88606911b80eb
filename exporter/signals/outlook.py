"""Readings of a coin and side at a moment: nothing here changes anything."""

from exporter.signals.coin import Coin
from exporter.signals.judge import evaluate
from exporter.signals.readings import NONE, UNKNOWN, Reading, Sample
from exporter.signals.setting import Setting


def sample(coin: Coin, index: int, now_ms: int, setting: Setting) -> Sample:
    """Return the linear model's input."""
    evaluation = evaluate(coin, index, coin.clock(now_ms), setting)
    run_usd = coin.sides[index].run_usd
    return Sample(evaluation.terms, evaluation.open, run_usd, coin.coverage, coin.warming(setting))


def reading(coin: Coin, index: int, now_ms: int, setting: Setting) -> Reading:
    """Return everything that can be shown."""
    state, clock = coin.sides[index], coin.clock(now_ms)
    evaluation = evaluate(coin, index, clock, setting)
    level = state.hysteresis.level
    unknown = coin.unknown(now_ms, setting)
    episode = state.episode
    return Reading(
        score=None if unknown else evaluation.score,
        level=UNKNOWN if unknown and level == NONE else level,
        x_calm=setting.model.x_calm,
        excess=evaluation.excess,
        contributions=evaluation.contributions,
        terms=evaluation.terms,
        open=evaluation.open,
        run_usd=state.run_usd,
        branching=state.evidence.branching,
        acceleration=state.acceleration(clock),
        coverage=coin.coverage,
        warmup=coin.warming(setting),
        episode=None if episode is None else episode.record(coin.base, state.name, setting.exchanges.names),
    )
