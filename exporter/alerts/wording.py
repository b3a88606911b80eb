"""An alert in words: the same lines that the rules in alerting/rules/market.yml make of the metrics."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from exporter.model import Side
from exporter.signals.readings import COMPONENTS, Episode

REASONS = 3
COINS = 5
_THOUSANDS = ("", "k", "M", "G", "T")


def coin_text(episode: Episode) -> str:
    """Describe the cascade of one coin and side."""
    start = datetime.fromtimestamp(episode.start_ms / 1000, UTC)
    lines = (
        f"${humanized(episode.usd)} of {episode.base} {episode.side}s liquidated",
        f" in {episode.events} orders since {start:%H:%M:%S} UTC",
        f"\non {', '.join(episode.exchanges)}",
        f"\nhighest score {episode.max_score:.0f} of 100{_reasons(episode.contributions)}",
    )
    return "".join(lines)


def market_text(episode: Episode, coins: Mapping[str, float]) -> str:
    """Describe the cascade of the whole market; `coins` has the USD of those whose episode is open."""
    lines = [f"${humanized(episode.usd)} of {episode.side}s liquidated over all coins"]
    most = sorted(coins.items(), key=lambda pair: -pair[1])[:COINS]
    if most:
        lines.append(f"most in {', '.join(f'{base} ${humanized(usd)}' for base, usd in most)}")
    return "\n".join((*lines, f"highest score of the market as a whole {episode.max_score:.0f} of 100"))


def annotations(name: str, text: str, board: str, runbooks: str) -> dict[str, str]:
    """Return the annotations of an alert."""
    return {
        "summary": SUMMARIES[name],
        "description": text,
        "runbook_url": f"{runbooks}#{name.lower()}",
        "dashboard_url": board,
    }


MARKET_ALERT, COIN_ALERT = "MarketWideCascade", "LiquidationCascade"
SUMMARIES = {
    MARKET_ALERT: "Liquidations cascade through the whole market.",
    COIN_ALERT: "Liquidations of a coin set off more of their kind.",
}


def labels(base: str | None, side: Side, external: Mapping[str, str]) -> dict[str, str]:
    """Return the labels that the rule gives; `base` None is the market, `external` are those of Prometheus itself."""
    own = {"alertname": MARKET_ALERT if base is None else COIN_ALERT, "severity": "critical", "domain": "market"}
    coin = {} if base is None else {"base": base}
    return {**external, **own, **coin, "side": side}


def humanized(value: float) -> str:
    """Write a number as `humanize` of Prometheus does: four digits and a prefix of thousands."""
    power = 0
    while abs(value) >= 1000 and power < len(_THOUSANDS) - 1:
        value /= 1000
        power += 1
    return f"{value:.4g}{_THOUSANDS[power]}"


def _reasons(contributions: Sequence[float]) -> str:
    """Name the components that raise the score most, with their part of all that raises it."""
    named = zip(contributions, (name.replace("_", " ") for name in COMPONENTS), strict=True)
    raising = [(value, name) for value, name in named if value > 0]
    total = sum(value for value, _ in raising)
    most = sorted(raising, key=lambda pair: -pair[0])[:REASONS]
    return ": " + ", ".join(f"{name} {100 * value / total:.0f} %" for value, name in most) if most else ""
