"""A change of level in words, for the log and for whoever follows it."""

from exporter.signals.readings import COMPONENTS, LEVEL_NAMES, MARKET, LevelChange, Reading

REASONS = {
    "intensity": "many and large liquidations",
    "self_excitation": "liquidations set off liquidations",
    "one_sidedness": "one-sided",
    "breadth": "several exchanges take part",
    "concentration": "many orders, not one large",
    "baseline": "far above a quiet normal",
}
"""What each component means when it raises the score."""
SHOWN_REASONS = 3


def reasons(contributions: tuple[float, ...]) -> list[str]:
    """Return the components that raise the score most, the strongest first."""
    ranked = sorted(zip(COMPONENTS, contributions, strict=True), key=lambda pair: -pair[1])
    return [f"{REASONS[name]} +{value:.1f}" for name, value in ranked[:SHOWN_REASONS] if value > 0]


def headline(change: LevelChange) -> str:
    """Say what has changed: `BTC longs: cascade critical (was watch)`."""
    name = "market" if change.base == MARKET else change.base
    word, before = LEVEL_NAMES[change.level], LEVEL_NAMES[change.previous]
    return f"{name} {change.side}s: cascade {word} (was {before})"


def details(change: LevelChange, reading: Reading | None) -> dict[str, str | int]:
    """Return what belongs to it: score, USD so far, exchanges, the three strongest reasons."""
    episode = reading.episode if reading else None
    run_usd = reading.run_usd if reading else 0.0
    found: dict[str, str | int] = {"score": round(change.score), "usd": round(episode.usd if episode else run_usd)}
    if episode:
        found |= {"events": episode.events, "exchanges": ",".join(episode.exchanges)}
    if change.level > change.previous:
        found["why"] = "several coins at once" if change.by_breadth else "; ".join(reasons(change.contributions))
    if change.coverage < 1.0:
        found["coverage"] = f"{change.coverage:.0%}"
    return found
